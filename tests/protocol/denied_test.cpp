// SPDX-License-Identifier: MIT
// What a POSIX system denies (rights, room, descriptors): each has a status of its own, a sentence
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
#include "support/report.hpp"

using namespace mmapvideo_test;
using DeniedTest = FileTest;

TEST_F(DeniedTest, relative_path_works) {
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

// ---- Permissions

TEST_F(DeniedTest, file_of_somebody_else_is_permission_denied) {
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

TEST_F(DeniedTest, file_of_somebody_else_where_anybody_may_plant_one_is_refused_to_a_writer) {
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

TEST_F(DeniedTest, directory_that_may_not_be_written_is_permission_denied) {
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

TEST_F(DeniedTest, permission_to_read_is_enough_for_a_reader) {
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

TEST_F(DeniedTest, reader_goes_on_when_the_permission_is_given_later) {
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

TEST_F(DeniedTest, writer_on_a_read_only_file_system_says_so) {
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

TEST_F(DeniedTest, read_only_bind_mount_is_enough_for_a_reader) {
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

TEST_F(DeniedTest, process_limit_on_file_sizes_is_no_space_and_not_a_signal) {
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

TEST_F(DeniedTest, process_limit_below_the_header_is_no_space_and_not_a_signal) {
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

TEST_F(DeniedTest, disposition_of_sigxfsz_is_left_as_it_was) {
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

TEST_F(DeniedTest, process_without_descriptors_gets_words_and_not_a_crash) {
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
