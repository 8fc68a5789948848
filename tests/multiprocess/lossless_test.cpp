// SPDX-License-Identifier: MIT
// Lossless delivery between real processes: at full speed no reader of every frame misses one, and
// one that is stopped or killed costs the writer at most one time limit and the others nothing.
//
// MMAPVIDEO_LOSSLESS_FRAMES is how many frames go at full speed; the long form is 200000.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "support/child.hpp"
#include "support/child_exit.hpp"
#include "support/file_test.hpp"
#include "support/leases.hpp"
#include "support/library.hpp"
#include "support/order.hpp"
#include "support/raw_file.hpp"
#include "support/turns.hpp"

using namespace mmapvideo_test;
using LosslessTest = FileTest;

namespace {

std::uint64_t frames_at_full_speed() {
  const char* text = std::getenv("MMAPVIDEO_LOSSLESS_FRAMES");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20'000;
}

/// How a reader takes what it gets.
enum class Manner { copying, leasing, slow, coming_and_going, latest };

/// What a reader tells in the end. A stay begins with the first frame after a join.
struct Report {
  std::uint64_t stays = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t delivered = 0;
  std::uint64_t missed = 0;  // within a stay
  std::uint64_t wrong_gaps = 0;
  std::uint64_t overwritten = 0;
  std::uint64_t torn = 0;
  mmapvideo_status end = MMAPVIDEO_OK;
};

class LosslessReader {
 public:
  LosslessReader(const std::string& path, Manner manner) : path_(path), manner_(manner) {
    reader_ = open();
  }

  void join_writer() const { wait_until_attached(reader_); }
  Report read_to_the_end() {
    while (report_.end == MMAPVIDEO_OK) {
      if (manner_ == Manner::coming_and_going && random_() % 150 == 0) come_again();
      take_one();
    }
    return report_;
  }

 private:
  Reader open() const {
    return open_reader(path_, manner_ == Manner::latest ? kLatest : kEveryFrame);
  }
  void come_again() {
    reader_.reset();
    ::usleep(static_cast<unsigned>(random_() % 1000));
    reader_ = open();
    new_stay_ = true;
  }
  void take_one() {
    Taken taken = next_frame(reader_);
    if (taken.status != MMAPVIDEO_OK) {
      report_.end = taken.status;
      return;
    }
    account(taken);
    const bool leased = manner_ == Manner::leasing && take_lease_of(taken.number);
    if (!leased) copy(taken);
    if (manner_ == Manner::slow && random_() % 64 == 0)
      ::usleep(static_cast<unsigned>(random_() % 2000));
  }
  void account(const Taken& taken) {
    if (new_stay_) {
      report_.stays += 1;
      if (report_.first == 0) report_.first = taken.number;
    } else {
      const std::uint64_t gap = taken.number - report_.last - 1;
      report_.missed += gap;
      report_.wrong_gaps += taken.skipped != gap + (lost_ ? 1 : 0);
    }
    report_.delivered += 1;
    report_.last = taken.number;
    new_stay_ = lost_ = false;
  }
  /// False: the writer is looking at the slot, and the frame is to be copied instead.
  bool take_lease_of(std::uint64_t number) {
    Lease lease;
    const auto status = lease_frame(reader_, lease);
    if (status == MMAPVIDEO_TOO_MANY_LEASES) return false;
    note(status, status == MMAPVIDEO_OK && lease.words_are(number));
    return true;
  }
  void copy(Taken& taken) {
    const auto status = copy_payload(reader_, taken);
    note(status, status == MMAPVIDEO_OK && all_words_are(taken.payload, taken.number));
  }
  /// A frame that was overwritten is told again, as skipped.
  void note(mmapvideo_status status, bool whole) {
    lost_ = status != MMAPVIDEO_OK;
    report_.overwritten += lost_;
    report_.torn += !lost_ && !whole;
  }

  const std::string path_;
  const Manner manner_;
  std::mt19937 random_{1};
  Reader reader_;
  bool new_stay_ = true;
  bool lost_ = false;
  Report report_;
};

int read_to_the_end(const std::string& path, Manner manner, const Results& results) {
  LosslessReader reader(path, manner);
  reader.join_writer();
  results.send(true);
  results.send(reader.read_to_the_end());
  return 0;
}

struct WriterReport {
  std::uint64_t failures = 0;
  mmapvideo_writer_stats stats = {};
};

/// Every word of a frame is its number.
int publish_at_full_speed(const std::string& path, std::uint64_t frames, const Order& start,
                          const Results& results) {
  Writer writer = open_waiting_writer(path, 8);
  start.await();
  WriterReport report;
  for (std::uint64_t number = 1; number <= frames; ++number)
    report.failures += publish(writer, number) != number;
  report.stats = stats_of(writer);
  results.send(report);
  close_and_keep(writer);
  return 0;
}

void expect_lossless(const Report& report) {
  EXPECT_EQ(report.missed, 0u);
  EXPECT_EQ(report.overwritten, 0u);
  EXPECT_GT(report.delivered, 0u);
}
void expect_whole_and_accounted_for(const Report& report, std::uint64_t frames) {
  EXPECT_EQ(report.torn, 0u);
  EXPECT_EQ(report.wrong_gaps, 0u);
  EXPECT_EQ(report.last, frames);
  EXPECT_EQ(report.end, MMAPVIDEO_ENDED);
}

// ---- Readers that tell of each frame, so that the test sets the pace

struct ReadFrame {
  std::uint64_t number = 0;
  std::uint64_t skipped = 0;
  bool whole = false;
};

void tell_next(const Reader& reader, const Results& results) {
  Taken taken = take(reader);
  if (taken.status != MMAPVIDEO_OK) exit_child(0);
  results.send(
      ReadFrame{taken.number, taken.skipped,
                taken.copy_status == MMAPVIDEO_OK && all_words_are(taken.payload, taken.number)});
}

int tell_every_frame(const std::string& path, const Results& results) {
  Reader reader = open_reader(path, kEveryFrame);
  wait_until_attached(reader);
  results.send(true);
  for (;;) tell_next(reader, results);
}

/// Stays away from the library between the orders.
int tell_after_an_order(const std::string& path, std::uint64_t frames_before, const Order& go_on,
                        const Results& results) {
  Reader reader = open_reader(path, kEveryFrame);
  wait_until_attached(reader);
  results.send(true);
  for (std::uint64_t i = 0; i < frames_before; ++i) tell_next(reader, results);
  go_on.await();
  for (;;) tell_next(reader, results);
}

void await_ready(const std::vector<Child*>& readers) {
  for (Child* reader : readers) {
    bool ready = false;
    ASSERT_TRUE(reader->receive(ready));
  }
}

void expect_frame(const Child& reader, std::uint64_t number) {
  ReadFrame read;
  ASSERT_TRUE(reader.receive(read));
  ASSERT_EQ(read.number, number);
  ASSERT_EQ(read.skipped, 0u);
  ASSERT_TRUE(read.whole);
}

/// Publishes up to frame `last`, each when all of `readers` have got the one before.
void publish_paced(const Writer& writer, const std::vector<Child*>& readers, std::uint64_t first,
                   std::uint64_t last) {
  for (std::uint64_t number = first; number <= last; ++number) {
    ASSERT_EQ(publish(writer, number), number);
    for (const Child* reader : readers) ASSERT_NO_FATAL_FAILURE(expect_frame(*reader, number));
  }
}

}  // namespace

TEST_F(LosslessTest, every_reader_gets_every_frame_at_full_speed) {
  const Watchdog watchdog(580);
  const std::uint64_t frames = frames_at_full_speed();
  constexpr Manner manners[] = {Manner::leasing, Manner::copying, Manner::slow,
                                Manner::coming_and_going, Manner::latest};
  Order start;
  Child writer(
      [](const Results& results, const std::string& path, std::uint64_t count, const Order& begin) {
        return publish_at_full_speed(path, count, begin, results);
      },
      path_, frames, start);
  std::vector<std::unique_ptr<Child>> readers;
  std::vector<Child*> all;
  for (Manner manner : manners) {
    readers.push_back(
        std::make_unique<Child>([](const Results& results, const std::string& path,
                                   Manner own) { return read_to_the_end(path, own, results); },
                                path_, manner));
    all.push_back(readers.back().get());
  }
  ASSERT_NO_FATAL_FAILURE(await_ready(all));
  start.give();

  for (std::size_t i = 0; i < readers.size(); ++i) {
    SCOPED_TRACE(testing::Message() << "reader " << i);
    Report report;
    ASSERT_TRUE(readers[i]->receive(report));
    expect_whole_and_accounted_for(report, frames);
    if (manners[i] != Manner::latest) expect_lossless(report);
    if (manners[i] == Manner::latest) {
      EXPECT_EQ(report.delivered + report.missed + report.first - 1, frames);
    } else if (manners[i] == Manner::coming_and_going) {
      EXPECT_GT(report.stays, 1u);
    } else {
      EXPECT_EQ(report.delivered, frames);
    }
    std::printf("reader %zu: %llu frames in %llu stays\n", i,
                static_cast<unsigned long long>(report.delivered),
                static_cast<unsigned long long>(report.stays));
  }
  WriterReport report;
  ASSERT_TRUE(writer.receive(report));
  EXPECT_EQ(report.failures, 0u);
  EXPECT_EQ(report.stats.dropped_count, 0u);
  EXPECT_EQ(report.stats.passed_over_count, 0u);
  std::printf("the writer waited for %llu of its %llu frames\n",
              static_cast<unsigned long long>(report.stats.wait_count),
              static_cast<unsigned long long>(report.stats.frame_count));
}

// The stop hits the reader outside of the library, so that it has exactly one turn.
TEST_F(LosslessTest, stopped_reader_costs_one_time_limit_and_misses_nothing_after_its_gap) {
  Order go_on;
  const auto tell = [](const Results& results, const std::string& path) {
    return tell_every_frame(path, results);
  };
  Child first(tell, path_);
  Child second(tell, path_);
  Child stopped([](const Results& results, const std::string& path,
                   const Order& order) { return tell_after_an_order(path, 3, order, results); },
                path_, go_on);
  Writer writer = open_waiting_writer(path_, 8, 100'000'000);
  ASSERT_NO_FATAL_FAILURE(await_ready({&first, &second, &stopped}));

  ASSERT_NO_FATAL_FAILURE(publish_paced(writer, {&first, &second, &stopped}, 1, 3));
  stopped.stop();
  ASSERT_NO_FATAL_FAILURE(publish_paced(writer, {&first, &second}, 4, 5000));
  EXPECT_EQ(stats_of(writer).wait_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_now, 1u);
  EXPECT_EQ(stats_of(writer).lossless_reader_count, 3u);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);

  go_on.give();
  stopped.resume();
  ReadFrame read;
  ASSERT_TRUE(stopped.receive(read));
  std::uint64_t last_number = 3;
  // Its turn holds two frames, and was on frame 2 or 3.
  if (read.number == 4) {
    EXPECT_EQ(read.skipped, 0u);
    EXPECT_TRUE(read.whole);
    last_number = read.number;
    ASSERT_TRUE(stopped.receive(read));
  }
  EXPECT_EQ(read.number, 4995u) << "the oldest there is in the other six slots";
  EXPECT_EQ(read.skipped, read.number - last_number - 1);
  EXPECT_TRUE(read.whole);
  for (std::uint64_t number = read.number + 1; number <= 5000; ++number)
    ASSERT_NO_FATAL_FAILURE(expect_frame(stopped, number));
  ASSERT_NO_FATAL_FAILURE(publish_paced(writer, {&first, &second, &stopped}, 5001, 8000));
  EXPECT_EQ(stats_of(writer).wait_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_now, 0u);
}

TEST_F(LosslessTest, killed_reader_frees_the_writer_that_waits_for_it) {
  constexpr std::uint64_t kFrames = 50;
  for (auto delivery : {kEveryFrame, kAcknowledged}) {
    for (int round = 0; round < 10; ++round) {
      Order start, never;
      Child writer(
          [](const Results& results, const std::string& path, mmapvideo_delivery wanted,
             const Order& begin) {
            Writer own = open_waiting_writer(path, 4, kForever, wanted);
            begin.await();
            WriterReport report;
            for (std::uint64_t number = 1; number <= kFrames; ++number)
              report.failures += publish(own, number) != number;
            report.stats = stats_of(own);
            results.send(report);
            return 0;
          },
          path_, delivery, start);
      Child reader([](const Results& results, const std::string& path,
                      const Order& order) { return tell_after_an_order(path, 1, order, results); },
                   path_, never);
      ASSERT_NO_FATAL_FAILURE(await_ready({&reader}));
      start.give();
      ASSERT_NO_FATAL_FAILURE(expect_frame(reader, 1));
      {
        RawFile raw(path_, O_RDONLY);
        while (load(raw.header().wait_count) == 0) ::usleep(200);
        EXPECT_LE(load(raw.header().head_number), 4u);
      }
      reader.kill_and_reap();
      WriterReport report;
      ASSERT_TRUE(writer.receive(report));
      EXPECT_EQ(report.failures, 0u);
      EXPECT_EQ(report.stats.wait_count, 1u);
      EXPECT_EQ(report.stats.passed_over_count, 0u);
      EXPECT_EQ(report.stats.dropped_count, 0u);
      EXPECT_EQ(report.stats.lossless_reader_count, 0u);
      EXPECT_EQ(writer.exit_status(), 0);
    }
  }
}
