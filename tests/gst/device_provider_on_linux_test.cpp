// SPDX-License-Identifier: MIT
// mmapdeviceprovider beside files that only Linux has: cut under who has them mapped, with names
// that are no text, FIFOs and links.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "devices.hpp"
#include "support/forged_file.hpp"

namespace mmapvideo_test {
namespace {

/// A valid file with a live writer, whose newest frame has these caps.
std::unique_ptr<ForgedFile> forged(const std::string& path, const std::string& caps) {
  auto file = std::make_unique<ForgedFile>(path);
  file->begin_session(7);
  file->publish(grey_info(kFrameBytes, caps), caps);
  return file;
}

TEST_F(DeviceProviderTest, hostile_files_neither_show_nor_hide_others) {
  const std::string caps =
      "video/x-raw, format=(string)GRAY8, width=(int)64, height=(int)64, "
      "framerate=(fraction)30/1";
  std::vector<std::unique_ptr<ForgedFile>> files;
  int count = 0;
  const std::string odd_caps[] = {
      "video/x-raw, width=[ 5, 1 ]",
      "video/x-raw, width={ {{{ 1",
      "\xff\xfe",
      "audio/x-raw",
      "a\nb",
      "",
      "video/x-raw(memory:DMABuf), format=(string)GRAY8, width=(int)64, height=(int)64",
      "video/x-raw, format=(string)GRAY8, width=(int)-1, height=(int)0, framerate=1/0"};
  for (const std::string& text : odd_caps)
    files.push_back(forged(dir_ / "odd" + std::to_string(count++), text));
  files.push_back(forged(dir_ / "cut", caps));
  ASSERT_EQ(::truncate((dir_ / "cut").c_str(), 4096), 0);
  files.push_back(forged(dir_ / "not \xff UTF-8", caps));
  files.push_back(forged(dir_ / "\x1b[2Jname", caps));
  ASSERT_EQ(::mkfifo((dir_ / "fifo").c_str(), 0600), 0);
  ASSERT_EQ(::symlink("loop", (dir_ / "loop").c_str()), 0);
  ASSERT_EQ(::symlink("/", (dir_ / "root").c_str()), 0);
  write_bytes(dir_ / "foreign", std::string(100'000, 'x'));
  write_bytes(dir_ / "empty", "");
  write_bytes(dir_ / "begun", "mmap");
  for (const bool following : {false, true}) {
    if (following) start();
    const auto found = devices();
    for (const Device& device : found)
      EXPECT_EQ(name_of(device.get()), "?[2Jname") << caps_text_of(device.get());
    EXPECT_EQ(found.size(), 1u);
  }
}

TEST_F(DeviceProviderTest, file_that_is_cut_while_it_is_listed_disappears) {
  start();
  const auto file = forged(path_,
                           "video/x-raw, format=(string)GRAY8, width=(int)64, "
                           "height=(int)64, framerate=(fraction)30/1");
  wait_for(GST_MESSAGE_DEVICE_ADDED);
  ASSERT_EQ(::truncate(path_.c_str(), 100), 0);
  EXPECT_EQ(path_of(wait_for(GST_MESSAGE_DEVICE_REMOVED).get()), path_);
}

}  // namespace
}  // namespace mmapvideo_test
