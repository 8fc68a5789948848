// SPDX-License-Identifier: MIT
// The properties io-mode and max-leases of mmapsrc.
#include <gtest/gtest.h>

#include <memory>
#include <mmapvideo/mmapvideo.hpp>
#include <string>
#include <vector>

#include "numbered.hpp"
#include "support/file_test.hpp"
#include "support/later.hpp"

namespace mmapvideo_test {
namespace {

class IoMode : public FileTest {
 protected:
  void start_writer(const std::string& options = "slots=16") {
    writer_ = std::make_unique<WriterPipeline>(path_, options);
    writer_->play();
    writer_->set_caps(kNumberCaps);
  }
  void publish() {
    writer_->push(numbered_bytes(++number_));
    writer_->wait_for_published(number_);
  }
  /// A reader of every frame, playing.
  void read(const std::string& options) {
    reader_ = std::make_unique<ReaderPipeline>(path_, "delivery=every-frame " + options,
                                               "enable-last-sample=false");
    reader_->play();
  }
  /// In step; all are kept.
  void exchange(int count) {
    for (int i = 0; i < count; ++i) {
      publish();
      kept_.push_back(reader_->pull());
      ASSERT_EQ(number_of(kept_.back()), static_cast<std::int64_t>(number_));
    }
  }
  void expect_figures(std::uint64_t zero_copy, std::uint64_t copied, const char* mode) {
    const Structure stats = stats_of(reader_->source());
    EXPECT_EQ(number_in(stats.get(), "zero-copy"), zero_copy);
    EXPECT_EQ(number_in(stats.get(), "copied"), copied);
    EXPECT_STREQ(gst_structure_get_string(stats.get(), "io-mode"), mode);
  }
  /// Where the flag is in the file, its file system counts as one without locks (SPEC 5, 13).
  void set_unlocked() { RawFile(path_).header().compatible_flags |= MMAPVIDEO_COMPATIBLE_UNLOCKED; }
  /// With io-mode=zero-copy: mmapsrc waits for the frame `number_ + 1` to be given a lease.
  void fill_up() {
    exchange(2);
    publish();
    EXPECT_FALSE(reader_->try_pull(150 * GST_MSECOND)) << "it does not wait";
  }

  std::unique_ptr<WriterPipeline> writer_;
  std::unique_ptr<ReaderPipeline> reader_;
  std::vector<Sample> kept_;
  std::uint64_t number_ = 0;
};

// ---- The three modes --------------------------------------------------------------------------

TEST_F(IoMode, auto_leases_and_then_copies) {
  start_writer();
  read("");
  exchange(2);
  expect_figures(2, 0, "zero-copy");
  exchange(10);
  expect_figures(2, 10, "copy");
  kept_.clear();
  exchange(1);  // appsink itself keeps the newest one
  kept_.clear();
  exchange(1);
  expect_figures(4, 10, "zero-copy");
}

TEST_F(IoMode, copy_never_leases) {
  start_writer();
  read("io-mode=copy");
  exchange(10);
  expect_figures(0, 10, "copy");
  EXPECT_EQ(leases_in(path_), 0u);
  EXPECT_FALSE(lies_in(path_, gst_sample_get_buffer(kept_[0].get())));
}

TEST_F(IoMode, zero_copy_never_copies) {
  start_writer();
  read("io-mode=zero-copy");
  for (int i = 0; i < 30; ++i) {
    exchange(1);
    if (kept_.size() == 2) kept_.erase(kept_.begin());
  }
  expect_figures(30, 0, "zero-copy");
}

TEST_F(IoMode, the_names_of_the_modes_and_the_defaults_are_as_documented) {
  const ReaderPipeline reader(path_);
  gint mode = -1;
  guint leases = 0;
  g_object_get(reader.source(), "io-mode", &mode, "max-leases", &leases, nullptr);
  EXPECT_EQ(mode, 0);
  EXPECT_EQ(leases, 2u);
  for (const char* name : {"auto", "zero-copy", "copy"})
    EXPECT_NO_THROW(ReaderPipeline(path_, std::string("io-mode=") + name));
}

// ---- max-leases -------------------------------------------------------------------------------

TEST_F(IoMode, so_many_frames_are_leased_as_max_leases_says) {
  for (const std::uint64_t leases : {1, 2, 5, 9}) {
    number_ = 0;
    start_writer("slots=16");
    read("max-leases=" + std::to_string(leases));
    exchange(20);
    expect_figures(leases, 20 - leases, "copy");
    EXPECT_EQ(leases_in(path_), leases);
    for (std::size_t i = 0; i < kept_.size(); ++i)
      EXPECT_EQ(number_of(kept_[i]), static_cast<std::int64_t>(i + 1));
    kept_.clear();
    reader_.reset();
    writer_.reset();
  }
}

TEST_F(IoMode, two_slots_are_left_to_the_writer_whatever_max_leases_says) {
  for (const std::uint64_t slots : {2, 3, 4, 6}) {
    number_ = 0;
    start_writer("slots=" + std::to_string(slots));
    read("max-leases=1000");
    exchange(20);
    expect_figures(slots - 2, 20 - (slots - 2), "copy");
    EXPECT_EQ(stat(writer_->sink(), "dropped"), 0u);
    kept_.clear();
    reader_.reset();
    writer_.reset();
  }
}

// ---- Waiting with zero-copy -------------------------------------------------------------------

TEST_F(IoMode, zero_copy_waits_while_downstream_holds_max_leases_frames) {
  start_writer();
  read("io-mode=zero-copy");
  fill_up();
  for (int round = 0; round < 10; ++round) {
    kept_.erase(kept_.begin());
    kept_.push_back(reader_->pull());
    EXPECT_EQ(number_of(kept_.back()), static_cast<std::int64_t>(number_));
    publish();
    EXPECT_FALSE(reader_->try_pull(20 * GST_MSECOND));
  }
  expect_figures(12, 0, "zero-copy");
  EXPECT_EQ(stat(writer_->sink(), "dropped"), 0u);
}

TEST_F(IoMode, a_frame_given_back_by_another_thread_ends_the_wait) {
  start_writer();
  read("io-mode=zero-copy");
  fill_up();
  for (int round = 0; round < 5; ++round) {
    GstSample* const held = kept_.front().release();
    kept_.erase(kept_.begin());
    const Later give_back([held] { gst_sample_unref(held); });
    kept_.push_back(reader_->pull());
    EXPECT_EQ(number_of(kept_.back()), static_cast<std::int64_t>(number_));
    publish();
  }
}

TEST_F(IoMode, a_change_to_null_ends_the_wait_at_once) {
  start_writer();
  read("io-mode=zero-copy");
  fill_up();
  reader_->set(GST_STATE_NULL);
  EXPECT_EQ(number_of(kept_[0]), 1);
  EXPECT_EQ(number_of(kept_[1]), 2);
  while (number_ < 40) publish();
  EXPECT_EQ(number_of(kept_[0]), 1);
  EXPECT_EQ(number_of(kept_[1]), 2);
}

TEST_F(IoMode, a_change_to_ready_and_back_ends_the_wait_and_begins_anew) {
  start_writer();
  read("io-mode=zero-copy");
  for (int round = 0; round < 3; ++round) {
    fill_up();
    reader_->set(GST_STATE_READY);
    kept_.clear();
    publish();
    reader_->play();
    kept_.push_back(reader_->pull());
    EXPECT_EQ(number_of(kept_.back()), static_cast<std::int64_t>(number_));
    kept_.clear();
  }
}

TEST_F(IoMode, a_flush_ends_the_wait_at_once) {
  start_writer();
  read("io-mode=zero-copy");
  fill_up();
  gst_element_send_event(reader_->source(), gst_event_new_flush_start());
  gst_element_send_event(reader_->source(), gst_event_new_flush_stop(TRUE));
  kept_.clear();
  publish();
  const Sample sample = reader_->pull();
  EXPECT_NE(number_of(sample), kMixed);
}

TEST_F(IoMode, a_pause_during_the_wait_loses_no_frame_uncounted) {
  start_writer();
  read("io-mode=zero-copy");
  fill_up();
  reader_->set(GST_STATE_PAUSED);
  g_usleep(50'000);
  reader_->play();
  std::uint64_t received = kept_.size();
  kept_.clear();
  publish();
  std::int64_t last = 0;
  while (last < static_cast<std::int64_t>(number_)) {
    last = number_of(reader_->pull());
    ASSERT_GT(last, 0);
    ++received;
  }
  EXPECT_EQ(received, stat(reader_->source(), "frames")) << "README: frames that were delivered";
  EXPECT_EQ(received + stat(reader_->source(), "skipped"), number_)
      << "README: who skips frames learns how many";
}

// ---- Errors -----------------------------------------------------------------------------------

TEST_F(IoMode, zero_copy_of_a_ring_of_two_slots_is_an_error_that_says_what_to_do) {
  start_writer("slots=2");
  publish();
  read("io-mode=zero-copy");
  const Problem problem = reader_->error();
  EXPECT_TRUE(mentions(problem.sentence, path_)) << problem.sentence;
  EXPECT_TRUE(mentions(problem.sentence, "slots=3")) << problem.sentence;
  EXPECT_TRUE(mentions(problem.sentence, "io-mode=auto")) << problem.sentence;
}

TEST_F(IoMode, auto_copies_out_of_a_file_without_locks_and_warns_once) {
  start_writer();
  publish();
  set_unlocked();
  read("");
  ASSERT_EQ(number_of(reader_->pull()), 1);
  exchange(20);
  expect_figures(0, 21, "copy");
  const Message warning = reader_->wait(GST_MESSAGE_WARNING);
  const Problem problem = problem_in(warning.get());
  EXPECT_TRUE(mentions(problem.sentence, path_)) << problem.sentence;
  EXPECT_TRUE(mentions(problem.sentence, "no locks")) << problem.sentence;
  EXPECT_FALSE(reader_->wait(GST_MESSAGE_WARNING, 50 * GST_MSECOND)) << "said twice";
}

TEST_F(IoMode, copy_says_nothing_of_a_file_without_locks) {
  start_writer();
  publish();
  set_unlocked();
  read("io-mode=copy");
  ASSERT_EQ(number_of(reader_->pull()), 1);
  exchange(5);
  EXPECT_FALSE(reader_->wait(GST_MESSAGE_WARNING, 20 * GST_MSECOND));
}

TEST_F(IoMode, zero_copy_of_a_file_without_locks_is_an_error_that_names_the_path) {
  start_writer();
  publish();
  set_unlocked();
  read("io-mode=zero-copy");
  const Problem problem = reader_->error();
  EXPECT_TRUE(mentions(problem.sentence, path_)) << problem.sentence;
  EXPECT_TRUE(mentions(problem.sentence, "no locks")) << problem.sentence;
  EXPECT_EQ(problem.domain, GST_RESOURCE_ERROR);
}

// A lease that ends just after mmapsrc found that there are too many must not be taken for a ring
// that is too small.
TEST_F(IoMode, zero_copy_goes_on_whenever_the_last_lease_ends) {
  const Watchdog longer(600);
  const std::string caps = grey_caps(64, 64);
  const mmapvideo_frame_info info = grey_info(kFrameBytes, caps);
  const Bytes payload(kFrameBytes);
  mmapvideo::Writer writer(path_, 0, 16);
  std::vector<std::unique_ptr<Pipeline>> readers;
  for (int i = 0; i < 4; ++i) {
    readers.push_back(std::make_unique<Pipeline>(
        "mmapsrc name=in io-mode=zero-copy max-leases=1 location=" + path_ +
        " ! queue max-size-buffers=1 ! fakesink sync=false enable-last-sample=false"));
    readers.back()->play();
  }
  for (int i = 0; i < 2'000'000; ++i) {
    writer.publish(info, caps.c_str(), payload.data());
    for (volatile int pause = i % 400; pause > 0;) pause = pause - 1;
  }
  writer.end();
  for (const auto& reader : readers) reader->expect_eos();
}

}  // namespace
}  // namespace mmapvideo_test
