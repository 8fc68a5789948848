// SPDX-License-Identifier: MIT
// Lossless delivery from the reader's side (SPEC 8.4): where its turn is, and that it misses
// nothing.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/leases.hpp"
#include "support/library.hpp"
#include "support/turns.hpp"

using namespace mmapvideo_test;
using LosslessReaderTest = FileTest;
using Turns = std::vector<std::uint64_t>;

TEST_F(LosslessReaderTest, latest_writer_or_latest_reader_takes_no_turn) {
  for (auto [writer_delivery, reader_delivery] :
       {std::pair{kLatest, kEveryFrame}, std::pair{kEveryFrame, kLatest}}) {
    Writer writer = open_waiting_writer(path_, 4, kForever, writer_delivery);
    Reader reader = open_reader(path_, reader_delivery);
    publish(writer);
    ASSERT_EQ(take(reader).status, MMAPVIDEO_OK);
    EXPECT_EQ(turns_in(path_), Turns{});
  }
}

TEST_F(LosslessReaderTest, turn_is_on_the_frame_that_is_not_finished) {
  Writer writer = open_waiting_writer(path_, 4);
  Reader reader = open_reader(path_, kEveryFrame);
  attach(reader);
  EXPECT_EQ(turns_in(path_), Turns{1});
  for (std::uint64_t number = 1; number < 6; ++number) {
    publish(writer);
    ASSERT_EQ(next_frame(reader).number, number);
    EXPECT_EQ(turns_in(path_), Turns{number});
    ASSERT_EQ(next_frame(reader, 1'000'000).status, MMAPVIDEO_TIMEOUT);
    EXPECT_EQ(turns_in(path_), Turns{number + 1}) << "moved before it slept";
  }
  reader.reset();
  EXPECT_EQ(turns_in(path_), Turns{});
}

TEST_F(LosslessReaderTest, turn_is_never_more_than_a_quarter_of_the_ring_behind) {
  Writer writer = open_waiting_writer(path_, 16);
  Reader reader = open_reader(path_, kEveryFrame);
  attach(reader);
  for (int i = 0; i < 15; ++i) publish(writer);
  for (std::uint64_t number = 1; number <= 15; ++number) {
    ASSERT_EQ(next_frame(reader).number, number);
    ASSERT_EQ(turns_in(path_).size(), 1u);
    EXPECT_LE(turns_in(path_)[0], number);
    EXPECT_GE(turns_in(path_)[0] + 4, number);
  }
}

TEST_F(LosslessReaderTest, turn_that_is_old_moves_when_the_writer_waits) {
  ForgedFile file(path_, {.slot_count = 16});
  for (int i = 0; i < 2; ++i) file.publish();
  store(file.header().delivery, MMAPVIDEO_DELIVERY_EVERY_FRAME);
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(next_frame(reader).number, 2u);
  for (int i = 0; i < 2; ++i) file.publish();
  // A turn that has only just moved stays for a tenth of this.
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_EQ(next_frame(reader).number, 3u);
  EXPECT_EQ(turns_in(path_), Turns{2}) << "it does not wait";
  store(file.header().released, 1u);
  ASSERT_EQ(next_frame(reader).number, 4u);
  EXPECT_EQ(turns_in(path_), Turns{4});
}

TEST_F(LosslessReaderTest, acknowledged_writer_sees_each_frame_finished) {
  Writer writer = open_waiting_writer(path_, 16, kForever, kAcknowledged);
  Reader reader = open_reader(path_, kEveryFrame);
  attach(reader);
  std::atomic<std::uint64_t> published{0};
  std::thread other([&] {
    for (int i = 0; i < 200; ++i) published = publish(writer);
  });
  for (std::uint64_t number = 1; number <= 200; ++number) {
    ASSERT_EQ(next_frame(reader).number, number);
    EXPECT_LT(published, number) << "it is not finished";
  }
  reader.reset();
  other.join();
  EXPECT_EQ(stats_of(writer).passed_over_count, 0u);
}

TEST_F(LosslessReaderTest, slow_readers_get_every_frame) {
  constexpr std::uint64_t kFrames = 3000;
  Writer writer = open_waiting_writer(path_, 6);
  std::vector<std::thread> threads;
  std::atomic<int> ready{0};
  for (int which = 0; which < 3; ++which) {
    threads.emplace_back([&, which] {
      Reader reader = open_reader(path_, kEveryFrame);
      attach(reader);
      ++ready;
      for (std::uint64_t number = 1; number <= kFrames; ++number) {
        Taken taken = take(reader);
        ASSERT_EQ(taken.number, number);
        ASSERT_EQ(taken.copy_status, MMAPVIDEO_OK);
        ASSERT_TRUE(all_words_are(taken.payload, number));
        if (which == 2 && number % 100 == 0) ::usleep(3000);
      }
      EXPECT_EQ(stats_of(reader).skipped_count, 0u);
    });
  }
  while (ready < 3) ::usleep(100);
  for (std::uint64_t number = 1; number <= kFrames; ++number)
    ASSERT_EQ(publish(writer, number), number);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(stats_of(writer).passed_over_count, 0u);
}

TEST_F(LosslessReaderTest, reader_that_was_passed_over_is_told_the_gap_and_misses_nothing_more) {
  Writer writer = open_waiting_writer(path_, 6, 20'000'000);
  Reader reader = open_reader(path_, kEveryFrame);
  attach(reader);
  publish(writer, 1);
  ASSERT_EQ(next_frame(reader).number, 1u);
  for (std::uint64_t number = 2; number <= 20; ++number) publish(writer, number);
  EXPECT_EQ(stats_of(writer).passed_over_count, 1u);
  Taken taken = take(reader);
  EXPECT_EQ(taken.skipped, taken.number - 2);
  // Of six slots one is what its turn, which was on frame 1 still, holds.
  EXPECT_EQ(taken.number, 16u) << "the oldest there is";
  EXPECT_EQ(turns_in(path_), Turns{16});
  for (std::uint64_t number = 17; number <= 20; ++number) {
    taken = take(reader);
    EXPECT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_TRUE(all_words_are(taken.payload, number));
  }
}

TEST_F(LosslessReaderTest, nothing_is_missed_while_the_ring_grows) {
  Writer writer = open_waiting_writer(path_, 4);
  Reader reader = open_reader(path_, kEveryFrame);
  attach(reader);
  std::thread other([&] {
    for (std::uint64_t number = 1; number <= 400; ++number)
      publish(writer, number, kFrameBytes * (1 + number / 50));
  });
  for (std::uint64_t number = 1; number <= 400; ++number) {
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, number);
    EXPECT_TRUE(all_words_are(taken.payload, number));
  }
  other.join();
}

TEST_F(LosslessReaderTest, next_writer_keeps_what_the_reader_has_not_finished) {
  Writer writer = open_waiting_writer(path_, 4);
  Reader reader = open_reader(path_, kEveryFrame);
  attach(reader);
  for (std::uint64_t number = 1; number <= 3; ++number) publish(writer, number);
  close_and_keep(writer);
  writer = open_waiting_writer(path_, 4);
  std::thread other([&] {
    for (std::uint64_t number = 4; number <= 50; ++number) publish(writer, number);
  });
  for (std::uint64_t number = 1; number <= 50; ++number) {
    Taken taken = take(reader);
    while (taken.status == MMAPVIDEO_ENDED) taken = take(reader);
    EXPECT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, 0u);
  }
  other.join();
}

TEST_F(LosslessReaderTest, reader_takes_a_turn_when_a_waiting_writer_takes_over) {
  Writer writer = open_writer(path_, 4);
  publish(writer);
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(take(reader).status, MMAPVIDEO_OK);
  close_and_keep(writer);
  writer = open_waiting_writer(path_, 4);
  ASSERT_EQ(next_frame(reader, 1'000'000).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(turns_in(path_), Turns{2});
}

TEST_F(LosslessReaderTest, end_of_a_lease_wakes_a_writer_that_waits) {
  Writer writer = open_waiting_writer(path_, 3);
  Reader reader = open_reader(path_);
  publish(writer);
  Lease first = take_lease(reader);
  RawFile raw(path_);
  LockFile lane(path_, O_RDONLY);
  publish(writer);
  for (unsigned index = 1; index < 3; ++index)
    ASSERT_TRUE(lane.try_shared(lock_item(Family::slot, raw.slot_id(index), 9)));
  std::thread other([&] { EXPECT_EQ(publish(writer), 3u); });
  while (load(raw.header().released) % 2 == 0) ::usleep(100);
  first.end();
  other.join();
}

TEST_F(LosslessReaderTest, claimed_frame_is_read_as_a_complete_one) {
  ForgedFile file(path_);
  for (int i = 0; i < 3; ++i) file.publish();
  store(file.slot(2).stamp, 7u);
  Reader reader = open_reader(path_);
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 3u);
  EXPECT_EQ(taken.copy_status, MMAPVIDEO_OK);
  EXPECT_EQ(try_lease(reader), MMAPVIDEO_TOO_MANY_LEASES) << "copy it";
  store(file.slot(2).stamp, 6u);
  EXPECT_EQ(try_lease(reader), MMAPVIDEO_OK);
}

TEST_F(LosslessReaderTest, nothing_is_missed_however_often_the_ring_grows) {
  Writer writer = open_waiting_writer(path_);
  Reader reader = open_reader(path_, kEveryFrame);
  attach(reader);
  constexpr std::uint64_t rings = 9;
  std::thread other([&] {
    for (std::uint64_t number = 1; number <= 3 * rings; ++number)
      publish(writer, number, kFrameBytes << (number - 1) / 3);
  });
  ::usleep(50'000);
  for (std::uint64_t number = 1; number <= 3 * rings; ++number) {
    Taken taken = take(reader);
    ASSERT_EQ(taken.number, number);
    ASSERT_EQ(taken.skipped, 0u);
    ASSERT_TRUE(all_words_are(taken.payload, number));
  }
  other.join();
  EXPECT_EQ(stats_of(writer).passed_over_count, 0u);
}

TEST_F(LosslessReaderTest, ring_in_which_nothing_was_published_does_not_hide_the_one_after_it) {
  ForgedFile file(path_, {.slot_count = 3});
  file.header().delivery = kEveryFrame;
  Reader reader = open_reader(path_, kEveryFrame);
  file.publish();
  ASSERT_EQ(take(reader).number, 1u);
  for (std::uint64_t frames : {0, 1, 1}) {
    file.grow({.slot_count = 3, .payload_capacity = 2 * file.raw().ring().payload_capacity});
    for (std::uint64_t i = 0; i < frames; ++i) file.publish();
  }
  for (std::uint64_t number : {2u, 3u}) {
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, 0u);
  }
}

// What is in a former ring may be on its way out, by a writer that has not seen the turn.
TEST_F(LosslessReaderTest, joining_late_begins_in_the_ring_in_use) {
  ForgedFile file(path_, {.slot_count = 3});
  Reader reader = open_reader(path_, kEveryFrame);
  file.publish();
  ASSERT_EQ(take(reader).number, 1u);
  for (int ring = 0; ring < 2; ++ring) {
    file.publish();
    file.grow({.slot_count = 3, .payload_capacity = 2 * file.raw().ring().payload_capacity});
  }
  file.publish();
  file.header().delivery = kEveryFrame;
  Taken first = take(reader);
  EXPECT_EQ(first.number, 4u);
  EXPECT_EQ(first.skipped, 2u);
  EXPECT_EQ(turns_in(path_), Turns{4});
}

TEST_F(LosslessReaderTest, nobody_waits_for_frames_that_are_out_of_the_readers_reach) {
  ForgedFile file(path_, {.slot_count = 3});
  Reader reader = open_reader(path_, kEveryFrame);
  file.publish();
  ASSERT_EQ(take(reader).number, 1u);
  file.publish();
  file.grow({.slot_count = 3, .payload_capacity = 2 * file.raw().ring().payload_capacity});
  file.header().delivery = kEveryFrame;
  EXPECT_EQ(next_frame(reader, 1'000'000).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(turns_in(path_), Turns{3});
  file.publish();
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 3u);
  EXPECT_EQ(taken.skipped, 1u);
}

TEST_F(LosslessReaderTest, joining_a_writer_at_full_speed_is_no_gap) {
  Writer writer = open_waiting_writer(path_, 4);
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) publish(writer, 0, 64);
  });
  while (RawFile(path_).header().head_number == 0) ::usleep(100);
  for (int join = 0; join < 300; ++join) {
    Reader reader = open_reader(path_, kEveryFrame);
    EXPECT_EQ(next_frame(reader).skipped, 0u);
    EXPECT_EQ(next_frame(reader).skipped, 0u);
  }
  stop = true;
  other.join();
}
