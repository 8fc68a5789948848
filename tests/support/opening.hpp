// SPDX-License-Identifier: MIT
// What both sides say of a file (SPEC 9): a status, and a refused file keeps every byte.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"

namespace mmapvideo_test {

class OpeningTest : public FileTest {
 protected:
  std::string valid() { return valid_bytes(dir_ / "scratch"); }
  std::string preamble() { return valid().substr(0, MMAPVIDEO_PREAMBLE_BYTES); }

  mmapvideo_status read_status() { return next_frame(open_reader(path_), kNoWait).status; }

  void expect_reader_says(mmapvideo_status expected) {
    Taken taken = next_frame(open_reader(path_), kNoWait);
    EXPECT_EQ(taken.status, expected) << taken.error.message;
    EXPECT_TRUE(!is_failure(expected) || names(taken.error, path_));
  }
  /// Refused, and nothing about the file changed.
  void expect_writer_refuses(mmapvideo_status expected) {
    const auto before = stat_of(path_);
    bool regular = S_ISREG(before.st_mode);
    std::string bytes = regular ? read_bytes(path_) : "";
    WriterAttempt attempt = try_writer(path_);
    EXPECT_FALSE(attempt.writer);
    EXPECT_EQ(attempt.error.status, expected) << attempt.error.message;
    EXPECT_TRUE(names(attempt.error, path_));
    attempt.writer.reset();
    ASSERT_TRUE(exists(path_));
    const auto after = stat_of(path_);
    EXPECT_EQ(after.st_ino, before.st_ino);
    EXPECT_EQ(after.st_mode, before.st_mode);
    EXPECT_EQ(after.st_size, before.st_size);
    EXPECT_EQ(after.st_blocks, before.st_blocks);
    EXPECT_TRUE(!regular || read_bytes(path_) == bytes) << "the refused file changed";
  }
  void expect_both_refuse(mmapvideo_status expected) {
    expect_reader_says(expected);
    expect_writer_refuses(expected);
  }
  /// The writer makes it a working file, in place where there was one.
  void expect_writer_works() {
    const std::uint64_t inode = exists(path_) ? stat_of(path_).st_ino : 0;
    WriterAttempt attempt = try_writer(path_);
    ASSERT_TRUE(attempt.writer) << attempt.error.message;
    EXPECT_TRUE(inode == 0 || stat_of(path_).st_ino == inode);
    EXPECT_GT(publish(attempt.writer, 5), 0u);
    Taken taken = take(open_reader(path_));
    EXPECT_EQ(taken.status, MMAPVIDEO_OK) << taken.error.message;
    EXPECT_TRUE(all_words_are(taken.payload, 5));
  }
  void expect_not_yet_and_writer_works() {
    expect_reader_says(MMAPVIDEO_TIMEOUT);
    expect_writer_works();
  }
};

}  // namespace mmapvideo_test
