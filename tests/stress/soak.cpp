// SPDX-License-Identifier: MIT
// A soak by the number of frames: one writer, a lossless and a latest reader, at full speed. Every
// frame is whole and accounted for, and none of the three occupies more in the end than after the
// first tenth.
//
//   soak [--frames N]
//
// 5184000 frames are a day of 60 a second.
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "number_account.hpp"
#include "stress_children.hpp"
#include "stress_frame.hpp"
#include "stress_tally.hpp"
#include "support/child.hpp"
#include "support/process_footprint.hpp"
#include "support/shared_memory.hpp"
#include "support/temp_dir.hpp"

namespace {

using namespace mmapvideo_test;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kBytes = 1024;
constexpr std::uint32_t kReaders = 2;
constexpr auto kStalled = std::chrono::seconds(60);
constexpr std::array kNames = {"writer", "lossless reader", "latest reader"};

struct SoakState {
  StressTally tally;
  Count frames;  // that the writer publishes
  Count ready_readers;
  Count last_of_lossless, last_of_latest;
  Count waits, passed_over;
};

std::uint64_t salt_of(std::uint64_t number) { return number * 0x2545f4914f6cdd1du; }

/// What all processes do before they end, so that they can be measured.
void stay_until_told(const SoakState& state) {
  while (!state.tally.stop) ::usleep(1000);
}

// ---- The writer

int write_frames(const std::string& path, SoakState& state) {
  mmapvideo_writer_options options = {};
  options.path = path.c_str();
  options.delivery = MMAPVIDEO_DELIVERY_EVERY_FRAME;
  options.wait_timeout_ns = -1;
  mmapvideo_error error = {};
  mmapvideo_writer* writer = mmapvideo_writer_open(&options, &error);
  if (writer == nullptr ||
      mmapvideo_writer_reserve(writer, kBytes, kStressCapsBytes, 0, 0, &error) != MMAPVIDEO_OK) {
    report_failure(state.tally, "writer:", error.message);
    return 1;
  }
  while (state.ready_readers < kReaders) ::usleep(1000);
  for (std::uint64_t number = 1; number <= state.frames && state.tally.problems() == 0; ++number) {
    mmapvideo_slot_view view = {};
    auto status = mmapvideo_writer_begin(writer, kBytes, kStressCapsBytes, 0, &view, &error);
    if (status == MMAPVIDEO_OK) {
      fill_frame(view.payload, kBytes, {number, salt_of(number)});
      const mmapvideo_frame_info info = stress_info(kBytes, salt_of(number));
      std::uint64_t found = 0;
      status = mmapvideo_writer_commit(writer, &view, &info, kStressCaps, &found, &error);
      state.tally.wrong_numbers += found != number;
    }
    if (status != MMAPVIDEO_OK)
      report_failure(state.tally, mmapvideo_status_name(status), error.message);
    state.tally.published += 1;
  }
  mmapvideo_writer_stats stats = {};
  mmapvideo_writer_get_stats(writer, &stats);
  state.waits = stats.wait_count;
  state.passed_over = stats.passed_over_count;
  stay_until_told(state);
  mmapvideo_writer_close(writer, 0);
  return 0;
}

// ---- Readers

class SoakReader {
 public:
  SoakReader(const std::string& path, mmapvideo_delivery delivery, Count& last, SoakState& state)
      : lossless_(delivery == MMAPVIDEO_DELIVERY_EVERY_FRAME),
        last_(last),
        state_(state),
        numbers_(state.tally) {
    mmapvideo_reader_options options = {};
    options.path = path.c_str();
    options.delivery = delivery;
    mmapvideo_error error = {};
    reader_ = mmapvideo_reader_open(&options, &error);
    if (reader_ == nullptr) report_failure(state.tally, "reader_open:", error.message);
  }

  int run() {
    join();
    while (last_ < state_.frames && state_.tally.problems() == 0) step();
    stay_until_told(state_);
    mmapvideo_reader_close(reader_);
    return 0;
  }

 private:
  void join() {
    mmapvideo_reader_stats stats = {};
    mmapvideo_frame frame = {};
    while (stats.attached == 0) {
      mmapvideo_reader_next(reader_, 1'000'000, &frame, nullptr);
      mmapvideo_reader_get_stats(reader_, &stats);
    }
    state_.ready_readers += 1;
  }
  void step() {
    mmapvideo_frame frame = {};
    mmapvideo_error error = {};
    const auto status = mmapvideo_reader_next(reader_, 1'000'000'000, &frame, &error);
    if (status > MMAPVIDEO_LAST_OUTCOME)
      return report_failure(state_.tally, mmapvideo_status_name(status), error.message);
    if (status != MMAPVIDEO_OK) return;
    numbers_.note(reader_, frame);
    if (lossless_ && frame.skipped != 0) report_failure(state_.tally, "the lossless reader skips");
    const FrameKey key = {frame.number, salt_of(frame.number)};
    if (frame.info->pts_ns != key.salt) state_.tally.torn += 1;
    if (frame.number % 2 == 0 || !lease(key)) copy(key);
    last_ = frame.number;
  }
  /// False: to be copied instead.
  bool lease(const FrameKey& key) {
    mmapvideo_lease lease = {};
    const auto status = mmapvideo_reader_lease(reader_, &lease, nullptr);
    if (status == MMAPVIDEO_OVERWRITTEN) return lose(), true;
    if (status != MMAPVIDEO_OK) return false;
    check_frame(state_.tally, lease.payload, lease.payload_bytes, key, "under a lease");
    mmapvideo_lease_end(&lease);
    state_.tally.leased += 1;
    return true;
  }
  void copy(const FrameKey& key) {
    if (mmapvideo_reader_copy_payload(reader_, buffer_.data(), kBytes, nullptr) != MMAPVIDEO_OK)
      return lose();
    check_frame(state_.tally, buffer_.data(), kBytes, key, "in a copy");
    state_.tally.copied += 1;
  }
  void lose() {
    numbers_.lose();
    if (lossless_) report_failure(state_.tally, "the lossless reader lost a frame");
  }

  const bool lossless_;
  Count& last_;
  SoakState& state_;
  NumberAccount numbers_;
  mmapvideo_reader* reader_ = nullptr;
  std::array<std::uint64_t, kBytes / 8> buffer_;
};

// ---- The soak

class Soak {
 public:
  Soak(const std::string& path, const Shared<SoakState>& state) : state_(*state) {
    children_[0] = std::make_unique<Child>(
        [](const Results&, const std::string& file, const Shared<SoakState>& shared) {
          return write_frames(file, *shared);
        },
        path, state);
    children_[1] = std::make_unique<Child>(
        [](const Results&, const std::string& file, const Shared<SoakState>& shared) {
          return SoakReader(file, MMAPVIDEO_DELIVERY_EVERY_FRAME, shared->last_of_lossless, *shared)
              .run();
        },
        path, state);
    children_[2] = std::make_unique<Child>(
        [](const Results&, const std::string& file, const Shared<SoakState>& shared) {
          return SoakReader(file, MMAPVIDEO_DELIVERY_LATEST, shared->last_of_latest, *shared).run();
        },
        path, state);
  }

  void run() {
    print_head();
    for (std::uint64_t tenth = 1; tenth <= 10 && state_.tally.problems() == 0; ++tenth) {
      wait_for(state_.frames * tenth / 10);
      print_line();
      if (tenth == 1) first_ = measure();
    }
    wait_for_latest();
    const auto last = measure();
    for (std::size_t i = 0; i < last.size(); ++i)
      if (has_grown(first_[i], last[i]))
        report_failure(state_.tally, std::string(kNames[i]) + " has grown");
    state_.tally.stop = true;
    for (std::size_t i = 0; i < children_.size(); ++i)
      expect_success(state_.tally, *children_[i], kNames[i]);
  }

 private:
  using Footprints = std::array<Footprint, 3>;

  Footprints measure() const {
    Footprints found;
    for (std::size_t i = 0; i < found.size(); ++i) found[i] = footprint_of(*children_[i]);
    return found;
  }
  void wait_for(std::uint64_t number) {
    std::uint64_t before = 0;
    auto moved = Clock::now();
    while (state_.last_of_lossless < number) {
      if (state_.tally.problems() != 0) return;
      const std::uint64_t now = state_.tally.delivered;
      if (now != before) moved = Clock::now();
      before = now;
      if (Clock::now() - moved > kStalled) report_failure(state_.tally, "nothing moves");
      ::usleep(1000);
    }
  }
  void wait_for_latest() {
    const auto since = Clock::now();
    while (state_.last_of_latest < state_.frames && state_.tally.problems() == 0) {
      if (Clock::now() - since > kStalled)
        report_failure(state_.tally, "the latest reader does not get the last frame");
      ::usleep(1000);
    }
  }
  static void print_head() {
    std::printf("   frames");
    for (const char* name : kNames) std::printf(" | %s: KiB, descriptors, mappings", name);
    std::printf("\n");
  }
  void print_line() const {
    std::printf("%9llu", printable(state_.tally.published));
    const Footprints found = measure();
    for (std::size_t i = 0; i < found.size(); ++i)
      std::printf(" | %*llu %12llu %9llu", static_cast<int>(std::string_view(kNames[i]).size()) + 5,
                  printable(found[i].resident_kib), printable(found[i].descriptors),
                  printable(found[i].mappings));
    std::printf("\n");
    std::fflush(stdout);
  }

  SoakState& state_;
  std::array<std::unique_ptr<Child>, 3> children_;
  Footprints first_;
};

std::uint64_t parse(int argc, char** argv) {
  if (argc == 1) return 100'000;
  if (argc == 3 && std::string(argv[1]) == "--frames") return std::stoull(argv[2]);
  throw std::invalid_argument("soak [--frames N]");
}

}  // namespace

int main(int argc, char** argv) try {
  become_child_if_told();
  const Shared<SoakState> state;
  state->frames = parse(argc, argv);
  const auto start = Clock::now();
  {
    const TempDir dir;
    Soak(dir / "camera", state).run();
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const StressTally& tally = state->tally;
  std::printf(
      "%.1f s, %.0f frames a second; the writer waited for %llu, passed over %llu\n"
      "readers: %llu delivered, %llu skipped, %llu leased, %llu copied, %llu overwritten\n"
      "torn %llu, wrong gaps %llu, wrong numbers %llu, failures %llu\n",
      seconds, static_cast<double>(tally.published) / seconds, printable(state->waits),
      printable(state->passed_over), printable(tally.delivered), printable(tally.skipped),
      printable(tally.leased), printable(tally.copied), printable(tally.overwritten),
      printable(tally.torn), printable(tally.wrong_gaps), printable(tally.wrong_numbers),
      printable(tally.failures));
  return tally.problems() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return EXIT_FAILURE;
}
