// SPDX-License-Identifier: MIT
// The list of live files, over each way of watching directories.
#include "live_files.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <thread>

#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

const std::string whole_caps =
    "video/x-raw, format=(string)GRAY8, width=(int)64, height=(int)64, framerate=(fraction)30/1";

class LiveFilesTest : public FileTest, private gstmmap::LiveFilesListener {
 protected:
  Writer start_writer(const std::string& path) {
    Writer writer = open_writer(path);
    EXPECT_EQ(try_publish(writer, grey_info(kFrameBytes, whole_caps), whole_caps), MMAPVIDEO_OK);
    return writer;
  }
  /// What a provider's thread does, until the list is this.
  void until(const std::set<std::string>& expected) {
    do {
      files_.update(watch_->wait(files_.due_in_ns(mmapvideo_clock_now_ns())),
                    mmapvideo_clock_now_ns());
    } while (listed_ != expected);
  }

  std::set<std::string> listed_;
  const std::unique_ptr<gstmmap::DirectoryWatch> watch_ = gstmmap::watch_directories({dir_.path()});
  gstmmap::LiveFiles files_{*this};

 private:
  void appeared(const gstmmap::LiveFile& file) override {
    EXPECT_TRUE(listed_.insert(file.path).second) << file.path << " appears twice";
  }
  void changed(const gstmmap::LiveFile& file) override {
    EXPECT_EQ(listed_.count(file.path), 1u) << file.path << " changes before it appears";
  }
  void disappeared(const std::string& path) override {
    EXPECT_EQ(listed_.erase(path), 1u) << path << " disappears twice";
  }
};

TEST_F(LiveFilesTest, files_that_are_there_are_found_at_once) {
  std::filesystem::create_directory(dir_ / "below");
  const Writer one = start_writer(path_);
  const Writer two = start_writer(dir_ / "below/camera");
  files_.update(watch_->wait(-1), mmapvideo_clock_now_ns());
  EXPECT_EQ(listed_, (std::set{path_, dir_ / "below/camera"}));
}

TEST_F(LiveFilesTest, files_come_and_go) {
  until({});
  Writer one = start_writer(path_);
  until({path_});
  Writer two = start_writer(dir_ / "other");
  until({path_, dir_ / "other"});
  one.reset();
  until({dir_ / "other"});
  close_and_keep(two);
  until({});
}

TEST_F(LiveFilesTest, file_that_is_left_is_found_again_when_a_writer_takes_it_over) {
  Writer writer = start_writer(path_);
  until({path_});
  close_and_keep(writer);
  until({});
  writer = start_writer(path_);
  until({path_});
}

TEST_F(LiveFilesTest, directories_may_come_late) {
  until({});
  std::filesystem::create_directory(dir_ / "below");
  const Writer writer = start_writer(dir_ / "below/camera");
  until({dir_ / "below/camera"});
}

TEST_F(LiveFilesTest, nothing_is_due_where_there_are_files_of_other_kinds_only) {
  write_bytes(path_, "something else");
  write_bytes(dir_ / "empty", "");
  until({});
  // An empty file may become one of ours: it is looked at for a while, and not for ever.
  while (files_.due_in_ns(mmapvideo_clock_now_ns()) >= 0) {
    g_usleep(5000);
    files_.update({}, mmapvideo_clock_now_ns());
  }
}

TEST_F(LiveFilesTest, cancel_ends_a_wait_without_limit) {
  until({});
  std::thread canceller([&] { watch_->cancel(); });
  while (!watch_->cancelled()) watch_->wait(-1);
  watch_->wait(-1);
  canceller.join();
}

}  // namespace
}  // namespace mmapvideo_test
