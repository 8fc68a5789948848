// SPDX-License-Identifier: MIT
// What the user does wrong and what the system denies: each has a status of its own, a sentence
// that names the path, and leaves what was there as it was.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "support/child.hpp"
#include "support/deprived.hpp"
#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"

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
  EXPECT_EQ(report.error.os_error, ENOENT);
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
  std::string path = dir_ / "c\u00e4mera %s %n \n 1";
  Writer writer = open_writer(path);
  publish(writer, 1);
  EXPECT_EQ(take(open_reader(path)).number, 1u);
  Report report = report_of_writer(path);
  EXPECT_EQ(report.status, MMAPVIDEO_ALREADY_WRITING);
}

TEST_F(ErrorsTest, relative_path_works) {
  Child child([this](const Results& results) {
    if (::chdir(dir_.path().c_str()) != 0) return 2;
    Writer writer = open_writer("camera");
    publish(writer, 1);
    results.send(take(open_reader("camera")).number);
    return 0;
  });
  std::uint64_t number = 0;
  EXPECT_TRUE(child.receive(number));
  EXPECT_EQ(number, 1u);
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
  Child first([this](const Results& results) {
    Writer writer = open_writer(path_);
    publish(writer, 1);
    results.send(1);
    ::pause();
    return 0;
  });
  int ready = 0;
  ASSERT_TRUE(first.receive(ready));
  std::string before = read_bytes(path_);
  EXPECT_EQ(report_of_writer(path_).status, MMAPVIDEO_ALREADY_WRITING);
  EXPECT_TRUE(read_bytes(path_) == before) << "the file changed";
}

// ---- Permissions

TEST_F(ErrorsTest, file_of_somebody_else_is_permission_denied) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a file of somebody else";
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  ForgedFile file(path_);
  file.drop_writer_lock();
  std::string before = read_bytes(path_);
  for (auto look : {report_of_writer, report_of_reader}) {
    Report report;
    if (!as_nobody([&] { return look(path_); }, report)) GTEST_SKIP() << "cannot become nobody";
    EXPECT_EQ(report.status, MMAPVIDEO_PERMISSION_DENIED) << report.error.message;
    EXPECT_TRUE(names(report.error, path_));
    EXPECT_EQ(report.error.os_error, EACCES);
  }
  EXPECT_TRUE(read_bytes(path_) == before) << "the file changed";
}

TEST_F(ErrorsTest, file_of_somebody_else_where_anybody_may_plant_one_is_refused_to_a_writer) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a file of somebody else";
  ForgedFile file(path_);
  file.drop_writer_lock();
  ASSERT_EQ(::chmod(path_.c_str(), 0666), 0);
  ASSERT_EQ(::chmod(dir_.path().c_str(), 01777), 0);
  const std::string before = read_bytes(path_);
  Report report;
  const auto look = [&] { return report_of_writer(path_); };
  if (!as_nobody(look, report)) GTEST_SKIP() << "cannot become nobody";
  EXPECT_EQ(report.status, MMAPVIDEO_PERMISSION_DENIED) << report.error.message;
  EXPECT_TRUE(names(report.error, path_));
  EXPECT_TRUE(read_bytes(path_) == before) << "the file changed";
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0777), 0);
  ASSERT_TRUE(as_nobody(look, report));
  EXPECT_EQ(report.status, MMAPVIDEO_OK) << "without the sticky bit it could be replaced as well";
}

TEST_F(ErrorsTest, directory_that_may_not_be_written_is_permission_denied) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a directory of somebody else";
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  Report report;
  if (!as_nobody([&] { return report_of_writer(path_); }, report)) {
    GTEST_SKIP() << "cannot become nobody";
  }
  EXPECT_EQ(report.status, MMAPVIDEO_PERMISSION_DENIED) << report.error.message;
  EXPECT_TRUE(names(report.error, path_));
  EXPECT_FALSE(exists(path_));
}

TEST_F(ErrorsTest, permission_to_read_is_enough_for_a_reader) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  ForgedFile file(path_);
  file.publish();
  ASSERT_EQ(::chmod(path_.c_str(), 0444), 0);
  Report report;
  if (!as_nobody([&] { return report_of_reader(path_); }, report)) {
    GTEST_SKIP() << "cannot become nobody";
  }
  EXPECT_EQ(report.status, MMAPVIDEO_OK) << report.error.message;
  Report writer_report;
  ASSERT_TRUE(as_nobody([&] { return report_of_writer(path_); }, writer_report));
  EXPECT_EQ(writer_report.status, MMAPVIDEO_PERMISSION_DENIED);
}

TEST_F(ErrorsTest, reader_goes_on_when_the_permission_is_given_later) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  ForgedFile file(path_);
  file.publish();
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  Child reader_process([&](const Results& results) {
    if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) return kNotPossible;
    Reader reader = open_reader(path_);
    results.send(next_frame(reader, kForever).status);
    mmapvideo_status status;
    do {
      ::usleep(1000);
      status = next_frame(reader, kNoWait).status;
    } while (status == MMAPVIDEO_PERMISSION_DENIED || status == MMAPVIDEO_TIMEOUT);
    results.send(status);
    return 0;
  });
  mmapvideo_status status = MMAPVIDEO_SYSTEM;
  if (!reader_process.receive(status)) GTEST_SKIP() << "cannot become nobody";
  EXPECT_EQ(status, MMAPVIDEO_PERMISSION_DENIED);
  ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
  ASSERT_TRUE(reader_process.receive(status));
  EXPECT_EQ(status, MMAPVIDEO_OK);
}

// ---- File systems

TEST_F(ErrorsTest, writer_on_a_read_only_file_system_says_so) {
  for (bool there : {false, true}) {
    Report report;
    bool possible = with_mounts(
        [&] {
          mount_tmpfs(dir_.path(), "size=4m");
          if (there) write_bytes(path_, "");
          remount_read_only(dir_.path());
          return report_of_writer(path_);
        },
        report);
    SKIP_WITHOUT_MOUNTS(possible);
    EXPECT_EQ(report.status, MMAPVIDEO_READ_ONLY) << report.error.message;
    EXPECT_TRUE(names(report.error, path_));
    EXPECT_EQ(report.error.os_error, EROFS);
  }
}

TEST_F(ErrorsTest, read_only_bind_mount_is_enough_for_a_reader) {
  Report report;
  bool possible = with_mounts(
      [&]() -> Report {
        std::string real = dir_ / "real", seen = dir_ / "seen";
        ::mkdir(real.c_str(), 0700);
        ::mkdir(seen.c_str(), 0700);
        Writer writer = open_writer(real + "/camera");
        publish(writer, 1);
        bind_read_only(real, seen);
        Reader reader = open_reader(seen + "/camera");
        Taken taken = take(reader, kForever);
        if (taken.status != MMAPVIDEO_OK) return {taken.status, taken.error};
        if (attached_readers(real + "/camera") != 1) return {MMAPVIDEO_SYSTEM, {}};
        publish(writer, 2);
        taken = take(reader, kForever);
        return {taken.number == 2 ? MMAPVIDEO_OK : MMAPVIDEO_SYSTEM, taken.error};
      },
      report);
  SKIP_WITHOUT_MOUNTS(possible);
  EXPECT_EQ(report.status, MMAPVIDEO_OK) << report.error.message;
}

TEST_F(ErrorsTest, process_limit_on_file_sizes_is_no_space_and_not_a_signal) {
  Child child([this](const Results& results) {
    ::signal(SIGXFSZ, SIG_DFL);
    Writer writer = open_writer(path_);
    publish(writer, 1);
    rlimit limit = {1 << 20, 1 << 20};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    Report report;
    report.status = mmapvideo_writer_reserve(writer.get(), 8 << 20, 100, 0, 0, &report.error);
    results.send(report);
    results.send(publish(writer, 2));
    return 0;
  });
  Report report;
  ASSERT_TRUE(child.receive(report)) << "exit status " << child.exit_status();
  EXPECT_EQ(report.status, MMAPVIDEO_NO_SPACE) << report.error.message;
  EXPECT_TRUE(names(report.error, path_));
  std::uint64_t number = 0;
  EXPECT_TRUE(child.receive(number));
  EXPECT_EQ(number, 2u);
  EXPECT_EQ(child.exit_status(), 0);
}

TEST_F(ErrorsTest, process_limit_below_the_header_is_no_space_and_not_a_signal) {
  Child child([this](const Results& results) {
    ::signal(SIGXFSZ, SIG_DFL);
    rlimit limit = {16, 16};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    results.send(report_of_writer(path_));
    return 0;
  });
  Report report;
  ASSERT_TRUE(child.receive(report)) << "exit status " << child.exit_status();
  EXPECT_EQ(report.status, MMAPVIDEO_NO_SPACE) << report.error.message;
  EXPECT_TRUE(names(report.error, path_));
}

TEST_F(ErrorsTest, disposition_of_sigxfsz_is_left_as_it_was) {
  Child child([this](const Results& results) {
    ::signal(SIGXFSZ, SIG_DFL);
    Writer writer = open_writer(path_);
    publish(writer, 1);
    struct sigaction action = {};
    ::sigaction(SIGXFSZ, nullptr, &action);
    sigset_t blocked;
    ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
    results.send(action.sa_handler == SIG_DFL && ::sigismember(&blocked, SIGXFSZ) == 0);
    return 0;
  });
  bool unchanged = false;
  ASSERT_TRUE(child.receive(unchanged));
  EXPECT_TRUE(unchanged);
}

TEST_F(ErrorsTest, process_without_descriptors_gets_words_and_not_a_crash) {
  Child child([this](const Results& results) {
    rlimit limit = {0, 0};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return 2;
    results.send(report_of_writer(path_));
    results.send(report_of_reader(path_));
    return 0;
  });
  Report report;
  ASSERT_TRUE(child.receive(report));
  EXPECT_TRUE(is_failure(report.status));
  EXPECT_TRUE(names(report.error, path_));
  ASSERT_TRUE(child.receive(report));
  EXPECT_TRUE(is_failure(report.status));
  EXPECT_TRUE(names(report.error, path_));
  EXPECT_FALSE(exists(path_));
}
