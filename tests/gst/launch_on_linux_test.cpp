// SPDX-License-Identifier: MIT
// GStreamer's own gst-launch-1.0 under a signal.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "pipeline.hpp"
#include "process.hpp"
#include "support/file_test.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

class LaunchTest : public FileTest {};

/// What goes before a program of GStreamer's own when the plugin is built with a sanitizer.
std::string preloading() {
  const char* runtime = std::getenv("SANITIZER_RUNTIME");
  if (runtime == nullptr) return "";
  return "env ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=" + std::string(runtime) + " ";
}

TEST_F(LaunchTest, an_interrupted_gst_launch_removes_its_file_and_ends_its_readers) {
  Process reader(
      {"frames", "mmapsrc name=in location=" + path_ + " ! appsink name=out sync=false"});
  reader.expect("playing");
  const Text program(g_find_program_in_path("gst-launch-1.0"));
  if (!program) GTEST_SKIP() << "gst-launch-1.0 is not installed";
  const std::string description =
      "videotestsrc is-live=true ! video/x-raw,format=GRAY8,width=64,height=64 ! mmapsink "
      "location=" +
      path_;
  const std::string command = preloading() + program.get() + " -q " + description;
  char** words = nullptr;
  ASSERT_TRUE(g_shell_parse_argv(command.c_str(), nullptr, &words, nullptr));
  GPid pid = 0;
  const auto flags = static_cast<GSpawnFlags>(G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH);
  const bool started =
      g_spawn_async(nullptr, words, nullptr, flags, nullptr, nullptr, &pid, nullptr);
  g_strfreev(words);
  ASSERT_TRUE(started);
  reader.expect("frame");
  ::kill(pid, SIGINT);
  ::waitpid(pid, nullptr, 0);
  EXPECT_FALSE(exists(path_));
  EXPECT_TRUE(read_to_end(reader).eos);
}

}  // namespace
}  // namespace mmapvideo_test
