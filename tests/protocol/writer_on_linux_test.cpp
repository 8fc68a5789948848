// SPDX-License-Identifier: MIT
// What a writer asks of Linux: the clock's identity, and the mode of its file.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cctype>
#include <fstream>
#include <string>

#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using WriterOnLinuxTest = FileTest;

namespace {

std::string boot_id_of_this_machine() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string text, hex;
  in >> text;
  for (char c : text) {
    if (std::isxdigit(static_cast<unsigned char>(c))) hex += c;
  }
  return hex;
}

std::string hex_of(const std::uint8_t* bytes, std::size_t count) {
  static const char digits[] = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < count; ++i) {
    hex += digits[bytes[i] / 16];
    hex += digits[bytes[i] % 16];
  }
  return hex;
}

class Umask {
 public:
  explicit Umask(mode_t mask) : former_(::umask(mask)) {}
  ~Umask() { ::umask(former_); }

 private:
  mode_t former_;
};

}  // namespace

TEST_F(WriterOnLinuxTest, header_says_which_clock_of_which_boot_and_namespace_stamps_the_frames) {
  Writer writer = open_writer(path_);
  RawFile raw(path_);
  EXPECT_EQ(raw.header().clock_id, MMAPVIDEO_CLOCK_MONOTONIC);
  EXPECT_EQ(hex_of(raw.header().boot_id, 16), boot_id_of_this_machine());
  struct stat status = {};
  std::uint64_t expected = ::stat("/proc/self/ns/time", &status) == 0 ? status.st_ino : 0;
  EXPECT_EQ(raw.header().clock_namespace, expected);
}

TEST_F(WriterOnLinuxTest, file_is_for_its_owner_alone_unless_asked_otherwise) {
  Umask none(0);
  Writer writer = open_writer(path_);
  EXPECT_EQ(stat_of(path_).st_mode & 07777, 0600u);
}

TEST_F(WriterOnLinuxTest, file_gets_the_permissions_that_were_asked_for) {
  Umask none(0);
  mmapvideo_writer_options options = writer_options(path_, 4);
  options.permissions = 0644;
  Writer writer(mmapvideo_writer_open(&options, nullptr));
  ASSERT_TRUE(writer);
  EXPECT_EQ(stat_of(path_).st_mode & 07777, 0644u);
}
