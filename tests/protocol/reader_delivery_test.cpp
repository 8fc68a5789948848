// SPDX-License-Identifier: MIT
// The reader (SPEC 8.2): which frame it delivers next, and how it counts what it missed.
#include <gtest/gtest.h>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"

using namespace mmapvideo_test;
using ReaderDeliveryTest = FileTest;

TEST_F(ReaderDeliveryTest, first_frame_is_the_head_and_nothing_counts_as_skipped) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    for (int i = 0; i < 3; ++i) file.publish();
    Reader reader = open_reader(path_, delivery);
    Taken taken = take(reader);
    EXPECT_EQ(taken.status, MMAPVIDEO_OK);
    EXPECT_EQ(taken.number, 3u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_TRUE(taken.new_session);
    EXPECT_EQ(taken.session_id, 0x1111u);
    EXPECT_TRUE(all_words_are(taken.payload, 3));
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderDeliveryTest, latest_delivers_the_newest_frame_and_counts_the_others_exactly) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_, kLatest);
  ASSERT_EQ(take(reader).number, 1u);
  for (int i = 0; i < 3; ++i) file.publish();
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 4u);
  EXPECT_EQ(taken.skipped, 2u);
  EXPECT_FALSE(taken.new_session);
  EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
}

TEST_F(ReaderDeliveryTest, every_frame_delivers_all_in_order_while_it_keeps_up) {
  ForgedFile file(path_, {.slot_count = 8});
  Reader reader = open_reader(path_, kEveryFrame);
  attach(reader);
  std::uint64_t expected = 1;
  for (int burst = 0; burst < 5; ++burst) {
    for (int i = 0; i < 6; ++i) file.publish();
    for (int i = 0; i < 6; ++i, ++expected) {
      Taken taken = take(reader);
      ASSERT_EQ(taken.number, expected);
      EXPECT_EQ(taken.skipped, 0u);
      EXPECT_TRUE(all_words_are(taken.payload, expected));
    }
    EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  }
}

TEST_F(ReaderDeliveryTest, lapped_every_frame_reader_resumes_in_the_middle_of_the_ring) {
  ForgedFile file(path_, {.slot_count = 9});
  file.publish();
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(take(reader).number, 1u);
  for (int i = 0; i < 20; ++i) file.publish();
  // The ring holds 13 to 21.
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 17u);
  EXPECT_EQ(taken.skipped, 15u);
  for (std::uint64_t number = 18; number <= 21; ++number) {
    taken = take(reader);
    EXPECT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, 0u);
  }
  EXPECT_EQ(stats_of(reader).skipped_count, 15u);
  EXPECT_EQ(stats_of(reader).frame_count, 6u);
}

TEST_F(ReaderDeliveryTest, numbers_without_a_frame_are_an_exact_gap) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    file.publish();
    Reader reader = open_reader(path_, delivery);
    ASSERT_EQ(take(reader).number, 1u);
    file.spend_a_number();
    file.spend_a_number();
    file.publish();
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, 4u);
    EXPECT_EQ(taken.skipped, 2u);
    ::unlink(path_.c_str());
  }
}

// SPEC 8.2.4: as long as a slot holds a frame not above the position, nothing was overrun.
TEST_F(ReaderDeliveryTest,
       numbers_without_a_frame_do_not_cost_an_every_frame_reader_the_frames_behind_them) {
  ForgedFile file(path_, {.slot_count = 8});
  file.publish();
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(take(reader).number, 1u);
  file.spend_a_number();
  for (int i = 0; i < 5; ++i) file.publish();
  for (std::uint64_t number = 3; number <= 7; ++number) {
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, number == 3 ? 1u : 0u);
  }
}

TEST_F(ReaderDeliveryTest, complete_slot_above_the_head_is_not_delivered_before_the_head_moves) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    file.publish();
    Reader reader = open_reader(path_, delivery);
    ASSERT_EQ(take(reader).number, 1u);
    unsigned index = file.next_index();
    std::uint64_t number = file.write_slot();
    EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
    file.announce_head(number, index);
    EXPECT_EQ(take(reader).number, number);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderDeliveryTest,
       frame_at_least_as_new_as_the_head_number_may_be_delivered_between_two_stores) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_, kLatest);
  ASSERT_EQ(take(reader).number, 1u);
  file.publish();
  // The writer of frame 3 has stored head_slot_id and not yet head_number.
  unsigned index = file.next_index();
  std::uint64_t number = file.write_slot();
  store(file.header().head_slot_id, file.raw().slot_id(index));
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, number);
  EXPECT_EQ(taken.skipped, 1u);
  store(file.header().head_number, number);
  EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
}

TEST_F(ReaderDeliveryTest, slot_that_is_being_written_is_not_delivered) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    Reader reader = open_reader(path_, delivery);
    attach(reader);
    file.publish();
    file.start_slot(0);
    EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
    store(file.slot(0).stamp, 2u);
    EXPECT_EQ(take(reader).number, 1u);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderDeliveryTest, stats_count_what_was_delivered_and_skipped) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_, kLatest);
  std::uint64_t skipped = take(reader).skipped;
  for (int burst = 1; burst <= 4; ++burst) {
    for (int i = 0; i < burst; ++i) file.publish();
    skipped += take(reader).skipped;
  }
  mmapvideo_reader_stats stats = stats_of(reader);
  EXPECT_EQ(stats.frame_count, 5u);
  EXPECT_EQ(stats.skipped_count, skipped);
  EXPECT_EQ(stats.frame_count + stats.skipped_count, 11u);
  EXPECT_EQ(stats.attach_count, 1u);
  EXPECT_EQ(stats.attached, 1u);
  EXPECT_EQ(stats.writer_alive, 1u);
}
