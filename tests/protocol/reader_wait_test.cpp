// SPDX-License-Identifier: MIT
// The reader: waiting, cancelling, and calls that are refused.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/later.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using ReaderWaitTest = FileTest;
using std::chrono::milliseconds;

// ---- Waiting

TEST_F(ReaderWaitTest, timeout_0_takes_a_frame_that_is_there_and_waits_for_none) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_OK);
  EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
}

TEST_F(ReaderWaitTest, timeout_is_not_shorter_than_asked_for) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  for (auto limit : {milliseconds(1), milliseconds(30), milliseconds(250)}) {
    auto start = std::chrono::steady_clock::now();
    auto limit_ns = std::chrono::nanoseconds(limit).count();
    EXPECT_EQ(next_frame(reader, limit_ns).status, MMAPVIDEO_TIMEOUT);
    EXPECT_GE(elapsed_since(start).count(), limit_ns);
  }
}

TEST_F(ReaderWaitTest, wakes_without_frames_do_not_shorten_the_timeout) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  attach(reader);
  auto start = std::chrono::steady_clock::now();
  Later wake([&file] {
    for (int i = 0; i < 20; ++i) file.raw().announce();
  });
  EXPECT_EQ(next_frame(reader, 200'000'000).status, MMAPVIDEO_TIMEOUT);
  EXPECT_GE(elapsed_since(start).count(), 200'000'000);
}

TEST_F(ReaderWaitTest, frame_ends_a_wait) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  attach(reader);
  Later later([&file] { file.publish(); });
  EXPECT_EQ(take(reader, kForever).number, 1u);
}

// SPEC 6: where a wake cannot cross, the bounded sleep finds the frame.
TEST_F(ReaderWaitTest, frame_without_a_wake_is_found) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  attach(reader);
  Later later([&file] {
    unsigned index = file.next_index();
    std::uint64_t number = file.write_slot();
    store(file.header().head_slot_id, file.raw().slot_id(index));
    store(file.header().head_number, number);
  });
  EXPECT_EQ(take(reader, kForever).number, 1u);
}

TEST_F(ReaderWaitTest, cancel_ends_a_wait_for_a_frame) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  attach(reader);
  Later later([&reader] { mmapvideo_reader_cancel(reader.get()); });
  EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_CANCELLED);
}

TEST_F(ReaderWaitTest, cancel_ends_a_wait_for_the_file) {
  Reader reader = open_reader(path_);
  Later later([&reader] { mmapvideo_reader_cancel(reader.get()); });
  EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_CANCELLED);
}

TEST_F(ReaderWaitTest, cancel_holds_until_resume) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  mmapvideo_reader_cancel(reader.get());
  for (auto timeout : {kNoWait, kForever}) {
    EXPECT_EQ(next_frame(reader, timeout).status, MMAPVIDEO_CANCELLED);
  }
  mmapvideo_reader_resume(reader.get());
  EXPECT_EQ(take(reader).number, 1u);
}

TEST_F(ReaderWaitTest, cancel_loses_no_frame) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(take(reader).number, 1u);
  file.publish();
  mmapvideo_reader_cancel(reader.get());
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_CANCELLED);
  mmapvideo_reader_resume(reader.get());
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 2u);
  EXPECT_EQ(taken.skipped, 0u);
}

// ---- Arguments

TEST_F(ReaderWaitTest, bad_arguments_are_refused) {
  mmapvideo_error error = {};
  EXPECT_EQ(mmapvideo_reader_open(nullptr, &error), nullptr);
  EXPECT_EQ(error.status, MMAPVIDEO_INVALID_ARGUMENT);
  mmapvideo_reader_options options = {};
  options.path = path_.c_str();
  options.delivery = 77;
  error = {};
  EXPECT_EQ(mmapvideo_reader_open(&options, &error), nullptr);
  EXPECT_EQ(error.status, MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_NE(error.message[0], '\0');
  Reader reader = open_reader(path_);
  EXPECT_EQ(mmapvideo_reader_next(reader.get(), kNoWait, nullptr, nullptr),
            MMAPVIDEO_INVALID_ARGUMENT);
}

TEST_F(ReaderWaitTest, opening_a_reader_touches_no_file) {
  Reader reader = open_reader(path_);
  EXPECT_FALSE(exists(path_));
  EXPECT_EQ(stats_of(reader).attached, 0u);
  EXPECT_EQ(stats_of(reader).attach_count, 0u);
}

TEST_F(ReaderWaitTest, reader_changes_no_byte_of_the_file) {
  ForgedFile file(path_);
  for (int i = 0; i < 3; ++i) file.publish();
  std::string before = read_bytes(path_);
  {
    Reader reader = open_reader(path_, kEveryFrame);
    ASSERT_EQ(take(reader).status, MMAPVIDEO_OK);
    ASSERT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  }
  EXPECT_TRUE(read_bytes(path_) == before) << "the file changed";
}
