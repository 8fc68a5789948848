// SPDX-License-Identifier: MIT
// Starting, stopping and restarting either end in any order and at any time.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "pipeline.hpp"
#include "process.hpp"
#include "support/file_test.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

void start(const WriterPipeline& writer, int width = 64, int height = 16) {
  writer.play();
  writer.set_caps(grey_caps(width, height));
}

// ---- Start order ------------------------------------------------------------------------------

TEST_F(FileTest, a_reader_may_start_before_the_writer) {
  const ReaderPipeline reader(path_);
  reader.play();
  ASSERT_FALSE(reader.try_pull(120 * GST_MSECOND)) << "there is nothing to read yet";
  const WriterPipeline writer(path_);
  start(writer);
  writer.push(grey_bytes(5));
  EXPECT_EQ(value_of(reader.pull()), 5);
}

TEST_F(FileTest, a_reader_may_start_after_the_writer_and_gets_the_frame_that_is_there) {
  const WriterPipeline writer(path_);
  start(writer);
  for (std::uint8_t i = 1; i <= 3; ++i) writer.push(grey_bytes(i));
  writer.wait_for_published(3);
  const ReaderPipeline reader(path_);
  reader.play();
  EXPECT_EQ(value_of(reader.pull()), 3);
}

TEST_F(FileTest, a_reader_of_every_frame_that_was_there_first_misses_none) {
  const ReaderPipeline reader(path_, "delivery=every-frame");
  reader.play_before_writer();
  const WriterPipeline writer(path_, "slots=64");
  start(writer);
  for (std::uint8_t i = 1; i <= 40; ++i) writer.push(grey_bytes(i));
  for (std::uint8_t i = 1; i <= 40; ++i) ASSERT_EQ(value_of(reader.pull()), i);
  EXPECT_EQ(stat(reader.source(), "skipped"), 0u);
}

// ---- The writer comes and goes ----------------------------------------------------------------

void expect_reader_follows_restart(const std::string& path, bool keep_file) {
  const ReaderPipeline reader(path, "on-disconnect=wait delivery=every-frame");
  reader.play();
  const WriterPipeline writer(path, keep_file ? "keep-file=true" : "");
  for (int round = 0; round < 4; ++round) {
    const int width = 64 << (round % 3);
    start(writer, width);
    for (std::uint8_t i = 0; i < 3; ++i) {
      writer.push(grey_bytes(i, width));
      const Sample sample = reader.pull();
      ASSERT_EQ(value_of(sample), i);
      EXPECT_EQ(bytes_of(sample).size(), static_cast<std::size_t>(width) * 16);
      EXPECT_EQ(is_discont(sample), i == 0);
    }
    writer.set(GST_STATE_NULL);
    EXPECT_EQ(number_in(reader.event("mmap-writer-lost").get(), "ended-cleanly"), 1u);
  }
  EXPECT_EQ(stat(reader.source(), "reattached"), keep_file ? 0u : 3u);
  EXPECT_EQ(stat(reader.source(), "frames"), 12u);
  EXPECT_EQ(stat(reader.source(), "skipped"), 0u);
}

TEST_F(FileTest, a_running_reader_follows_writers_that_remove_their_files_and_change_the_size) {
  expect_reader_follows_restart(path_, false);
}

TEST_F(FileTest, a_running_reader_follows_writers_that_keep_the_file_and_change_the_size) {
  expect_reader_follows_restart(path_, true);
}

TEST_F(FileTest, the_end_of_the_stream_reaches_the_reader_before_the_writer_is_taken_down) {
  const WriterPipeline writer(path_);
  start(writer);
  const ReaderPipeline reader(path_);
  reader.play();
  writer.push(grey_bytes(1));
  ASSERT_EQ(value_of(reader.pull()), 1);
  writer.end();
  EXPECT_FALSE(reader.pull());
  reader.expect_eos();
  EXPECT_TRUE(exists(path_)) << "the writer still has its file";
}

TEST_F(FileTest, frames_after_the_end_and_a_flush_are_a_new_session) {
  const Pipeline writer("identity name=front ! mmapsink name=out sync=false location=" + path_);
  const Pad pad(gst_element_get_static_pad(writer.element("front"), "sink"));
  const auto push_stream = [&](std::uint8_t value) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_send_event(pad.get(), gst_event_new_stream_start("test"));
    gst_pad_send_event(pad.get(), gst_event_new_caps(caps_of(grey_caps()).get()));
    gst_pad_send_event(pad.get(), gst_event_new_segment(&segment));
    EXPECT_EQ(gst_pad_chain(pad.get(), buffer_of(grey_bytes(value)).release()), GST_FLOW_OK);
  };
  const ReaderPipeline reader(path_, "on-disconnect=wait");
  writer.play();
  push_stream(1);
  reader.play();
  EXPECT_EQ(value_of(reader.pull()), 1);
  const auto first_session = RawFile(path_, O_RDONLY).header().session_id;
  gst_pad_send_event(pad.get(), gst_event_new_eos());
  reader.event("mmap-writer-lost");
  gst_pad_send_event(pad.get(), gst_event_new_flush_start());
  gst_pad_send_event(pad.get(), gst_event_new_flush_stop(TRUE));
  push_stream(2);
  const Sample sample = reader.pull();
  EXPECT_EQ(value_of(sample), 2);
  EXPECT_TRUE(is_discont(sample));
  EXPECT_NE(RawFile(path_, O_RDONLY).header().session_id, first_session);
}

// ---- State changes ----------------------------------------------------------------------------

const GstState ladder[] = {GST_STATE_NULL,    GST_STATE_READY,  GST_STATE_PAUSED,
                           GST_STATE_PLAYING, GST_STATE_PAUSED, GST_STATE_READY};

void climb(const Pipeline& pipeline, int rounds) {
  for (int round = 0; round < rounds; ++round)
    for (GstState state : ladder)
      ASSERT_NE(pipeline.set(state), GST_STATE_CHANGE_FAILURE) << "round " << round;
  EXPECT_EQ(pipeline.set(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
}

TEST_F(FileTest, mmapsrc_changes_state_many_times_without_a_writer) {
  climb(ReaderPipeline(path_), 100);
}

TEST_F(FileTest, mmapsrc_changes_state_many_times_with_a_writer) {
  const Pipeline writer(
      "videotestsrc is-live=true ! video/x-raw,width=32,height=32,"
      "framerate=200/1 ! mmapsink location=" +
      path_);
  writer.play();
  const Pipeline reader("mmapsrc location=" + path_ + " ! fakesink");
  climb(reader, 100);
}

TEST_F(FileTest, mmapsink_changes_state_many_times_with_a_live_source) {
  climb(Pipeline("videotestsrc is-live=true ! video/x-raw,width=32,height=32,framerate=200/1 ! "
                 "mmapsink location=" +
                 path_),
        100);
  EXPECT_FALSE(exists(path_));
}

TEST_F(FileTest, mmapsink_changes_state_many_times_with_a_source_that_is_not_live) {
  climb(Pipeline("videotestsrc ! video/x-raw,width=32,height=32 ! mmapsink location=" + path_),
        100);
  EXPECT_FALSE(exists(path_));
}

TEST_F(FileTest, mmapsrc_that_waits_for_a_writer_stops_at_once) {
  for (const char* delivery : {"latest", "every-frame"}) {
    const ReaderPipeline reader(path_, std::string("delivery=") + delivery);
    EXPECT_EQ(reader.set(GST_STATE_PLAYING), GST_STATE_CHANGE_ASYNC);
    g_usleep(50'000);  // so that the streaming thread is really waiting
    EXPECT_EQ(reader.set(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  }
}

TEST_F(FileTest, mmapsrc_that_waits_for_the_next_frame_stops_at_once) {
  const WriterPipeline writer(path_);
  start(writer);
  writer.push(grey_bytes(1));
  const ReaderPipeline reader(path_);
  reader.play();
  ASSERT_TRUE(reader.pull());
  g_usleep(50'000);
  EXPECT_EQ(reader.set(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
}

TEST_F(FileTest, mmapsink_without_any_frame_stops_at_once) {
  const WriterPipeline writer(path_);
  EXPECT_EQ(writer.set(GST_STATE_PLAYING), GST_STATE_CHANGE_ASYNC);
  EXPECT_EQ(writer.set(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  EXPECT_FALSE(exists(path_));
}

TEST_F(FileTest, mmapsink_that_is_paused_with_a_frame_stops_at_once) {
  const WriterPipeline writer(path_);
  writer.set(GST_STATE_PAUSED);
  writer.set_caps(grey_caps());
  writer.push(grey_bytes(1));
  EXPECT_EQ(writer.settle(), GST_STATE_CHANGE_SUCCESS);
  EXPECT_EQ(writer.set(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
}

TEST_F(FileTest, mmapsink_that_waits_for_the_time_of_a_frame_stops_at_once) {
  const WriterPipeline writer(path_, "sync=true");
  start(writer);
  writer.push(grey_bytes(1), 3600 * GST_SECOND);
  writer.settle();
  g_usleep(50'000);
  EXPECT_EQ(writer.published(), 0u);
  EXPECT_EQ(writer.set(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
}

TEST_F(FileTest, a_frame_is_not_published_twice_for_being_shown_while_paused) {
  const WriterPipeline writer(path_);
  writer.set(GST_STATE_PAUSED);
  writer.set_caps(grey_caps());
  writer.push(grey_bytes(1));
  writer.settle();
  EXPECT_EQ(writer.published(), 0u);
  writer.play();
  writer.push(grey_bytes(2));
  writer.wait_for_published(2);
  writer.end();
  writer.expect_eos();
  EXPECT_EQ(writer.published(), 2u);
}

TEST_F(FileTest, a_reader_that_was_paused_goes_on_with_the_next_frame) {
  const WriterPipeline writer(path_);
  start(writer);
  const ReaderPipeline reader(path_, "delivery=every-frame");
  writer.push(grey_bytes(0));
  reader.play();
  ASSERT_EQ(value_of(reader.pull()), 0);
  for (std::uint8_t i = 1; i <= 20; ++i) {
    reader.set(GST_STATE_PAUSED);
    writer.push(grey_bytes(i));
    writer.wait_for_published(i + 1u);
    reader.set(GST_STATE_PLAYING);
    ASSERT_EQ(value_of(reader.pull()), i);
  }
}

TEST_F(FileTest, a_reader_that_pauses_and_plays_at_once_goes_on) {
  const WriterPipeline writer(path_);
  start(writer);
  const ReaderPipeline reader(path_, "delivery=every-frame");
  writer.push(grey_bytes(0));
  reader.play();
  ASSERT_EQ(value_of(reader.pull()), 0);
  for (std::uint8_t i = 1; i <= 100; ++i) {
    reader.set(GST_STATE_PAUSED);
    reader.set(GST_STATE_PLAYING);
    writer.push(grey_bytes(i));
    ASSERT_EQ(value_of(reader.pull()), i);
  }
}

TEST_F(FileTest, a_writer_that_was_paused_goes_on_in_the_same_session) {
  const WriterPipeline writer(path_);
  start(writer);
  writer.push(grey_bytes(1));
  writer.wait_for_published(1);
  const auto session = RawFile(path_, O_RDONLY).header().session_id;
  writer.set(GST_STATE_PAUSED);
  writer.play();
  writer.push(grey_bytes(2));
  writer.wait_for_published(2);
  EXPECT_EQ(RawFile(path_, O_RDONLY).header().session_id, session);
}

// ---- Events -----------------------------------------------------------------------------------

struct EventCase {
  const char* element;
  GstState state;
};
class Events : public FileTest, public ::testing::WithParamInterface<EventCase> {};

// In a process of its own: a crash must not take the other tests along.
TEST_P(Events, sent_in_any_state_do_no_harm) {
  for (const char* event : {"flush-start", "flush-stop", "eos", "seek"}) {
    Process process({"event", GetParam().element, path_, std::to_string(GetParam().state), event});
    EXPECT_EQ(process.wait(), 0) << event << " kills the process";
  }
}
INSTANTIATE_TEST_SUITE_P(All, Events,
                         ::testing::Values(EventCase{"mmapsrc", GST_STATE_NULL},
                                           EventCase{"mmapsrc", GST_STATE_READY},
                                           EventCase{"mmapsrc", GST_STATE_PAUSED},
                                           EventCase{"mmapsrc", GST_STATE_PLAYING},
                                           EventCase{"mmapsink", GST_STATE_NULL},
                                           EventCase{"mmapsink", GST_STATE_READY},
                                           EventCase{"mmapsink", GST_STATE_PAUSED},
                                           EventCase{"mmapsink", GST_STATE_PLAYING}),
                         [](const auto& parameter) {
                           return std::string(parameter.param.element) + "_in_" +
                                  gst_element_state_get_name(parameter.param.state);
                         });

TEST_F(FileTest, properties_that_change_in_ready_are_the_ones_in_use) {
  const WriterPipeline writer(path_);
  writer.set_caps(grey_caps());
  gst_element_set_state(writer.get(), GST_STATE_READY);
  EXPECT_FALSE(exists(path_));
  const std::string other = dir_ / "other";
  g_object_set(writer.sink(), "location", other.c_str(), nullptr);
  writer.play();
  writer.push(grey_bytes(1));
  writer.wait_for_published(1);
  EXPECT_TRUE(exists(other));
  EXPECT_FALSE(exists(path_));
  gst_element_set_state(writer.get(), GST_STATE_READY);
  EXPECT_FALSE(exists(other)) << "the session ends on the way to READY";
}

TEST_F(FileTest, a_writer_that_was_in_ready_begins_a_new_session_with_the_same_caps) {
  const ReaderPipeline reader(path_, "on-disconnect=wait");
  reader.play();
  const WriterPipeline writer(path_);
  for (std::uint8_t i = 1; i <= 5; ++i) {
    start(writer);
    writer.push(grey_bytes(i));
    ASSERT_EQ(value_of(reader.pull()), i);
    ASSERT_NE(writer.set(GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  }
}

TEST_F(FileTest, after_a_flush_the_reader_goes_on) {
  const WriterPipeline writer(path_);
  start(writer);
  writer.push(grey_bytes(1));
  const ReaderPipeline reader(path_);
  reader.play();
  ASSERT_EQ(value_of(reader.pull()), 1);
  for (std::uint8_t i = 2; i < 12; ++i) {
    // A flush during a state change deadlocks in GStreamer itself (1.22: the latency query).
    reader.settle();
    ASSERT_TRUE(gst_element_send_event(reader.source(), gst_event_new_flush_start()));
    ASSERT_TRUE(gst_element_send_event(reader.source(), gst_event_new_flush_stop(TRUE)));
    writer.push(grey_bytes(i));
    ASSERT_EQ(value_of(reader.pull()), i);
  }
}

TEST_F(FileTest, an_eos_event_ends_a_reader_that_waits) {
  const ReaderPipeline reader(path_);
  reader.play();
  g_usleep(50'000);
  gst_element_send_event(reader.get(), gst_event_new_eos());
  reader.expect_eos();
}

TEST_F(FileTest, a_seek_is_refused_and_the_reader_goes_on) {
  const WriterPipeline writer(path_);
  start(writer);
  writer.push(grey_bytes(1));
  const ReaderPipeline reader(path_);
  reader.play();
  ASSERT_EQ(value_of(reader.pull()), 1);
  EXPECT_FALSE(gst_element_seek_simple(reader.get(), GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0));
  writer.push(grey_bytes(2));
  EXPECT_EQ(value_of(reader.pull()), 2);
}

// ---- Several readers, and readers that return -------------------------------------------------

TEST_F(FileTest, several_readers_each_get_every_frame) {
  const WriterPipeline writer(path_, "slots=32");
  start(writer);
  std::vector<std::unique_ptr<ReaderPipeline>> readers;
  writer.push(grey_bytes(0));
  for (int i = 0; i < 5; ++i) {
    readers.push_back(std::make_unique<ReaderPipeline>(path_, "delivery=every-frame"));
    readers.back()->play();
    ASSERT_EQ(value_of(readers.back()->pull()), 0);
  }
  for (std::uint8_t i = 1; i < 20; ++i) writer.push(grey_bytes(i));
  for (const auto& reader : readers)
    for (std::uint8_t i = 1; i < 20; ++i) ASSERT_EQ(value_of(reader->pull()), i);
  EXPECT_EQ(stat(writer.sink(), "readers"), 5u);
  readers.resize(2);
  EXPECT_EQ(stat(writer.sink(), "readers"), 2u);
}

TEST_F(FileTest, a_reader_may_be_restarted_as_often_as_it_likes) {
  const WriterPipeline writer(path_);
  start(writer);
  const ReaderPipeline reader(path_);
  for (std::uint8_t i = 0; i < 20; ++i) {
    writer.push(grey_bytes(i));
    writer.wait_for_published(i + 1u);
    reader.play();
    ASSERT_EQ(value_of(reader.pull()), i);
    reader.set(i % 2 == 0 ? GST_STATE_NULL : GST_STATE_READY);
  }
}

TEST_F(FileTest, a_reader_of_the_newest_frame_marks_the_gap_and_counts_it) {
  const WriterPipeline writer(path_);
  start(writer);
  // Downstream holds one frame, mmapsrc the next; those after it pass by.
  const ReaderPipeline reader(path_, "", "max-buffers=1");
  writer.push(grey_bytes(1));
  reader.play();
  reader.wait_for_delivered(1);
  writer.push(grey_bytes(2));
  reader.wait_for_delivered(2);
  for (std::uint8_t i = 3; i <= 9; ++i) writer.push(grey_bytes(i));
  writer.wait_for_published(9);
  ASSERT_EQ(value_of(reader.pull()), 1);
  const Sample next = reader.pull();
  EXPECT_EQ(value_of(next), 2);
  EXPECT_FALSE(is_discont(next));
  const Sample newest = reader.pull();
  EXPECT_EQ(value_of(newest), 9);
  EXPECT_TRUE(is_discont(newest));
  EXPECT_EQ(stat(reader.source(), "skipped"), 6u);
  EXPECT_EQ(stat(reader.source(), "frames"), 3u);
}

// ---- The file ---------------------------------------------------------------------------------

TEST_F(FileTest, a_clean_stop_removes_the_file) {
  const WriterPipeline writer(path_);
  start(writer);
  writer.push(grey_bytes(1));
  writer.wait_for_published(1);
  EXPECT_TRUE(exists(path_));
  writer.set(GST_STATE_NULL);
  EXPECT_FALSE(exists(path_));
}

TEST_F(FileTest, a_kept_file_gives_a_late_reader_its_last_frame_and_then_the_end) {
  {
    const WriterPipeline writer(path_, "keep-file=true");
    start(writer);
    for (std::uint8_t i = 1; i <= 4; ++i) writer.push(grey_bytes(i));
    writer.end();
    writer.expect_eos();
  }
  ASSERT_TRUE(exists(path_));
  const ReaderPipeline reader(path_);
  reader.play();
  EXPECT_EQ(value_of(reader.pull()), 4);
  EXPECT_FALSE(reader.pull());
  reader.expect_eos();
}

TEST_F(FileTest, the_ring_has_as_many_slots_as_were_asked_for) {
  const WriterPipeline writer(path_, "slots=7");
  start(writer);
  writer.push(grey_bytes(1));
  writer.wait_for_published(1);
  EXPECT_EQ(stat(writer.sink(), "slots"), 7u);
  EXPECT_EQ(RawFile(path_, O_RDONLY).ring().slot_count, 7u);
}

}  // namespace
}  // namespace mmapvideo_test
