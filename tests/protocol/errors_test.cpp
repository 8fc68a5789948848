// SPDX-License-Identifier: MIT
// What the user does wrong: each mistake has a status of its own, a sentence that names the path,
// and leaves what was there as it was.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <system_error>

#include "support/child.hpp"
#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"
#include "support/report.hpp"

using namespace mmapvideo_test;
using ErrorsTest = FileTest;

// ---- Paths

TEST_F(ErrorsTest, path_that_is_missing_or_empty_is_an_invalid_argument) {
  for (const char* path : {static_cast<const char*>(nullptr), ""}) {
    mmapvideo_writer_options writer = {};
    writer.path = path;
    mmapvideo_error error = {};
    EXPECT_EQ(mmapvideo_writer_open(&writer, &error), nullptr);
    EXPECT_EQ(error.status, MMAPVIDEO_INVALID_ARGUMENT);
    EXPECT_NE(error.message[0], '\0');
    mmapvideo_reader_options reader = {};
    reader.path = path;
    error = {};
    EXPECT_EQ(mmapvideo_reader_open(&reader, &error), nullptr);
    EXPECT_EQ(error.status, MMAPVIDEO_INVALID_ARGUMENT);
    EXPECT_NE(error.message[0], '\0');
  }
}

TEST_F(ErrorsTest, error_argument_may_be_null_everywhere) {
  std::string absent = dir_ / "absent/camera";
  mmapvideo_writer_options options = writer_options(absent, 0);
  EXPECT_EQ(mmapvideo_writer_open(&options, nullptr), nullptr);
  EXPECT_EQ(mmapvideo_writer_open(nullptr, nullptr), nullptr);
  EXPECT_EQ(mmapvideo_reader_open(nullptr, nullptr), nullptr);
  write_bytes(path_, "not a video file");
  Reader reader = open_reader(path_);
  mmapvideo_frame frame = {};
  EXPECT_EQ(mmapvideo_reader_next(reader.get(), kNoWait, &frame, nullptr), MMAPVIDEO_FOREIGN_FILE);
}

TEST_F(ErrorsTest, writer_in_a_missing_directory_says_not_found) {
  std::string path = dir_ / "absent/camera";
  Report report = report_of_writer(path);
  EXPECT_EQ(report.status, MMAPVIDEO_NOT_FOUND);
  EXPECT_TRUE(names(report.error, path));
  EXPECT_EQ(std::error_code(report.error.os_error, std::system_category()),
            std::errc::no_such_file_or_directory);
  EXPECT_NE(report.error.detail[0], '\0');
}

TEST_F(ErrorsTest, reader_in_a_missing_directory_waits) {
  EXPECT_EQ(report_of_reader(dir_ / "absent/camera").status, MMAPVIDEO_TIMEOUT);
}

TEST_F(ErrorsTest, path_through_a_file_fails_and_leaves_the_file) {
  write_bytes(dir_ / "file", "precious");
  std::string path = dir_ / "file/camera";
  Report report = report_of_writer(path);
  EXPECT_TRUE(is_failure(report.status));
  EXPECT_TRUE(names(report.error, path));
  EXPECT_TRUE(is_failure(report_of_reader(path).status));
  EXPECT_EQ(read_bytes(dir_ / "file"), "precious");
}

TEST_F(ErrorsTest, path_that_is_too_long_for_the_system_fails_with_words) {
  std::string name(300, 'n');
  Report report = report_of_writer(dir_ / name);
  EXPECT_TRUE(is_failure(report.status));
  EXPECT_NE(report.error.message[0], '\0');
}

TEST_F(ErrorsTest, words_about_a_very_long_path_are_cut_and_terminated) {
  std::string path = dir_.path();
  for (int i = 0; i < 60; ++i) path += "/a-directory-that-does-not-exist";
  WriterAttempt attempt = try_writer(path);
  EXPECT_EQ(attempt.error.status, MMAPVIDEO_NOT_FOUND);
  EXPECT_NE(std::memchr(attempt.error.message, 0, sizeof attempt.error.message), nullptr);
  EXPECT_NE(std::memchr(attempt.error.detail, 0, sizeof attempt.error.detail), nullptr);
}

TEST_F(ErrorsTest, path_with_odd_characters_works) {
  std::string path = dir_ / "c\u00e4mera %s %n  1";
  Writer writer = open_writer(path);
  publish(writer, 1);
  EXPECT_EQ(take(open_reader(path)).number, 1u);
}

// ---- Another writer

TEST_F(ErrorsTest, second_writer_is_refused_and_the_first_goes_on) {
  Writer first = open_writer(path_);
  publish(first, 1);
  std::string before = read_bytes(path_);
  Report report = report_of_writer(path_);
  EXPECT_EQ(report.status, MMAPVIDEO_ALREADY_WRITING);
  EXPECT_TRUE(names(report.error, path_));
  EXPECT_TRUE(read_bytes(path_) == before) << "the file changed";
  EXPECT_EQ(publish(first, 2), 2u);
  EXPECT_EQ(take(open_reader(path_)).number, 2u);
}

TEST_F(ErrorsTest, second_writer_in_another_process_is_refused) {
  Child first(
      [](const Results& results, const std::string& path) {
        Writer writer = open_writer(path);
        publish(writer, 1);
        results.send(1);
        sleep_for_ever();
        return 0;
      },
      path_);
  int ready = 0;
  ASSERT_TRUE(first.receive(ready));
  std::string before = read_bytes(path_);
  EXPECT_EQ(report_of_writer(path_).status, MMAPVIDEO_ALREADY_WRITING);
  EXPECT_TRUE(read_bytes(path_) == before) << "the file changed";
}
