// SPDX-License-Identifier: MIT
// Starts the processes of a run, tells them when, collects what they say.
#include "bench_runs.hpp"

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "bench_process.hpp"

namespace bench {
namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t video_period_ns = 1'000'000'000 / 60;

/// Starting processes on a busy machine takes its time.
Deadline watchdog(const Plan& plan) {
  return deadline_in(30 + 3 * (plan.seconds + plan.warmup_seconds));
}

/// A name that no run before has used: what one left behind disturbs no other.
std::string fresh_path(const Plan& plan) {
  static int count = 0;
  return plan.directory + "/" + std::to_string(count++);
}

Json common_task(const Plan& plan) {
  return {{"path", fresh_path(plan)},
          {"warmup_ns", static_cast<std::uint64_t>(plan.warmup_seconds * 1e9)},
          {"length_ns", static_cast<std::uint64_t>(plan.seconds * 1e9)},
          {"period_ns", video_period_ns}};
}

std::string caps_of(const Picture& picture) {
  return "video/x-raw,format=" + picture.format + ",width=" + std::to_string(picture.width) +
         ",height=" + std::to_string(picture.height) + ",framerate=60/1";
}

Json stream_task(const Plan& plan, const Transport& transport, const Stream& stream) {
  Json task = common_task(plan);
  if (stream.pace == Pace::unpaced) task["period_ns"] = 0;
  task["transport"] = transport.name;
  task["caps"] = caps_of(stream.picture);
  task["frame_bytes"] = stream.picture.bytes();
  task["filled"] = stream.filled;
  task["delivery"] = stream.delivery;
  task["readers"] = stream.readers;
  task["overrides"] = plan.overrides;
  return task;
}

void add(Figures& all, const std::string& prefix, const Figures& figures) {
  for (const auto& [name, value] : figures) all[prefix + name] = value;
}

/// Processes of the same role.
class Group {
 public:
  Group(int count, Side side, const std::string& role, const Json& task, Deadline deadline) {
    for (int i = 0; i < count; ++i)
      members_.push_back(std::make_unique<Process>(side, role, task, deadline));
    for (auto& member : members_) member->wait_until_ready();
  }
  void tell(const std::string& word) {
    for (auto& member : members_) member->tell(word);
  }
  /// The median of all.
  Figures result() {
    std::vector<Figures> results;
    for (auto& member : members_) results.push_back(member->result().get<Figures>());
    return median(results);
  }

 private:
  std::vector<std::unique_ptr<Process>> members_;
};

/// A writer that may have to be killed, and what it cannot remove then.
class WriterProcess {
 public:
  WriterProcess(const std::string& role, const Json& task, Deadline deadline)
      : process_(std::make_unique<Process>(Side::writing, role, task, deadline)),
        id_(process_->id()) {}
  ~WriterProcess() {
    process_.reset();
    remove_leftover_memory(id_);
  }
  Process* operator->() { return process_.get(); }

 private:
  std::unique_ptr<Process> process_;
  pid_t id_;
};

/// A file of zeros, for the processes to map.
void make_file(const std::string& path, std::uint64_t bytes) {
  std::ofstream(path).close();
  std::filesystem::resize_file(path, bytes);
}

Json memory_task(const Plan& plan, const Picture& picture) {
  Json task = common_task(plan);
  task["frame_bytes"] = picture.bytes();
  task["ring_frames"] = frames_under_way(picture.bytes());
  return task;
}

}  // namespace

Figures run_stream(const Plan& plan, const Transport& transport, const Stream& stream) {
  if (!is_installed(transport)) throw std::runtime_error("not installed");
  const Json task = stream_task(plan, transport, stream);
  const Deadline deadline = watchdog(plan);
  WriterProcess writer(transport.writer_role, task, deadline);
  writer->wait_until_ready();
  Group readers(stream.readers, Side::reading, transport.reader_role, task, deadline);
  writer->tell("go");
  Figures figures;
  add(figures, "writer_", writer->result().get<Figures>());
  readers.tell("stop");
  add(figures, "reader_", readers.result());
  writer->tell("stop");
  writer->wait_for_end();
  return figures;
}

Figures run_futex(const Plan& plan, int waiters) {
  const Json task = common_task(plan);
  make_file(task.at("path"), page_bytes);
  const Deadline deadline = watchdog(plan);
  Group waiter_group(waiters, Side::reading, "futex-waiter", task, deadline);
  Process waker(Side::writing, "futex-waker", task, deadline);
  waker.wait_until_ready();
  waker.tell("go");
  Figures figures;
  add(figures, "waker_", waker.result().get<Figures>());
  add(figures, "waiter_", waiter_group.result());
  return figures;
}

Figures run_library(const Plan& plan, const Picture& picture) {
  Json task = common_task(plan);
  task["frame_bytes"] = picture.bytes();
  const Deadline deadline = watchdog(plan);
  Process writer(Side::writing, "library-writer", task, deadline);
  writer.wait_until_ready();
  Process reader(Side::reading, "library-reader", task, deadline);
  reader.wait_until_ready();
  writer.tell("go");
  Figures figures;
  add(figures, "writer_", writer.result().get<Figures>());
  add(figures, "reader_", reader.result().get<Figures>());
  return figures;
}

Figures run_memory(const Plan& plan, const Picture& picture) {
  const Json task = memory_task(plan, picture);
  const Deadline deadline = watchdog(plan);
  Group filler(1, Side::writing, "memory-filler", task, deadline);
  Group summer(1, Side::reading, "memory-summer", task, deadline);
  filler.tell("go");
  summer.tell("go");
  Figures figures;
  add(figures, "filler_", filler.result());
  add(figures, "summer_", summer.result());
  return figures;
}

Figures run_copy(const Plan& plan, const Picture& picture) {
  const Json task = memory_task(plan, picture);
  Process copier(Side::writing, "memory-copier", task, watchdog(plan));
  copier.wait_until_ready();
  copier.tell("go");
  return copier.result().get<Figures>();
}

Figures run_handover(const Plan& plan, const Picture& picture) {
  const Json task = memory_task(plan, picture);
  const std::string path = task.at("path");
  make_file(path, page_bytes + picture.bytes() * frames_under_way(picture.bytes()));
  const Deadline deadline = watchdog(plan);
  Group summer(1, Side::reading, "handover-summer", task, deadline);
  Group filler(1, Side::writing, "handover-filler", task, deadline);
  filler.tell("go");
  Figures figures;
  add(figures, "filler_", filler.result());
  add(figures, "summer_", summer.result());
  std::filesystem::remove(path);
  return figures;
}

}  // namespace bench
