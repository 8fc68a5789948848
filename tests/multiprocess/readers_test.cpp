// SPDX-License-Identifier: MIT
// Readers as processes of their own: early, many, stopped, killed. None of them costs the writer a
// frame.
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "support/child.hpp"
#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using ReadersTest = FileTest;

namespace {

struct Seen {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t delivered = 0;
  std::uint64_t skipped = 0;
  mmapvideo_status end = MMAPVIDEO_OK;
};

/// Takes frames until something else happens. Sends the first number at once, then the sums.
int read_to_the_end(const Reader& reader, const Results& results) {
  Seen seen;
  for (;;) {
    Taken taken = take(reader, kForever);
    if (taken.status != MMAPVIDEO_OK) {
      seen.end = taken.status;
      break;
    }
    seen.last = taken.number;
    seen.skipped += taken.skipped;
    seen.delivered += taken.copy_status == MMAPVIDEO_OK;
    if (seen.first != 0) continue;
    seen.first = taken.number;
    results.send(seen.first);
  }
  results.send(seen);
  return 0;
}

std::unique_ptr<Child> start_reader(const std::string& path, mmapvideo_delivery delivery) {
  return std::make_unique<Child>(
      [](const Results& results, const std::string& file, mmapvideo_delivery wanted) {
        return read_to_the_end(open_reader(file, wanted), results);
      },
      path, delivery);
}

}  // namespace

TEST_F(ReadersTest, readers_that_start_before_the_writer_get_its_frames) {
  std::vector<std::unique_ptr<Child>> readers;
  for (int i = 0; i < 6; ++i) {
    readers.push_back(std::make_unique<Child>(
        [](const Results& results, const std::string& path, mmapvideo_delivery delivery) {
          const Reader reader = open_reader(path, delivery);
          wait_until_attached(reader);
          results.send(true);
          return read_to_the_end(reader, results);
        },
        path_, i % 2 == 0 ? MMAPVIDEO_DELIVERY_LATEST : MMAPVIDEO_DELIVERY_EVERY_FRAME));
  }
  ::usleep(60'000);  // lets them find nothing first; no outcome depends on it
  Writer writer = open_writer(path_, 8);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), kFrameBytes, 100, 0, 0, nullptr), MMAPVIDEO_OK);
  for (auto& reader : readers) {
    bool attached = false;
    ASSERT_TRUE(reader->receive(attached));
  }
  for (std::uint64_t number = 1; number <= 20; ++number) {
    publish(writer, number);
    ::usleep(2000);
  }
  close_and_keep(writer);
  for (auto& reader : readers) {
    std::uint64_t first = 0;
    Seen seen;
    ASSERT_TRUE(reader->receive(first));
    ASSERT_TRUE(reader->receive(seen));
    EXPECT_EQ(seen.end, MMAPVIDEO_ENDED);
    EXPECT_EQ(seen.last, 20u);
    EXPECT_EQ(seen.delivered + seen.skipped, 20u);
  }
}

TEST_F(ReadersTest, stopped_reader_costs_nothing_and_counts_exactly_when_it_goes_on) {
  auto reader = start_reader(path_, MMAPVIDEO_DELIVERY_LATEST);
  Writer writer = open_writer(path_, 4);
  ASSERT_EQ(publish(writer, 1), 1u);
  std::uint64_t first = 0;
  ASSERT_TRUE(reader->receive(first));
  EXPECT_EQ(first, 1u);
  reader->stop();
  for (std::uint64_t number = 2; number <= 1000; ++number) ASSERT_EQ(publish(writer), number);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
  reader->resume();
  close_and_keep(writer);
  Seen seen;
  ASSERT_TRUE(reader->receive(seen));
  EXPECT_EQ(seen.end, MMAPVIDEO_ENDED);
  EXPECT_EQ(seen.last, 1000u);
  EXPECT_EQ(seen.delivered + seen.skipped, 1000u);
}

TEST_F(ReadersTest, killed_reader_leaves_nothing_behind) {
  Writer writer = open_writer(path_, 4);
  publish(writer, 1);
  RawFile raw(path_);
  for (int round = 0; round < 20; ++round) {
    auto reader = start_reader(path_, MMAPVIDEO_DELIVERY_LATEST);
    std::uint64_t first = 0;
    ASSERT_TRUE(reader->receive(first));
    ASSERT_EQ(attached_readers(path_), 1u);
    std::string before = read_bytes(path_);
    reader->kill_and_reap();
    EXPECT_EQ(attached_readers(path_), 0u);
    EXPECT_TRUE(read_bytes(path_) == before) << "a reader changed the file";
    EXPECT_NE(publish(writer, 1), 0u);
  }
  for (unsigned index = 0; index < raw.ring().slot_count; ++index) {
    EXPECT_FALSE(LockFile(path_).query(all_lanes(Family::slot, raw.slot_id(index))));
  }
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
}

TEST_F(ReadersTest, two_writers_that_start_together_leave_one) {
  for (int round = 0; round < 20; ++round) {
    std::vector<std::unique_ptr<Child>> writers;
    for (int i = 0; i < 3; ++i) {
      writers.push_back(std::make_unique<Child>(
          [](const Results& results, const std::string& path) {
            WriterAttempt attempt = try_writer(path);
            results.send(attempt.error.status);
            if (attempt.writer) publish(attempt.writer, 7);
            sleep_for_ever();
            return 0;
          },
          path_));
    }
    int winners = 0;
    for (auto& writer : writers) {
      mmapvideo_status status = MMAPVIDEO_SYSTEM;
      ASSERT_TRUE(writer->receive(status));
      EXPECT_TRUE(status == MMAPVIDEO_OK || status == MMAPVIDEO_ALREADY_WRITING) << status;
      winners += status == MMAPVIDEO_OK;
    }
    EXPECT_EQ(winners, 1);
    Taken taken = take(open_reader(path_), kForever);
    EXPECT_TRUE(all_words_are(taken.payload, 7));
    writers.clear();
    ::unlink(path_.c_str());
  }
}

// The former writer removes the name while the next one already waits for it (SPEC 7.1.3): the next
// one must end up in a file that has its name.
TEST_F(ReadersTest, writer_that_starts_while_another_ends_gets_a_file_with_a_name) {
  Child ending(
      [](const Results&, const std::string& path) {
        for (int i = 0; i < 300; ++i) {
          WriterAttempt attempt = try_writer(path);
          if (attempt.writer) publish(attempt.writer, 1);
        }
        return 0;
      },
      path_);
  for (int i = 0; i < 300; ++i) {
    WriterAttempt attempt = try_writer(path_);
    if (!attempt.writer) {
      EXPECT_EQ(attempt.error.status, MMAPVIDEO_ALREADY_WRITING) << attempt.error.message;
      continue;
    }
    ASSERT_TRUE(exists(path_));
    EXPECT_TRUE(writer_lock_is_held(path_)) << "the name leads to another file";
    EXPECT_NE(publish(attempt.writer, 1), 0u);
  }
  EXPECT_EQ(ending.exit_status(), 0);
}
