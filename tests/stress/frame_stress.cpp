// SPDX-License-Identifier: MIT
// Writer and readers at random and at full speed, killed and stopped at random: no word of a
// leased, held or copied frame may ever be another than it should be, and every number is accounted
// for.
//
//   frame-stress [--frames N] [--seed S]   as processes, until N frames were checked under a lease
//   frame-stress --threads ...             as threads of one process, for the sanitizers
//
// The seed fixes what each process does, not how they interleave.
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "stress_children.hpp"
#include "stress_reader.hpp"
#include "stress_tally.hpp"
#include "stress_writer.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace {

using namespace mmapvideo_test;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReaderCount = 3;
constexpr auto kStalled = std::chrono::seconds(120);

struct Order {
  bool threads = false;
  std::uint64_t frames = 30'000;
  std::uint64_t seed = 1;
};

Order parse(int argc, char** argv) {
  Order order;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--threads")
      order.threads = true;
    else if (word == "--frames" && i + 1 < argc)
      order.frames = std::stoull(argv[++i]);
    else if (word == "--seed" && i + 1 < argc)
      order.seed = std::stoull(argv[++i]);
    else
      throw std::invalid_argument("frame-stress [--threads] [--frames N] [--seed S]");
  }
  return order;
}

/// Tells when nothing has moved for long. Not a limit on how slow it may be.
class Progress {
 public:
  explicit Progress(const StressTally& tally) : tally_(tally) {}
  bool is_stalled() {
    const std::uint64_t now = tally_.leases_checked;
    if (now != last_) last_moved_ = Clock::now();
    last_ = now;
    return Clock::now() - last_moved_ > kStalled;
  }

 private:
  const StressTally& tally_;
  std::uint64_t last_ = 0;
  Clock::time_point last_moved_ = Clock::now();
};

/// Waits until enough was checked or something is wrong; calls `meanwhile` now and then.
template <typename Meanwhile>
void watch(StressTally& tally, std::uint64_t frames, Meanwhile meanwhile) {
  Progress progress(tally);
  while (tally.leases_checked < frames && tally.problems() == 0) {
    meanwhile();
    if (progress.is_stalled()) report_failure(tally, "no lease has ended for minutes");
  }
}

// ---- As processes

class Processes {
 public:
  Processes(const std::string& path, std::uint64_t seed, const SharedTally& tally)
      : path_(path), random_(seed), shared_(tally), readers_(kReaderCount) {
    start_writer();
    for (auto& reader : readers_) start_reader(reader);
  }

  /// Waits a little, then kills, stops or lets live.
  void disturb() {
    std::this_thread::sleep_for(std::chrono::milliseconds(2 + below(30)));
    for (auto& reader : readers_) expect_alive(tally_, *reader, "a reader");
    expect_alive(tally_, *writer_, "the writer");
    auto& reader = readers_[below(readers_.size())];
    switch (below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        reader->kill_and_reap();
        reader_kills_ += 1;
        return start_reader(reader);
      case 5:
        writer_->kill_and_reap();
        writer_kills_ += 1;
        return start_writer();
      case 6:
        return stop_for_a_while(*reader);
      case 7:
        return stop_for_a_while(*writer_);
      default:
        return;
    }
  }
  /// All end by themselves, and leave no lock.
  void finish() {
    tally_.stop = true;
    for (auto& reader : readers_) expect_success(tally_, *reader, "a reader");
    expect_success(tally_, *writer_, "the writer");
    expect_no_locks(tally_, path_);
    std::printf("killed: %llu readers, %llu writers\n", printable(reader_kills_),
                printable(writer_kills_));
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  void start_writer() {
    writer_ = std::make_unique<Child>(
        [](const Results&, const std::string& path, std::uint64_t seed, const SharedTally& tally) {
          StressWriter(path, seed, *tally).run();
          return 0;
        },
        path_, std::uint64_t{random_()}, shared_);
  }
  void start_reader(std::unique_ptr<Child>& reader) {
    reader = std::make_unique<Child>(
        [](const Results&, const std::string& path, std::uint64_t seed, const SharedTally& tally) {
          StressReader(path, seed, *tally).run();
          return 0;
        },
        path_, std::uint64_t{random_()}, shared_);
  }
  void stop_for_a_while(const Child& child) {
    child.stop();
    std::this_thread::sleep_for(std::chrono::milliseconds(below(40)));
    child.resume();
  }

  const std::string path_;
  std::mt19937_64 random_;
  const SharedTally& shared_;
  StressTally& tally_ = *shared_;
  std::unique_ptr<Child> writer_;
  std::vector<std::unique_ptr<Child>> readers_;
  std::uint64_t reader_kills_ = 0;
  std::uint64_t writer_kills_ = 0;
};

void run_processes(const std::string& path, const Order& order, const SharedTally& tally) {
  Processes processes(path, order.seed, tally);
  watch(*tally, order.frames, [&] { processes.disturb(); });
  processes.finish();
}

// ---- As threads

void run_threads(const std::string& path, const Order& order, const SharedTally& shared) {
  StressTally& tally = *shared;
  std::mt19937_64 random(order.seed);
  std::vector<std::thread> threads;
  threads.emplace_back([&, seed = random()] { StressWriter(path, seed, tally).run(); });
  for (std::size_t i = 0; i < kReaderCount; ++i) {
    threads.emplace_back([&, seed = random()] { StressReader(path, seed, tally).run(); });
  }
  watch(tally, order.frames, [] { std::this_thread::sleep_for(std::chrono::milliseconds(10)); });
  tally.stop = true;
  for (auto& thread : threads) thread.join();
}

}  // namespace

int main(int argc, char** argv) try {
  become_child_if_told();
  const Order order = parse(argc, argv);
  std::printf("seed %llu, %llu frames, as %s\n", printable(order.seed), printable(order.frames),
              order.threads ? "threads" : "processes");
  std::fflush(stdout);
  const SharedTally tally;
  {
    const TempDir dir;
    const auto start = Clock::now();
    (order.threads ? run_threads : run_processes)(dir / "camera", order, tally);
    std::printf("%.1f s\n", std::chrono::duration<double>(Clock::now() - start).count());
  }
  print_tally(*tally);
  return tally->problems() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return EXIT_FAILURE;
}
