// SPDX-License-Identifier: MIT
// The processes of the storm: starting, stopping, continuing, ending and killing them, and what
// they occupy.
#pragma once

#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "header_at.hpp"
#include "storm_reader.hpp"
#include "storm_state.hpp"
#include "storm_writer.hpp"
#include "stress_children.hpp"
#include "support/child.hpp"
#include "support/process_footprint.hpp"

namespace mmapvideo_test {

inline constexpr std::array<StormRole, 4> kStormRoles = {{
    {"latest, copying", MMAPVIDEO_DELIVERY_LATEST, false},
    {"latest, leasing", MMAPVIDEO_DELIVERY_LATEST, true},
    {"lossless, copying", MMAPVIDEO_DELIVERY_EVERY_FRAME, false},
    {"lossless, leasing", MMAPVIDEO_DELIVERY_EVERY_FRAME, true},
}};

/// One of each role lives through the whole storm; one of each is killed now and then.
inline bool is_survivor(std::size_t place) { return place < kStormRoles.size(); }
inline const StormRole& role_at(std::size_t place) {
  return kStormRoles[place % kStormRoles.size()];
}

class StormCrew {
 public:
  struct Counts {
    std::uint64_t reader_kills = 0, writer_kills = 0, writer_ends = 0, stops = 0, files_removed = 0;
    std::uint64_t sessions[3] = {};  // by delivery
    // At least: a writer's counters are read when it goes, if its file still has its name then.
    std::uint64_t waits = 0, passed_over = 0;
  };

  StormCrew(std::string path, std::uint64_t seed, const Shared<StormState>& state)
      : path_(std::move(path)), random_(seed), shared_(state) {
    for (std::size_t place = 0; place < kStormPlaces; ++place) start_reader(place);
  }

  const Counts& counts() const { return counts_; }

  // ---- Readers

  void kill_and_restart_reader(std::size_t place) {
    readers_[place].child->kill_and_reap();
    counts_.reader_kills += 1;
    start_reader(place);
  }
  Footprint footprint_of_reader(std::size_t place) const {
    return footprint_of(*readers_[place].child);
  }

  // ---- Writers

  bool has_writer() const { return writer_.child != nullptr; }
  /// Returns when it is about to publish.
  void start_writer(const StormSession& session) {
    counts_.sessions[session.delivery] += 1;
    state_.writer_command = WriterCommand::go_on;
    state_.writer_is_ready = false;
    state_.writer_running_since_ns = now_ns();
    writer_.child = std::make_unique<Child>(
        [](const Results&, const std::string& path, const StormSession& own,
           const Shared<StormState>& state) { return StormWriter(path, own, *state).run(); },
        path_, session, shared_);
    writer_.stopped_until_ns = 0;
    while (!state_.writer_is_ready && state_.problems() == 0) {
      expect_alive(state_.tally, *writer_.child, "a new writer");
      ::usleep(200);
    }
  }
  void kill_writer() {
    if (!has_writer()) return;
    note_counters();
    writer_.child->kill_and_reap();
    counts_.writer_kills += 1;
    writer_.child.reset();
  }
  /// By its own close.
  void end_writer(WriterCommand how) {
    if (!has_writer()) return;
    go_on(writer_);
    note_counters();
    state_.writer_command = how;
    expect_success(state_.tally, *writer_.child, "a writer");
    counts_.writer_ends += 1;
    counts_.files_removed += how == WriterCommand::end_and_remove;
    writer_.child.reset();
  }
  void remove_file() { counts_.files_removed += remove_name(path_); }

  // ---- Both

  void stop_reader(std::size_t place, std::uint64_t ns) { stop(readers_[place], ns); }
  void stop_writer(std::uint64_t ns) {
    if (has_writer()) stop(writer_, ns);
  }
  void continue_who_is_due() { continue_those_until(now_ns()); }
  void continue_all() { continue_those_until(UINT64_MAX); }
  void expect_all_alive() {
    for (std::size_t place = 0; place < kStormPlaces; ++place)
      expect_alive(state_.tally, *readers_[place].child, name_of(place));
    if (has_writer()) expect_alive(state_.tally, *writer_.child, "the writer");
  }
  static std::string name_of(std::size_t place) {
    return "reader " + std::to_string(place) + " (" + role_at(place).name + ")";
  }

  /// All end by themselves, the writer last, and leave one file without a lock.
  void finish() {
    continue_all();
    state_.tally.stop = true;
    for (std::size_t place = 0; place < kStormPlaces; ++place)
      expect_success(state_.tally, *readers_[place].child, name_of(place));
    end_writer(WriterCommand::end_and_keep);
    expect_no_locks(state_.tally, path_);
    remove_file();
    const auto directory = std::filesystem::path(path_).parent_path();
    for (const auto& left : std::filesystem::directory_iterator(directory))
      report_failure(state_.tally, "left behind:", left.path().string().c_str());
  }

 private:
  /// stopped_until_ns: 0 while it runs.
  struct Member {
    std::unique_ptr<Child> child;
    std::uint64_t stopped_until_ns = 0;
    Count* running_since_ns = nullptr;
  };

  void start_reader(std::size_t place) {
    readers_[place].running_since_ns = &state_.places[place].running_since_ns;
    readers_[place].stopped_until_ns = 0;
    *readers_[place].running_since_ns = now_ns();
    readers_[place].child = std::make_unique<Child>(
        [](const Results&, const std::string& path, std::size_t own, std::uint64_t seed,
           const Shared<StormState>& state) {
          return StormReader(path, role_at(own), seed, state->places[own], *state).run();
        },
        path_, place, std::uint64_t{random_()}, shared_);
  }
  void stop(Member& member, std::uint64_t ns) {
    if (member.stopped_until_ns != 0) return;
    member.child->stop();
    counts_.stops += 1;
    member.stopped_until_ns = now_ns() + ns;
  }
  static void go_on(Member& member) {
    if (member.stopped_until_ns == 0) return;
    *member.running_since_ns = now_ns();
    member.child->resume();
    member.stopped_until_ns = 0;
  }
  void continue_those_until(std::uint64_t time_ns) {
    for (Member& reader : readers_)
      if (reader.stopped_until_ns <= time_ns) go_on(reader);
    if (has_writer() && writer_.stopped_until_ns <= time_ns) go_on(writer_);
  }
  void note_counters() {
    const auto found = header_at(path_);
    const auto process = static_cast<std::uint64_t>(writer_.child->pid());
    if (!found || found->header.writer_process_id != process) return;
    counts_.waits += found->header.wait_count;
    counts_.passed_over += found->header.passed_over_count;
  }

  const std::string path_;
  std::mt19937_64 random_;
  const Shared<StormState>& shared_;
  StormState& state_ = *shared_;
  Counts counts_;
  std::array<Member, kStormPlaces> readers_;
  Member writer_{nullptr, 0, &state_.writer_running_since_ns};
};

}  // namespace mmapvideo_test
