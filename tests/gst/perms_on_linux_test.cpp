// SPDX-License-Identifier: MIT
// Modes of files. On Windows a new file has its directory's access list.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "pipeline.hpp"
#include "support/file_test.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

TEST_F(FileTest, a_new_file_has_the_asked_for_mode_under_any_umask) {
  const mode_t former = ::umask(0777);
  const WriterPipeline strict(path_ + "-strict", "perms=" + std::to_string(0644));
  strict.play();
  ::umask(0);
  const WriterPipeline lax(path_ + "-lax");
  lax.play();
  ::umask(former);
  EXPECT_EQ(stat_of(path_ + "-strict").st_mode & 07777, mode_t{0644});
  EXPECT_EQ(stat_of(path_ + "-lax").st_mode & 07777, mode_t{0600});
}

TEST_F(FileTest, a_file_that_is_taken_over_keeps_its_mode) {
  { WriterPipeline(path_, "keep-file=true perms=" + std::to_string(0640)).play(); }
  const WriterPipeline writer(path_, "perms=" + std::to_string(0666));
  writer.play();
  EXPECT_EQ(stat_of(path_).st_mode & 07777, mode_t{0640});
}

}  // namespace
}  // namespace mmapvideo_test
