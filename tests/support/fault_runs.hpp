// SPDX-License-Identifier: MIT
// Runs a scenario again and again, each time with another call of the library to the system
// failing, until every call at every place has failed in every way. The outcome is always a status
// with a sentence; afterwards nothing is left open, mapped or locked, and the next writer and
// reader can use the file.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "support/faults.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"
#include "support/temp_dir.hpp"
#include "support/watchdog.hpp"

namespace mmapvideo_test {

/// One run of a scenario: what was called, how it ended, and what was wrong with that.
class FaultRun {
 public:
  explicit FaultRun(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  /// What the scenario saw, in order.
  const std::string& trace() const { return trace_; }
  const std::string& problem() const { return problem_; }
  void require(bool condition, const std::string& promise) {
    if (!condition && problem_.empty()) problem_ = promise;
  }

  // ---- The calls of mmapvideo.h, each judged ----

  Writer writer(unsigned slot_count = 4, mmapvideo_delivery delivery = kLatest) {
    mmapvideo_writer_options options = writer_options(path_, slot_count);
    options.delivery = delivery;
    options.wait_timeout_ns = 50'000'000;
    mmapvideo_error error = {};
    Writer opened(mmapvideo_writer_open(&options, &error));
    note("writer", opened ? MMAPVIDEO_OK : error.status, error);
    return opened;
  }
  mmapvideo_status publish(const Writer& writer, std::uint64_t bytes = kFrameBytes) {
    if (!writer) return MMAPVIDEO_SYSTEM;
    std::vector<std::byte> payload(bytes);
    fill_words(payload.data(), bytes, ++word_);
    const mmapvideo_frame_info info = grey_info(bytes);
    mmapvideo_error error = {};
    return note("publish",
                mmapvideo_writer_publish(writer.get(), &info, kCaps.c_str(), payload.data(),
                                         nullptr, nullptr, &error),
                error);
  }
  mmapvideo_status reserve(const Writer& writer, std::uint64_t bytes = kFrameBytes) {
    if (!writer) return MMAPVIDEO_SYSTEM;
    mmapvideo_error error = {};
    return note("reserve", mmapvideo_writer_reserve(writer.get(), bytes, 100, 0, 0, &error), error);
  }
  mmapvideo_status begin(const Writer& writer, mmapvideo_slot_view& view) {
    mmapvideo_error error = {};
    return note("begin", mmapvideo_writer_begin(writer.get(), kFrameBytes, 100, 0, &view, &error),
                error);
  }
  mmapvideo_status lend(const Writer& writer, mmapvideo_slot_view& view) {
    mmapvideo_error error = {};
    return note("lend", mmapvideo_writer_lend(writer.get(), kFrameBytes, 100, 0, &view, &error),
                error);
  }
  mmapvideo_status commit_and_hold(const Writer& writer, const mmapvideo_slot_view& view) {
    const mmapvideo_frame_info info = grey_info();
    fill_words(view.payload, kFrameBytes, ++word_);
    mmapvideo_error error = {};
    return note("commit_and_hold",
                mmapvideo_writer_commit_and_hold(writer.get(), &view, &info, kCaps.c_str(), nullptr,
                                                 &error),
                error);
  }
  mmapvideo_status wait_for_readers(const Writer& writer, unsigned count) {
    mmapvideo_error error = {};
    return note("wait_for_readers",
                mmapvideo_writer_wait_for_readers(writer.get(), count, 50'000'000, &error), error);
  }
  /// next() and the payload. Frames come in order, and whole.
  mmapvideo_status take(const Reader& reader, std::int64_t timeout_ns = kNoWait) {
    Taken taken = next_frame(reader, timeout_ns);
    note("next", taken.status, taken.error);
    if (taken.status != MMAPVIDEO_OK) return taken.status;
    require(taken.number > position_, "numbers increase");
    position_ = taken.number;
    note("copy", copy_payload(reader, taken), taken.error);
    require(taken.copy_status != MMAPVIDEO_OK ||
                all_words_are(taken.payload, first_word(taken.payload)),
            "frames are whole");
    trace_ += " " + std::to_string(taken.number);
    return taken.status;
  }
  mmapvideo_status lease(const Reader& reader, mmapvideo_lease& lease) {
    mmapvideo_error error = {};
    return note("lease", mmapvideo_reader_lease(reader.get(), &lease, &error), error);
  }
  mmapvideo_status list_readers() {
    mmapvideo_reader_info readers[8];
    std::uint32_t count = 0;
    mmapvideo_error error = {};
    return note("list_readers", mmapvideo_list_readers(path_.c_str(), readers, 8, &count, &error),
                error);
  }
  mmapvideo_status look() {
    mmapvideo_file_info info;
    char caps[256];
    mmapvideo_error error = {};
    return note("inspect", mmapvideo_inspect(path_.c_str(), &info, caps, sizeof caps, &error),
                error);
  }
  /// Frames of a new file have numbers of their own.
  void forget_position() { position_ = 0; }

  mmapvideo_status note(const char* call, mmapvideo_status status, const mmapvideo_error& error) {
    trace_ += std::string("; ") + call + ": " + mmapvideo_status_name(status);
    require(is_known_status(status), "the status is one of mmapvideo.h");
    if (!is_failure(status)) return status;
    const std::string sentence = error.message;
    trace_ += " (" + sentence + ", " + error.detail + ")";
    require(error.status == status, "the error has the status");
    require(!sentence.empty() && sentence.back() == '.', "a failure has a sentence");
    return status;
  }

 private:
  const std::string path_;
  std::string trace_;
  std::string problem_;
  std::uint64_t position_ = 0;
  std::uint64_t word_ = 0;
};

/// What a process has of a file: to be the same before and after.
struct Footprint {
  std::size_t descriptors = 0;
  std::size_t mappings = 0;
  std::size_t locks = 0;
  bool operator==(const Footprint&) const = default;
};

inline Footprint footprint_of(const std::string& path) {
  Footprint print;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++print.descriptors;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.find(path) != std::string::npos) ++print.mappings;
  if (exists(path))
    print.locks = LockFile(path).list({std::uint64_t{1} << 62, std::uint64_t{1} << 62}).size();
  return print;
}

class FaultsTest : public ::testing::Test {
 protected:
  /// What a scenario prepares before anything fails, and lets go of afterwards.
  using Part = std::function<void(FaultRun&)>;

  /// `prepare` leaves what `act` finds; calls fail while `act` runs; `finish` lets go of all
  /// handles.
  void every_call_fails_once(const Part& prepare, const Part& act, const Part& finish) {
    const std::string plain_trace = run({faults::Call::count, 0}, 0, prepare, act, finish).trace;
    unsigned runs = 0;
    for (const faults::Fault& fault : faults::all_faults()) {
      bool due = true;
      for (unsigned nth = 1; due && !HasFailure(); ++nth, ++runs) {
        const Outcome outcome = run(fault, nth, prepare, act, finish);
        due = outcome.calls >= nth;
        if (fault.error == EINTR && faults::is_repeated(fault.call)) {
          EXPECT_EQ(outcome.trace, plain_trace)
              << "interrupted: call " << nth << " of " << text_of(fault);
        }
      }
    }
    RecordProperty("runs", static_cast<int>(runs));
    std::printf("%u runs\n", runs);
  }

 private:
  struct Outcome {
    unsigned calls;  // of the kind that failed
    std::string trace;
  };

  Outcome run(const faults::Fault& fault, unsigned nth, const Part& prepare, const Part& act,
              const Part& finish) {
    const Footprint before = footprint_of(path_);
    FaultRun run(path_);
    prepare(run);
    EXPECT_EQ(run.problem(), "");
    faults::arm(fault, nth);
    act(run);
    const unsigned calls = faults::disarm();
    finish(run);
    const std::string where = nth == 0
                                  ? "nothing failed"
                                  : "call " + std::to_string(nth) + " failed of " + text_of(fault);
    EXPECT_EQ(run.problem(), "") << where << run.trace();
    EXPECT_TRUE(footprint_of(path_) == before) << "something is left: " << where << run.trace();
    expect_usable(where + run.trace());
    return {calls, run.trace()};
  }

  /// By the next writer, and by a reader of that.
  void expect_usable(const std::string& where) {
    WriterAttempt attempt = try_writer(path_);
    ASSERT_TRUE(attempt.writer) << attempt.error.message << " " << where;
    EXPECT_NE(mmapvideo_test::publish(attempt.writer, 77), 0u) << where;
    const Taken taken = mmapvideo_test::take(open_reader(path_), kNoWait);
    EXPECT_EQ(taken.status, MMAPVIDEO_OK) << taken.error.message << " " << where;
    EXPECT_TRUE(all_words_are(taken.payload, 77)) << where;
    attempt.writer.reset();
    ::unlink(path_.c_str());
  }

  Watchdog watchdog_{1000};

 protected:
  TempDir dir_;
  const std::string path_ = dir_ / "camera";
};

}  // namespace mmapvideo_test
