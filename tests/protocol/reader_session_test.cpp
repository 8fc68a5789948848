// SPDX-License-Identifier: MIT
// The reader: ends, losses and new sessions, and what a dead writer left (SPEC 8.1, 8.3).
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/later.hpp"
#include "support/library.hpp"

using namespace mmapvideo_test;
using ReaderSessionTest = FileTest;
using std::chrono::milliseconds;

// ---- Ends, losses and new sessions

TEST_F(ReaderSessionTest, end_is_told_once_and_after_the_last_frame) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    file.publish();
    Reader reader = open_reader(path_, delivery);
    ASSERT_EQ(take(reader).number, 1u);
    file.publish();
    file.end_session();
    EXPECT_EQ(take(reader).number, 2u);
    EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_ENDED);
    EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
    file.drop_writer_lock();
    EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderSessionTest, every_frame_reader_gets_all_that_is_left_before_the_end) {
  ForgedFile file(path_, {.slot_count = 8});
  Reader reader = open_reader(path_, kEveryFrame);
  attach(reader);
  for (int i = 0; i < 5; ++i) file.publish();
  file.end_session();
  for (std::uint64_t number = 1; number <= 5; ++number) EXPECT_EQ(take(reader).number, number);
  EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
}

TEST_F(ReaderSessionTest, end_without_a_frame_is_told) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  attach(reader);
  Later later([&file] { file.end_session(); });
  EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
}

TEST_F(ReaderSessionTest, kept_file_of_an_ended_session_gives_its_newest_frame_and_then_the_end) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    Writer writer = open_writer(path_);
    for (std::uint64_t number = 1; number <= 3; ++number) publish(writer, number);
    close_and_keep(writer);
    Reader reader = open_reader(path_, delivery);
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, 3u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_TRUE(all_words_are(taken.payload, 3));
    EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_ENDED);
    EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderSessionTest, loss_of_the_writer_is_told_once) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  file.drop_writer_lock();
  EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_WRITER_LOST);
  EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(stats_of(reader).writer_alive, 0u);
}

TEST_F(ReaderSessionTest, last_frame_of_a_lost_writer_comes_before_the_loss) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    Reader reader = open_reader(path_, delivery);
    attach(reader);
    file.publish();
    file.drop_writer_lock();
    EXPECT_EQ(take(reader).number, 1u);
    EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_WRITER_LOST);
    ::unlink(path_.c_str());
  }
}

// The header promises that the reader follows at any time: also one that only polls.
TEST_F(ReaderSessionTest, loss_of_the_writer_is_told_to_a_reader_that_polls) {
  for (std::int64_t timeout : {std::int64_t{0}, std::int64_t{5'000'000}}) {
    ForgedFile file(path_);
    file.publish();
    Reader reader = open_reader(path_);
    ASSERT_EQ(take(reader).number, 1u);
    file.drop_writer_lock();
    mmapvideo_status status;
    auto start = std::chrono::steady_clock::now();
    do {
      std::this_thread::sleep_for(milliseconds(1));
      status = next_frame(reader, timeout).status;
      // A limit for the loop only: so that a failure is told by name, not by the watchdog.
    } while (status == MMAPVIDEO_TIMEOUT && elapsed_since(start) < std::chrono::seconds(20));
    EXPECT_EQ(status, MMAPVIDEO_WRITER_LOST) << "polled with timeout " << timeout;
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderSessionTest, running_writer_without_frames_is_not_lost) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(stats_of(reader).writer_alive, 1u);
}

TEST_F(ReaderSessionTest, next_session_in_the_same_file_is_followed_and_marked) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    file.publish();
    Reader reader = open_reader(path_, delivery);
    EXPECT_TRUE(take(reader).new_session);
    file.end_session();
    ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
    file.begin_session(0x2222);
    file.publish();
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, 2u);
    EXPECT_EQ(taken.session_id, 0x2222u);
    EXPECT_TRUE(taken.new_session);
    EXPECT_EQ(taken.skipped, 0u);
    file.publish();
    EXPECT_FALSE(take(reader).new_session);
    file.end_session();
    EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
    EXPECT_EQ(stats_of(reader).attach_count, 1u);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderSessionTest, each_lost_session_is_told) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  for (std::uint64_t session = 2; session <= 3; ++session) {
    file.drop_writer_lock();
    ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_WRITER_LOST);
    ASSERT_TRUE(file.take_writer_lock());
    file.begin_session(session);
    file.publish();
    ASSERT_EQ(take(reader).session_id, session);
  }
}

TEST_F(ReaderSessionTest, nothing_is_delivered_while_a_writer_forms_its_session) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  file.publish();
  store(file.header().state, MMAPVIDEO_STATE_FORMING);
  EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  store(file.header().state, MMAPVIDEO_STATE_STREAMING);
  EXPECT_EQ(take(reader).number, 2u);
}

TEST_F(ReaderSessionTest, newest_frame_of_a_former_session_is_not_taken_for_a_fresh_one) {
  ForgedFile file(path_);
  file.publish();
  file.begin_session(0x2222);
  Reader reader = open_reader(path_);
  EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  file.publish();
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 2u);
  EXPECT_EQ(taken.skipped, 0u);
  EXPECT_TRUE(taken.new_session);
}

TEST_F(ReaderSessionTest, session_that_the_writer_ends_and_begins_again_is_told_and_followed) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    Writer writer = open_writer(path_);
    publish(writer, 1);
    Reader reader = open_reader(path_, delivery);
    std::uint64_t former = take(reader).session_id;
    mmapvideo_writer_end(writer.get());
    mmapvideo_writer_end(writer.get());
    EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
    EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
    EXPECT_EQ(publish(writer, 2), 2u);
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, 2u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_NE(taken.session_id, former);
    EXPECT_TRUE(taken.new_session);
    writer.reset();
    EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
  }
}

// ---- What a dead writer left

TEST_F(ReaderSessionTest, frame_left_by_a_dead_writer_is_not_delivered) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    file.publish();
    file.drop_writer_lock();
    Reader reader = open_reader(path_, delivery);
    EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_WRITER_LOST);
    EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
    ASSERT_TRUE(file.take_writer_lock());
    file.begin_session(0x2222);
    file.publish();
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, 2u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_TRUE(taken.new_session);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderSessionTest, frame_left_by_a_dead_writer_is_delivered_when_asked_for) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    file.publish();
    file.publish();
    file.drop_writer_lock();
    Reader reader = open_reader(path_, delivery, true);
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, 2u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_WRITER_LOST);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderSessionTest, writer_of_a_file_system_without_locks_is_never_called_lost) {
  ForgedFile file(path_);
  file.header().compatible_flags = MMAPVIDEO_COMPATIBLE_UNLOCKED;
  file.drop_writer_lock();
  file.publish();
  Reader reader = open_reader(path_);
  EXPECT_EQ(take(reader).number, 1u);
  EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  file.publish();
  EXPECT_EQ(take(reader).number, 2u);
}
