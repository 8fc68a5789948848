// SPDX-License-Identifier: MIT
// Random mixes of leases, copies, holds, growth and restarts, with every word of every frame
// checked when its lease begins and again when it ends. No difference may ever be seen.
//
//   lease-stress [FRAMES [SEED]]    in processes; readers are killed now and then
//   lease-stress --threads [FRAMES [SEED]]    in one process, for ThreadSanitizer
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mmapvideo/mmapvideo.hpp>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace {

using mmapvideo_test::Child;
using mmapvideo_test::Results;
using mmapvideo_test::TempDir;
using Random = std::mt19937_64;

constexpr const char* caps = "video/x-raw";
constexpr std::uint64_t small_bytes = 4096;
constexpr std::uint64_t growth_step_bytes = 65536;
constexpr std::uint64_t max_growth_bytes = 8 * growth_step_bytes;
constexpr unsigned watchdog_seconds = 3600;

/// Word `index` of the frame whose first word is `seed`.
std::uint64_t word_at(std::uint64_t seed, std::uint64_t index) {
  return seed + index * 0x9e3779b97f4a7c15u;
}

// A reader that copies without a lease may look at these bytes meanwhile; it throws away what it
// got. That race is the protocol's (SPEC.md 14, A), so ThreadSanitizer is not asked about it.
__attribute__((noinline, no_sanitize("thread"))) void fill(void* to, std::uint64_t bytes,
                                                           std::uint64_t seed) {
  auto* words = static_cast<std::uint64_t*>(to);
  for (std::uint64_t i = 0; i < bytes / 8; ++i) words[i] = word_at(seed, i);
}

bool is_whole(const void* from, std::uint64_t bytes) {
  std::uint64_t seed = 0;
  std::memcpy(&seed, from, sizeof seed);
  const auto* words = static_cast<const std::uint64_t*>(from);
  for (std::uint64_t i = 0; i < bytes / 8; ++i)
    if (words[i] != word_at(seed, i)) return false;
  return true;
}

struct Counts {
  std::uint64_t leased = 0;
  std::uint64_t copied = 0;
  std::uint64_t torn = 0;
};

[[noreturn]] void fail(const char* what, std::uint64_t number) {
  std::fprintf(stderr, "frame %llu: %s\n", static_cast<unsigned long long>(number), what);
  std::abort();
}

void check(const mmapvideo::Lease& lease, const char* what) {
  if (!is_whole(lease.payload(), lease.payload_bytes()) || !lease.is_intact())
    fail(what, lease.number());
}

// ---- The writer -------------------------------------------------------------------------------

class Writing {
 public:
  Writing(std::string path, std::uint64_t seed) : path_(std::move(path)), random_(seed) {
    writer_.emplace(path_, 0, 8);
  }
  ~Writing() { held_.clear(); }

  void step() {
    const std::uint64_t dice = random_() % 1000;
    if (dice == 0) return reopen();
    if (dice == 1 && bytes_ < max_growth_bytes) bytes_ += growth_step_bytes;
    if (dice == 2) writer_->end();
    if (dice < 300) return copy();
    auto slot = dice < 600 ? writer_->begin(bytes_, 11) : writer_->lend(bytes_, 11);
    if (!slot) return let_go();
    fill(slot->payload(), bytes_, random_());
    if (dice % 10 == 0) return;  // given back unpublished
    if (!slot->commit(info(), caps)) return;
    if (dice % 3 == 0) hold(std::move(*slot));
  }

 private:
  struct Held {
    mmapvideo::Slot slot;
    std::uint64_t bytes;
  };

  mmapvideo::FrameInfo info() const {
    mmapvideo::FrameInfo frame{};
    frame.payload_bytes = bytes_;
    frame.caps_bytes = 11;
    return frame;
  }
  void copy() {
    own_.resize(bytes_ / 8);
    fill(own_.data(), bytes_, random_());
    writer_->publish(info(), caps, own_.data());
  }
  void hold(mmapvideo::Slot slot) {
    held_.push_back({std::move(slot), bytes_});
    while (held_.size() > random_() % 4) let_go();
  }
  void let_go() {
    if (!held_.empty()) {
      if (!is_whole(held_.front().slot.payload(), held_.front().bytes))
        fail("changed while held", 0);
      held_.pop_front();
    }
  }
  /// Slots stay out: the next session must leave them alone.
  void reopen() {
    writer_->close(true);
    writer_.reset();
    writer_.emplace(path_, 0, 8);
  }

  const std::string path_;
  Random random_;
  std::optional<mmapvideo::Writer> writer_;
  std::deque<Held> held_;
  std::vector<std::uint64_t> own_;
  std::uint64_t bytes_ = small_bytes;
};

// ---- A reader ---------------------------------------------------------------------------------

/// Holds leases for a while on a thread of its own, and ends them there.
class Holder {
 public:
  Holder() : thread_([this] { run(); }) {}
  ~Holder() {
    stop_ = true;
    thread_.join();
  }
  void give(mmapvideo::Lease lease) {
    const std::lock_guard lock(mutex_);
    leases_.push_back(std::move(lease));
  }

 private:
  void run() {
    while (!stop_) {
      std::deque<mmapvideo::Lease> mine;
      {
        const std::lock_guard lock(mutex_);
        mine.swap(leases_);
      }
      for (const auto& lease : mine) check(lease, "changed under a shared lease");
      if (mine.empty()) std::this_thread::yield();
    }
  }

  std::mutex mutex_;
  std::deque<mmapvideo::Lease> leases_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class Reading {
 public:
  Reading(std::string path, std::uint64_t seed) : path_(std::move(path)), random_(seed) {
    reopen();
  }

  void step() {
    if (random_() % 2000 == 0) reopen();  // what is leased stays
    mmapvideo::Frame frame{};
    if (reader_->next(2'000'000, frame) != MMAPVIDEO_OK) {
      // All slots may be in use by those who wait for another one.
      while (!held_.empty()) let_go();
      return;
    }
    if (random_() % 4 == 0 || !lease()) copy(*frame.info);
    while (held_.size() > random_() % 4) let_go();
  }
  const Counts& counts() const { return counts_; }

 private:
  void reopen() {
    reader_.emplace(path_,
                    random_() % 2 == 0 ? MMAPVIDEO_DELIVERY_LATEST : MMAPVIDEO_DELIVERY_EVERY_FRAME,
                    false, static_cast<std::uint32_t>(1 + random_() % 3));
  }
  void let_go() {
    check(held_.front(), "changed under a lease");
    held_.pop_front();
  }
  /// False: copy instead.
  bool lease() {
    mmapvideo::Lease taken;
    const auto status = reader_->lease(taken);
    if (status == MMAPVIDEO_OVERWRITTEN) ++counts_.torn;
    if (status != MMAPVIDEO_OK) return status == MMAPVIDEO_OVERWRITTEN;
    check(taken, "not whole when leased");
    ++counts_.leased;
    if (random_() % 2 == 0) holder_.give(taken.share());
    held_.push_back(std::move(taken));
    return true;
  }
  void copy(const mmapvideo::FrameInfo& info) {
    own_.resize(info.payload_bytes / 8);
    if (reader_->copy_payload(own_.data(), info.payload_bytes) != MMAPVIDEO_OK) {
      ++counts_.torn;
      return;
    }
    if (!is_whole(own_.data(), info.payload_bytes)) fail("torn copy", 0);
    ++counts_.copied;
  }

  const std::string path_;
  Random random_;
  std::optional<mmapvideo::Reader> reader_;
  Holder holder_;
  std::deque<mmapvideo::Lease> held_;
  std::vector<std::uint64_t> own_;
  Counts counts_;
};

// ---- The two forms ----------------------------------------------------------------------------

constexpr std::uint64_t counts_interval = 1000;

/// Reads until killed, and tells its counts now and then.
int read_for_ever(const std::string& path, std::uint64_t seed, const Results& results) {
  Reading reading(path, seed);
  Counts told;
  for (;;) {
    reading.step();
    const Counts& counts = reading.counts();
    if (counts.leased + counts.copied < told.leased + told.copied + counts_interval) continue;
    results.send(
        Counts{counts.leased - told.leased, counts.copied - told.copied, counts.torn - told.torn});
    told = counts;
  }
}

int write_for_ever(const std::string& path, std::uint64_t seed) {
  Writing writing(path, seed);
  for (;;) writing.step();
}

void print(const Counts& total, std::uint64_t kills) {
  std::printf(
      "%llu frames unchanged under a lease, %llu whole copies, %llu overwritten and noticed, "
      "%llu processes killed\n",
      static_cast<unsigned long long>(total.leased), static_cast<unsigned long long>(total.copied),
      static_cast<unsigned long long>(total.torn), static_cast<unsigned long long>(kills));
}

int in_processes(const std::string& path, std::uint64_t frames, std::uint64_t seed) {
  Random random(seed);
  std::uint64_t kills = 0;
  Counts total;
  const auto start_writer = [&] {
    const std::uint64_t its_seed = random();
    return std::make_unique<Child>([=](const Results&) { return write_for_ever(path, its_seed); });
  };
  const auto start_reader = [&] {
    const std::uint64_t its_seed = random();
    return std::make_unique<Child>(
        [=](const Results& results) { return read_for_ever(path, its_seed, results); });
  };
  auto writer = start_writer();
  std::vector<std::unique_ptr<Child>> readers;
  for (int i = 0; i < 3; ++i) readers.push_back(start_reader());
  while (total.leased < frames) {
    auto& reader = readers[random() % readers.size()];
    Counts counts;
    if (!reader->receive(counts)) return std::puts("a reader failed"), 1;
    total.leased += counts.leased;
    total.copied += counts.copied;
    total.torn += counts.torn;
    if (random() % 20 == 0) {
      reader->kill_and_reap();
      reader = start_reader();
      ++kills;
    }
    if (random() % 50 == 0) {
      writer->kill_and_reap();
      if (writer->exit_status() != -SIGKILL) return std::puts("the writer failed"), 1;
      writer = start_writer();
      ++kills;
    }
  }
  print(total, kills);
  return 0;
}

int in_threads(const std::string& path, std::uint64_t frames, std::uint64_t seed) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> leased{0};
  std::mutex mutex;
  Counts total;
  std::thread writer([&] {
    Writing writing(path, seed);
    while (!stop) writing.step();
  });
  std::vector<std::thread> readers;
  for (std::uint64_t i = 1; i <= 2; ++i)
    readers.emplace_back([&, i] {
      Reading reading(path, seed + i);
      while (leased < frames) {
        const std::uint64_t before = reading.counts().leased;
        reading.step();
        leased += reading.counts().leased - before;
      }
      const std::lock_guard lock(mutex);
      total.leased += reading.counts().leased;
      total.copied += reading.counts().copied;
      total.torn += reading.counts().torn;
    });
  for (auto& reader : readers) reader.join();
  stop = true;
  writer.join();
  print(total, 0);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const bool threads = !words.empty() && words[0] == "--threads";
  if (threads) words.erase(words.begin());
  const std::uint64_t frames = !words.empty() ? std::stoull(words[0]) : 20'000;
  const std::uint64_t seed = words.size() > 1 ? std::stoull(words[1]) : 1;
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  ::alarm(watchdog_seconds);
  try {
    const TempDir directory;
    const std::string path = directory / "camera";
    return threads ? in_threads(path, frames, seed) : in_processes(path, frames, seed);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
