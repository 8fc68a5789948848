// SPDX-License-Identifier: MIT
// What is no regular file on a POSIX system (SPEC 9): refused by both sides, without waiting for
// anybody, and left as it was.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

#include "support/library.hpp"
#include "support/opening.hpp"

using namespace mmapvideo_test;
using SpecialFilesTest = OpeningTest;

TEST_F(SpecialFilesTest, fifo_is_refused_without_waiting_for_its_other_end) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  expect_both_refuse(MMAPVIDEO_NOT_A_REGULAR_FILE);
}

TEST_F(SpecialFilesTest, fifo_with_another_end_is_refused) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  int other_end = ::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(other_end, 0);
  expect_both_refuse(MMAPVIDEO_NOT_A_REGULAR_FILE);
  ::close(other_end);
}

TEST_F(SpecialFilesTest, socket_is_refused) {
  int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path_.size(), sizeof address.sun_path);
  std::strcpy(address.sun_path, path_.c_str());
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  expect_both_refuse(MMAPVIDEO_NOT_A_REGULAR_FILE);
  ::close(fd);
}

TEST_F(SpecialFilesTest, device_is_refused) {
  for (std::string device : {"/dev/null", "/dev/zero"}) {
    WriterAttempt attempt = try_writer(device);
    EXPECT_FALSE(attempt.writer);
    EXPECT_EQ(attempt.error.status, MMAPVIDEO_NOT_A_REGULAR_FILE);
    EXPECT_TRUE(names(attempt.error, device));
    EXPECT_EQ(next_frame(open_reader(device), kNoWait).status, MMAPVIDEO_NOT_A_REGULAR_FILE);
  }
}

TEST_F(SpecialFilesTest, symbolic_link_is_refused_and_what_it_names_untouched) {
  std::string target = dir_ / "target";
  write_bytes(target, valid());
  std::string before = read_bytes(target);
  ASSERT_EQ(::symlink(target.c_str(), path_.c_str()), 0);
  expect_both_refuse(MMAPVIDEO_NOT_A_REGULAR_FILE);
  EXPECT_TRUE(read_bytes(target) == before) << "the file changed";
}

TEST_F(SpecialFilesTest, dangling_symbolic_link_is_refused_and_creates_nothing) {
  std::string target = dir_ / "target";
  ASSERT_EQ(::symlink(target.c_str(), path_.c_str()), 0);
  WriterAttempt attempt = try_writer(path_);
  EXPECT_FALSE(attempt.writer);
  EXPECT_EQ(attempt.error.status, MMAPVIDEO_NOT_A_REGULAR_FILE);
  EXPECT_FALSE(exists(target));
  expect_reader_says(MMAPVIDEO_NOT_A_REGULAR_FILE);
}

TEST_F(SpecialFilesTest, name_with_a_line_break_works) {
  const std::string path = dir_ / "camera\n1";
  Writer writer = open_writer(path);
  publish(writer, 1);
  EXPECT_EQ(take(open_reader(path)).number, 1u);
}

TEST_F(SpecialFilesTest, who_inspects_one_is_told_so_at_once) {
  const auto status_of = [](const std::string& path) {
    mmapvideo_file_info info;
    return mmapvideo_inspect(path.c_str(), &info, nullptr, 0, nullptr);
  };
  ASSERT_EQ(::mkfifo((dir_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(status_of(dir_ / "fifo"), MMAPVIDEO_NOT_A_REGULAR_FILE);
  write_bytes(path_, valid());
  ASSERT_EQ(::symlink(path_.c_str(), (dir_ / "link").c_str()), 0);
  EXPECT_EQ(status_of(dir_ / "link"), MMAPVIDEO_NOT_A_REGULAR_FILE);
}
