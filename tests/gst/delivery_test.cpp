// SPDX-License-Identifier: MIT
// The properties delivery, wait-timeout and wait-for-readers of mmapsink: lossless delivery between
// elements, and that every wait ends when the pipeline is stopped, paused or flushed.
#include <gtest/gtest.h>

#include <memory>
#include <mmapvideo/mmapvideo.hpp>
#include <string>
#include <vector>

#include "numbered.hpp"
#include "sender.hpp"
#include "support/file_test.hpp"
#include "support/later.hpp"
#include "support/turns.hpp"

namespace mmapvideo_test {
namespace {

class Delivery : public FileTest {
 protected:
  void start_writer(const std::string& options) {
    writer_ = std::make_unique<WriterPipeline>(path_, options);
    writer_->play();
    writer_->set_caps(kNumberCaps);
  }
  void push(std::uint64_t count = 1) {
    for (; count > 0; --count) writer_->push(numbered_bytes(++pushed_));
  }
  void start_reader(const std::string& options = "delivery=every-frame") {
    reader_ = std::make_unique<ReaderPipeline>(path_, options, "enable-last-sample=false");
    reader_->play();
  }
  /// Waits until the writer waits for the reader.
  void wait_for_wait() {
    while (load(RawFile(path_).header().released) % 2 == 0) g_usleep(1000);
  }
  /// With the turn of a reader that does not move: a writer that waits for ever.
  void block_writer() {
    start_writer("slots=4 wait-timeout=-1 delivery=every-frame");
    push();
    writer_->wait_for_published(1);
    turn_ = std::make_unique<HandTurn>(path_, 1);
    push(9);
    wait_for_wait();
  }

  std::unique_ptr<WriterPipeline> writer_;
  std::unique_ptr<ReaderPipeline> reader_;
  std::unique_ptr<HandTurn> turn_;
  std::uint64_t pushed_ = 0;
};

// ---- Properties -------------------------------------------------------------------------------

TEST_F(Delivery, names_and_defaults_are_as_documented) {
  const WriterPipeline writer(path_);
  gint delivery = -1;
  guint readers = 1;
  gint64 timeout = 0;
  g_object_get(writer.sink(), "delivery", &delivery, "wait-for-readers", &readers, "wait-timeout",
               &timeout, nullptr);
  EXPECT_EQ(delivery, MMAPVIDEO_DELIVERY_LATEST);
  EXPECT_EQ(readers, 0u);
  EXPECT_EQ(timeout, static_cast<gint64>(GST_SECOND));
  for (const char* name : {"latest", "every-frame", "acknowledged"})
    EXPECT_NO_THROW(WriterPipeline(path_, std::string("delivery=") + name));
}

// ---- Every frame ------------------------------------------------------------------------------

TEST_F(Delivery, slow_reader_gets_every_frame_of_an_unpaced_writer) {
  constexpr std::uint64_t kFrames = 2000;
  start_writer("slots=6 wait-timeout=-1 delivery=every-frame wait-for-readers=1");
  push(kFrames);
  writer_->end();
  reader_ = std::make_unique<ReaderPipeline>(path_, "delivery=every-frame",
                                             "enable-last-sample=false max-buffers=1 sync=false");
  reader_->play();
  for (std::uint64_t number = 1; number <= kFrames; ++number) {
    const Sample sample = reader_->pull();
    ASSERT_EQ(number_of(sample), static_cast<std::int64_t>(number));
    EXPECT_EQ(is_discont(sample), number == 1);
    if (number % 200 == 0) g_usleep(2000);
  }
  reader_->expect_eos();
  EXPECT_EQ(stat(reader_->source(), "skipped"), 0u);
  EXPECT_EQ(stat(writer_->sink(), "dropped"), 0u);
  EXPECT_EQ(stat(writer_->sink(), "passed-over"), 0u);
  EXPECT_GT(stat(writer_->sink(), "waits"), 0u);
}

TEST_F(Delivery, pool_of_a_waiting_writer_gives_slots_in_step_with_the_reader) {
  Sender sender(path_, "slots=8 wait-timeout=-1 delivery=every-frame");
  sender.start();
  const BufferPool pool = sender.pool();
  ASSERT_EQ(sender.push(acquire_numbered(pool, 1)), GST_FLOW_OK);
  start_reader();
  ASSERT_EQ(number_of(reader_->pull()), 1);
  std::thread upstream([&] {
    for (std::uint64_t number = 2; number <= 500; ++number)
      ASSERT_EQ(sender.push(acquire_numbered(pool, number)), GST_FLOW_OK);
  });
  for (std::int64_t number = 2; number <= 500; ++number)
    ASSERT_EQ(number_of(reader_->pull()), number);
  upstream.join();
  EXPECT_EQ(sender.copied(), 0u);
}

TEST_F(Delivery, latest_reader_beside_holds_nobody_up) {
  start_writer("slots=6 wait-timeout=-1 delivery=every-frame");
  push();
  start_reader("delivery=latest");
  ASSERT_EQ(number_of(reader_->pull()), 1);
  push(300);
  writer_->wait_for_published(301);
  EXPECT_EQ(stat(writer_->sink(), "waits"), 0u);
  EXPECT_EQ(stat(writer_->sink(), "lossless-readers"), 0u);
}

TEST_F(Delivery, reader_that_stands_still_is_passed_over_once_and_the_bus_is_warned_once) {
  start_writer("slots=4 wait-timeout=20000000 delivery=every-frame");
  push();
  writer_->wait_for_published(1);
  turn_ = std::make_unique<HandTurn>(path_, 1);
  const auto warning_after_a_frame = [&] {
    push();
    writer_->wait_for_published(pushed_);
    const Message warning = writer_->wait(GST_MESSAGE_WARNING, 5 * GST_MSECOND);
    return warning ? problem_in(warning.get()) : Problem();
  };
  Problem problem;
  do {  // the first may be about a file that is not in memory
    problem = warning_after_a_frame();
  } while (!mentions(problem.sentence, "passed over"));
  EXPECT_TRUE(mentions(problem.sentence, path_)) << problem.sentence;
  EXPECT_TRUE(mentions(problem.sentence, "20 ms")) << problem.sentence;
  const std::uint64_t begin = mmapvideo_clock_now_ns();
  // Longer than between two looks at the readers.
  while (mmapvideo_clock_now_ns() - begin < 1'100'000'000)
    EXPECT_EQ(warning_after_a_frame().sentence, "");
  EXPECT_EQ(stat(writer_->sink(), "waits"), 1u);
  EXPECT_EQ(stat(writer_->sink(), "passed-over"), 1u);
}

// ---- Acknowledged -----------------------------------------------------------------------------

TEST_F(Delivery, acknowledged_frame_holds_the_stream_until_downstream_is_done) {
  start_writer("slots=8 wait-timeout=-1 delivery=acknowledged wait-for-readers=1");
  push(50);
  reader_ = std::make_unique<ReaderPipeline>(path_, "delivery=every-frame",
                                             "enable-last-sample=false max-buffers=1 sync=false");
  reader_->play();
  for (std::uint64_t number = 1; number <= 50; ++number) {
    ASSERT_EQ(number_of(reader_->pull()), static_cast<std::int64_t>(number));
    // One in appsink, one that waits to get in, one behind that.
    EXPECT_LE(writer_->published(), number + 3);
  }
}

// ---- Rendezvous -------------------------------------------------------------------------------

TEST_F(Delivery, first_frame_waits_for_readers_and_says_so) {
  start_writer("wait-for-readers=2");
  push(3);
  const Structure event = writer_->event("mmap-waiting-for-readers");
  EXPECT_EQ(number_in(event.get(), "readers"), 2u);
  EXPECT_EQ(gst_structure_get_string(event.get(), "location"), path_);
  ReaderPipeline first(path_, "delivery=every-frame"), second(path_, "delivery=every-frame");
  first.play();
  EXPECT_FALSE(first.try_pull(50 * GST_MSECOND));
  EXPECT_EQ(writer_->published(), 0u);
  second.play();
  for (std::int64_t number = 1; number <= 3; ++number) {
    EXPECT_EQ(number_of(first.pull()), number);
    EXPECT_EQ(number_of(second.pull()), number);
  }
}

TEST_F(Delivery, readers_that_come_and_go_are_told) {
  start_writer("");
  push();
  start_reader();
  ASSERT_EQ(number_of(reader_->pull()), 1);
  const auto push_until = [&](const char* name) {
    for (;;) {
      push();
      for (const std::string& event : writer_->events(20 * GST_MSECOND))
        if (event == name) return;
    }
  };
  push_until("mmap-reader-attached");
  reader_.reset();
  push_until("mmap-reader-detached");
}

// ---- The end of every wait --------------------------------------------------------------------

TEST_F(Delivery, writer_that_waits_for_a_slot_stops_at_once) {
  for (GstState state : {GST_STATE_NULL, GST_STATE_READY}) {
    pushed_ = 0;
    block_writer();
    EXPECT_EQ(writer_->set(state), GST_STATE_CHANGE_SUCCESS);
    turn_.reset();
    writer_.reset();
  }
}

TEST_F(Delivery, writer_that_waits_for_readers_stops_at_once) {
  for (GstState state : {GST_STATE_NULL, GST_STATE_READY}) {
    start_writer("wait-for-readers=1");
    push();
    const Structure event = writer_->event("mmap-waiting-for-readers");
    EXPECT_EQ(writer_->set(state), GST_STATE_CHANGE_SUCCESS);
    writer_.reset();
  }
}

TEST_F(Delivery, writer_that_waits_for_the_end_of_a_frame_stops_at_once) {
  start_writer("slots=4 wait-timeout=-1 delivery=acknowledged");
  push();
  writer_->wait_for_published(1);
  turn_ = std::make_unique<HandTurn>(path_, 2);
  push();
  wait_for_wait();
  EXPECT_EQ(writer_->set(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
}

TEST_F(Delivery, pause_ends_the_wait_and_loses_no_frame) {
  block_writer();
  EXPECT_NE(writer_->set(GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  const std::uint64_t published = writer_->published();
  turn_.reset();
  g_usleep(20'000);
  EXPECT_EQ(writer_->published(), published) << "it is paused";
  writer_->play();
  writer_->wait_for_published(10);
  EXPECT_EQ(stat(writer_->sink(), "dropped"), 0u);
}

TEST_F(Delivery, flush_ends_the_wait) {
  block_writer();
  const Pad pad(gst_element_get_static_pad(writer_->sink(), "sink"));
  const Pad peer(gst_pad_get_peer(pad.get()));
  gst_pad_push_event(peer.get(), gst_event_new_flush_start());
  EXPECT_EQ(load(RawFile(path_).header().released) % 2, 0u);
  gst_pad_push_event(peer.get(), gst_event_new_flush_stop(TRUE));
  turn_.reset();
}

TEST_F(Delivery, upstream_that_waits_for_a_slot_of_the_pool_is_let_go_when_mmapsink_stops) {
  Sender sender(path_, "slots=6 wait-timeout=-1 delivery=every-frame");
  sender.start();
  const BufferPool pool = sender.pool();
  for (std::uint64_t number = 1; number <= 6; ++number)
    ASSERT_EQ(sender.push(acquire_numbered(pool, number)), GST_FLOW_OK);
  turn_ = std::make_unique<HandTurn>(path_, 1);
  std::thread upstream([&] { acquire(pool); });
  wait_for_wait();
  sender.stop();
  upstream.join();
}

TEST_F(Delivery, stats_can_be_read_while_the_writer_waits) {
  block_writer();
  EXPECT_EQ(stat(writer_->sink(), "waits"), 1u);
  EXPECT_EQ(stat(writer_->sink(), "lossless-readers"), 1u);
  turn_.reset();
  writer_->wait_for_published(10);
}

}  // namespace
}  // namespace mmapvideo_test
