// SPDX-License-Identifier: MIT
// Errors that need what only Linux has: files that are no files, other users, limits, mounts.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "errors.hpp"
#include "process.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

// ---- Files that are no files ------------------------------------------------------------------

TEST_F(Errors, a_fifo_is_refused_and_blocks_nobody) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  expect_both_fail(path_, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE);
}

TEST_F(Errors, a_device_is_refused) {
  expect_both_fail("/dev/null", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE);
}

TEST_F(Errors, a_symbolic_link_is_refused_and_its_target_untouched) {
  const std::string target = dir_ / "target";
  write_bytes(target, "");
  ASSERT_EQ(::symlink(target.c_str(), path_.c_str()), 0);
  expect_both_fail(path_, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE);
  EXPECT_EQ(read_bytes(target), "");
  ::unlink(target.c_str());
  expect_both_fail(path_, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE);
  EXPECT_FALSE(exists(target)) << "a dangling link is not a way to create files";
}

// ---- Rights and room --------------------------------------------------------------------------
// Each in a process of its own, whose rights are its own.

/// Runs in the new process: nobody in particular.
int become_nobody() {
  if (::geteuid() != 0) return 0;
  return ::setgid(65534) != 0 || ::setuid(65534) != 0;
}

/// The sentence of the pipeline's error in that process.
std::string error_in_process(const std::string& description, int (*prepare)()) {
  Process process({"run", description}, prepare);
  const std::string sentence = process.expect("error");
  EXPECT_EQ(process.wait(), 1);
  return sentence;
}

/// That a program can be run at all after `prepare`.
bool possible(int (*prepare)()) {
  Process process({"run", "fakesrc num-buffers=1 ! fakesink"}, prepare);
  return process.wait() == 0;
}

TEST_F(Errors, a_file_that_may_not_be_opened_is_an_error_for_both) {
  if (!possible(become_nobody)) GTEST_SKIP() << "the tests are not accessible to another user";
  write_bytes(path_, "");
  ASSERT_EQ(::chmod(path_.c_str(), 0), 0);
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  for (const std::string& description : {sink_description(path_), src_description(path_)}) {
    const std::string sentence = error_in_process(description, become_nobody);
    EXPECT_TRUE(mentions(sentence, path_)) << sentence;
    EXPECT_TRUE(mentions(sentence, "permission")) << sentence;
  }
}

TEST_F(Errors, a_directory_that_may_not_be_written_is_an_error_for_the_writer) {
  if (!possible(become_nobody)) GTEST_SKIP() << "the tests are not accessible to another user";
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0555), 0);
  const std::string sentence = error_in_process(sink_description(path_), become_nobody);
  EXPECT_TRUE(mentions(sentence, path_)) << sentence;
  EXPECT_TRUE(mentions(sentence, "permission")) << sentence;
}

int limit_file_size() {
  const rlimit limit = {1 << 16, 1 << 16};
  return ::setrlimit(RLIMIT_FSIZE, &limit);
}

TEST_F(Errors, a_limit_of_file_size_is_an_error_and_not_a_signal) {
  if (!possible(limit_file_size)) GTEST_SKIP() << "this process may not limit its file size";
  const std::string sentence = error_in_process(sink_description(path_), limit_file_size);
  EXPECT_TRUE(mentions(sentence, path_)) << sentence;
  EXPECT_TRUE(mentions(sentence, "No room")) << sentence;
}

/// A mount namespace of its own with a small file system at /mnt.
int mount_small(unsigned long flags) {
  if (::unshare(CLONE_NEWNS) != 0) return 1;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 1;
  return ::mount("tmpfs", "/mnt", "tmpfs", flags, "size=1m");
}
int mount_full() { return mount_small(0); }
int mount_read_only() { return mount_small(MS_RDONLY); }

TEST_F(Errors, a_full_file_system_is_an_error_with_numbers) {
  if (!possible(mount_full)) GTEST_SKIP() << "this process may not mount a file system";
  const std::string sentence =
      error_in_process(sink_description("/mnt/camera", "slots=100"), mount_full);
  EXPECT_TRUE(mentions(sentence, "/mnt/camera")) << sentence;
  EXPECT_TRUE(mentions(sentence, "MiB")) << sentence;
}

TEST_F(Errors, a_read_only_file_system_is_an_error_for_the_writer) {
  if (!possible(mount_read_only)) GTEST_SKIP() << "this process may not mount a file system";
  const std::string sentence = error_in_process(sink_description("/mnt/camera"), mount_read_only);
  EXPECT_TRUE(mentions(sentence, "/mnt/camera")) << sentence;
  EXPECT_TRUE(mentions(sentence, "read-only")) << sentence;
}

// ---- Warnings ---------------------------------------------------------------------------------

TEST_F(Errors, a_place_on_disk_is_a_warning_that_names_the_path) {
  char directory[] = "mmapvideo-XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const std::string path = std::string(directory) + "/camera";
  {
    const WriterPipeline writer(path);
    writer.play();
    const mmapvideo_file_header header = RawFile(path, O_RDONLY).header();
    EXPECT_EQ(header.version, 1u);
    if (const Message message = writer.wait(GST_MESSAGE_WARNING, 0)) {
      EXPECT_TRUE(mentions(problem_in(message.get()).sentence, path));
    }
  }
  ::rmdir(directory);
}

TEST_F(Errors, a_place_in_memory_is_no_warning) {
  if (temp_root() != "/dev/shm") GTEST_SKIP() << "there is no /dev/shm here";
  const WriterPipeline writer(path_);
  writer.play();
  EXPECT_FALSE(writer.wait(GST_MESSAGE_WARNING, 0));
}

}  // namespace
}  // namespace mmapvideo_test
