// SPDX-License-Identifier: MIT
// Collectors at full speed beside writers that come and go: the steps of `gc` without the command
// around them, so that they meet often.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "garbage.hpp"
#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

/// Removes what is in a directory over and over while it lives.
class Collector {
 public:
  explicit Collector(const std::string& place) : thread_([this, place] { collect(place); }) {}
  ~Collector() {
    stop_ = true;
    thread_.join();
  }
  unsigned removed() const { return removed_; }

 private:
  void collect(const std::string& place) {
    using namespace mmapvideo::tools;
    while (!stop_)
      scan(place, [this](const FoundFile& found) {
        if (remove_unless_held(found, false).fate == Fate::removed) ++removed_;
      });
  }

  std::atomic<bool> stop_{false};
  std::atomic<unsigned> removed_{0};
  std::thread thread_;
};

// One that is refused meets a collector that is just looking.
TEST_F(FileTest, a_writer_that_begins_while_files_are_collected_keeps_its_file) {
  Collector one(dir_.path()), other(dir_.path());
  unsigned begun = 0;
  // On a busy machine the collectors seldom get to run.
  while (begun < 3000 || one.removed() + other.removed() < 100) {
    WriterAttempt attempt = try_writer(path_);
    if (!attempt.writer) {
      ASSERT_EQ(attempt.error.status, MMAPVIDEO_ALREADY_WRITING) << attempt.error.message;
      continue;
    }
    ++begun;
    std::this_thread::yield();
    ASSERT_TRUE(exists(path_)) << "the file of writer " << begun << " was removed";
    ASSERT_TRUE(writer_lock_is_held(path_)) << "the path names another file";
    close_and_keep(attempt.writer);
  }
}

}  // namespace
}  // namespace mmapvideo_test
