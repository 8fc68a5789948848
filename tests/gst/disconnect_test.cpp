// SPDX-License-Identifier: MIT
// What a reader does when the writer ends, dies, or falls silent: the properties on-disconnect and
// timeout, and the messages about it.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "pipeline.hpp"
#include "process.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

/// A writer of this process, which ends cleanly, or of another one, which can be killed.
class Disconnect : public FileTest {
 protected:
  void read(const std::string& options) {
    reader_ = std::make_unique<ReaderPipeline>(path_, "delivery=every-frame " + options);
    reader_->play();
  }
  void write_and_end(const std::string& options) {
    WriterPipeline writer(path_);
    writer.play();
    writer.set_caps(grey_caps());
    writer.push(grey_bytes(1));
    read(options);
    ASSERT_EQ(value_of(reader_->pull()), 1);
    writer.set(GST_STATE_NULL);
  }
  void write_and_die(const std::string& options) {
    Process writer({"numbers", path_, "0", "1", "1000", "slots=64"});
    writer.expect("published");
    read(options);
    ASSERT_TRUE(reader_->pull());
    writer.kill_and_reap();
  }
  void expect_eos() {
    while (reader_->pull()) {
    }
    reader_->expect_eos();
  }
  void expect_error(const std::string& word) {
    const Problem problem = reader_->error();
    EXPECT_TRUE(mentions(problem.sentence, path_)) << problem.sentence;
    EXPECT_TRUE(mentions(problem.sentence, word)) << problem.sentence;
    EXPECT_EQ(problem.domain, GST_RESOURCE_ERROR);
  }
  /// The reader tells the loss, waits, and goes on with the next writer.
  void expect_return(bool ended_cleanly) {
    const Structure lost = reader_->event("mmap-writer-lost");
    EXPECT_STREQ(gst_structure_get_string(lost.get(), "location"), path_.c_str());
    EXPECT_EQ(number_in(lost.get(), "ended-cleanly"), ended_cleanly ? 1u : 0u);
    while (reader_->try_pull(0)) {
    }
    const WriterPipeline writer(path_);
    writer.play();
    writer.set_caps(grey_caps());
    writer.push(grey_bytes(2));
    const Sample sample = reader_->pull();
    EXPECT_EQ(value_of(sample), 2);
    EXPECT_TRUE(is_discont(sample));
    const Structure returned = reader_->event("mmap-writer-returned");
    EXPECT_STREQ(gst_structure_get_string(returned.get(), "location"), path_.c_str());
    EXPECT_GT(number_in(returned.get(), "number"), 0u);
  }

  std::unique_ptr<ReaderPipeline> reader_;
};

// ---- The writer ends --------------------------------------------------------------------------

TEST_F(Disconnect, auto_makes_a_clean_end_eos) {
  write_and_end("");
  expect_eos();
}
TEST_F(Disconnect, wait_waits_after_a_clean_end) {
  write_and_end("on-disconnect=wait");
  expect_return(true);
}
TEST_F(Disconnect, eos_makes_a_clean_end_eos) {
  write_and_end("on-disconnect=eos");
  expect_eos();
}
TEST_F(Disconnect, error_makes_a_clean_end_an_error) {
  write_and_end("on-disconnect=error");
  expect_error("ended");
}

// ---- The writer dies --------------------------------------------------------------------------

TEST_F(Disconnect, auto_waits_for_a_writer_that_died) {
  write_and_die("");
  expect_return(false);
}
TEST_F(Disconnect, wait_waits_for_a_writer_that_died) {
  write_and_die("on-disconnect=wait");
  expect_return(false);
}
TEST_F(Disconnect, eos_makes_the_death_of_the_writer_eos) {
  write_and_die("on-disconnect=eos");
  expect_eos();
}
TEST_F(Disconnect, error_makes_the_death_of_the_writer_an_error) {
  write_and_die("on-disconnect=error");
  expect_error("died");
}

TEST_F(Disconnect, the_last_frames_of_a_writer_that_died_are_delivered_first) {
  Process writer({"numbers", path_, "0", "1", "2000", "slots=64"});
  read("on-disconnect=eos");
  ASSERT_TRUE(reader_->pull());
  std::uint64_t last = 0;
  for (int i = 0; i < 30; ++i) last = std::stoull(writer.expect("published"));
  writer.kill_and_reap();
  while (const auto line = writer.line()) last = std::stoull(line->substr(10));
  std::uint64_t newest = 0;
  while (const Sample sample = reader_->pull())
    newest = GST_BUFFER_OFFSET(gst_sample_get_buffer(sample.get()));
  EXPECT_GE(newest, last);
}

TEST_F(Disconnect, a_loss_is_told_once) {
  write_and_die("on-disconnect=wait");
  reader_->event("mmap-writer-lost");
  EXPECT_EQ(reader_->events(500 * GST_MSECOND), std::vector<std::string>{});
}

TEST_F(Disconnect, after_eos_a_stopped_reader_waits_for_the_next_writer) {
  write_and_end("");
  expect_eos();
  reader_->set(GST_STATE_NULL);
  const WriterPipeline writer(path_);
  writer.play();
  writer.set_caps(grey_caps());
  writer.push(grey_bytes(3));
  reader_->play();
  EXPECT_EQ(value_of(reader_->pull()), 3);
}

TEST_F(Disconnect, what_a_dead_writer_left_is_not_taken_for_a_fresh_frame) {
  {
    Process writer({"numbers", path_, "0", "1", "1000"});
    writer.expect("published");
  }
  read("");
  EXPECT_FALSE(reader_->try_pull(300 * GST_MSECOND));
  const WriterPipeline writer(path_);
  writer.play();
  writer.set_caps(grey_caps());
  writer.push(grey_bytes(3));
  EXPECT_EQ(value_of(reader_->pull()), 3);
}

// ---- Silence ----------------------------------------------------------------------------------

const std::string short_timeout = "timeout=100000000 ";

class Silence : public Disconnect {
 protected:
  Silence() : writer_(path_) {
    writer_.play();
    writer_.set_caps(grey_caps());
    writer_.push(grey_bytes(1));
    writer_.wait_for_published(1);
  }
  WriterPipeline writer_;
};

TEST_F(Silence, eos_makes_silence_eos) {
  read(short_timeout + "on-disconnect=eos");
  EXPECT_EQ(value_of(reader_->pull()), 1);
  expect_eos();
}
TEST_F(Silence, error_makes_silence_an_error_that_names_the_path) {
  read(short_timeout + "on-disconnect=error");
  expect_error("100 ms");
}
TEST_F(Silence, wait_tells_each_silence_once_and_not_before_its_time) {
  read(short_timeout + "on-disconnect=wait");
  for (std::uint8_t round = 1; round < 4; ++round) {
    EXPECT_EQ(value_of(reader_->pull()), round);
    const Structure event = reader_->event("mmap-timeout");
    EXPECT_STREQ(gst_structure_get_string(event.get(), "location"), path_.c_str());
    EXPECT_EQ(number_in(event.get(), "timeout"), 100'000'000u);
    EXPECT_EQ(reader_->events(350 * GST_MSECOND), std::vector<std::string>{});
    const gint64 before_us = g_get_monotonic_time();
    writer_.push(grey_bytes(static_cast<std::uint8_t>(round + 1)));
    EXPECT_EQ(value_of(reader_->pull()), round + 1);
    reader_->event("mmap-timeout");
    EXPECT_GE(g_get_monotonic_time() - before_us, 100'000);
    writer_.push(grey_bytes(static_cast<std::uint8_t>(round + 1)));
  }
}
TEST_F(Silence, auto_tells_silence_and_waits) {
  read(short_timeout);
  reader_->event("mmap-timeout");
  writer_.push(grey_bytes(2));
  EXPECT_EQ(value_of(reader_->pull()), 1);
  EXPECT_EQ(value_of(reader_->pull()), 2);
}
TEST_F(Silence, without_a_timeout_nothing_is_told) {
  read("on-disconnect=error");
  EXPECT_EQ(value_of(reader_->pull()), 1);
  EXPECT_EQ(reader_->events(400 * GST_MSECOND), std::vector<std::string>{});
  writer_.push(grey_bytes(2));
  EXPECT_EQ(value_of(reader_->pull()), 2);
}
TEST_F(Disconnect, a_file_that_does_not_appear_is_silence_too) {
  read(short_timeout + "on-disconnect=wait");
  reader_->event("mmap-timeout");
  reader_.reset();
  read(short_timeout + "on-disconnect=error");
  expect_error("100 ms");
  reader_.reset();
  read(short_timeout + "on-disconnect=eos");
  expect_eos();
}

// A pause is not silence: nobody asked for frames.
TEST_F(Disconnect, the_time_before_playing_does_not_count_as_silence) {
  reader_ = std::make_unique<ReaderPipeline>(path_, "timeout=300000000");
  reader_->set(GST_STATE_PAUSED);
  g_usleep(500'000);
  const gint64 before_us = g_get_monotonic_time();
  reader_->play();
  reader_->event("mmap-timeout");
  EXPECT_GE(g_get_monotonic_time() - before_us, 300'000);
}

// ---- Gaps -------------------------------------------------------------------------------------

TEST_F(Disconnect, frames_that_a_reader_of_every_frame_missed_are_told_marked_and_counted) {
  const WriterPipeline writer(path_, "slots=4");
  writer.play();
  writer.set_caps(grey_caps());
  writer.push(grey_bytes(1));
  reader_ = std::make_unique<ReaderPipeline>(path_, "delivery=every-frame", "max-buffers=1");
  reader_->play();
  reader_->wait_for_delivered(1);
  writer.push(grey_bytes(2));
  reader_->wait_for_delivered(2);
  for (std::uint8_t i = 3; i <= 30; ++i) writer.push(grey_bytes(i));
  writer.wait_for_published(30);

  int expected = 1;
  std::uint64_t marked = 0;
  while (expected <= 30) {
    const Sample sample = reader_->pull();
    const int value = value_of(sample);
    ASSERT_GE(value, expected);
    if (expected > 1) {
      EXPECT_EQ(is_discont(sample), value != expected) << value;
    }
    marked += static_cast<std::uint64_t>(value - expected);
    expected = value + 1;
  }
  EXPECT_GT(marked, 0u);
  EXPECT_EQ(stat(reader_->source(), "skipped"), marked);
  EXPECT_EQ(stat(reader_->source(), "frames") + marked, 30u);
  std::uint64_t told = 0;
  while (told < marked) {
    const Structure event = reader_->event("mmap-frames-skipped");
    EXPECT_STREQ(gst_structure_get_string(event.get(), "location"), path_.c_str());
    told += number_in(event.get(), "count");
  }
  EXPECT_EQ(told, marked);
}

TEST_F(Disconnect, frames_that_a_reader_of_the_newest_skips_are_not_told) {
  const WriterPipeline writer(path_);
  writer.play();
  writer.set_caps(grey_caps());
  const ReaderPipeline reader(path_, "", "max-buffers=1");
  writer.push(grey_bytes(1));
  reader.play();
  reader.wait_for_delivered(1);
  for (std::uint8_t i = 2; i <= 30; ++i) writer.push(grey_bytes(i));
  writer.wait_for_published(30);
  while (value_of(reader.pull()) != 30) {
  }
  EXPECT_GT(stat(reader.source(), "skipped"), 0u);
  EXPECT_EQ(reader.events(), std::vector<std::string>{});
}

}  // namespace
}  // namespace mmapvideo_test
