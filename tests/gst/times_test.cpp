// SPDX-License-Identifier: MIT
// Running times from one pipeline to another, and pacing.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "pipeline.hpp"
#include "support/file_test.hpp"
#include "support/library.hpp"

namespace mmapvideo_test {
namespace {

GstClockTime pts_of(const Sample& sample) {
  return GST_BUFFER_PTS(gst_sample_get_buffer(sample.get()));
}
GstClockTime base_time(const Pipeline& pipeline) {
  return gst_element_get_base_time(pipeline.get());
}

void start(const WriterPipeline& writer) {
  writer.play();
  writer.set_caps(grey_caps());
}

TEST_F(FileTest, a_time_of_the_writer_is_the_same_instant_in_the_reader) {
  const WriterPipeline writer(path_);
  start(writer);
  const ReaderPipeline reader(path_, "delivery=every-frame");
  writer.push(grey_bytes(0), 100 * GST_SECOND);
  reader.play();
  ASSERT_TRUE(reader.pull());
  for (int i = 1; i < 10; ++i) {
    const GstClockTime pts = (100 + static_cast<GstClockTime>(i)) * GST_SECOND + 12'345;
    writer.push(grey_bytes(0), pts);
    EXPECT_EQ(pts_of(reader.pull()) + base_time(reader), pts + base_time(writer));
  }
}

TEST_F(FileTest, the_running_time_counts_and_not_the_timestamp_where_the_segment_is_shifted) {
  const Pipeline writer("identity name=front ! mmapsink sync=false location=" + path_);
  const Pad pad(gst_element_get_static_pad(writer.element("front"), "sink"));
  writer.play();
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = segment.time = 3600 * GST_SECOND;
  segment.base = 1000 * GST_SECOND;
  gst_pad_send_event(pad.get(), gst_event_new_stream_start("test"));
  gst_pad_send_event(pad.get(), gst_event_new_caps(caps_of(grey_caps()).get()));
  gst_pad_send_event(pad.get(), gst_event_new_segment(&segment));
  GstBuffer* buffer = buffer_of(grey_bytes(1)).release();
  GST_BUFFER_PTS(buffer) = 3605 * GST_SECOND;
  ASSERT_EQ(gst_pad_chain(pad.get(), buffer), GST_FLOW_OK);
  const ReaderPipeline reader(path_);
  reader.play();
  EXPECT_EQ(pts_of(reader.pull()) + base_time(reader), 1005 * GST_SECOND + base_time(writer));
}

TEST_F(FileTest, a_decoding_time_keeps_its_distance_to_the_presentation_time) {
  const WriterPipeline writer(path_);
  start(writer);
  const ReaderPipeline reader(path_, "delivery=every-frame");
  writer.push(grey_bytes(0), 100 * GST_SECOND);
  reader.play();
  ASSERT_TRUE(reader.pull());
  for (GstClockTimeDiff ahead :
       {GstClockTimeDiff{0}, GstClockTimeDiff{80'000'000}, GstClockTimeDiff{-80'000'000}}) {
    Buffer buffer = buffer_of(grey_bytes(1));
    GST_BUFFER_PTS(buffer.get()) = 200 * GST_SECOND;
    GST_BUFFER_DTS(buffer.get()) = 200 * GST_SECOND - static_cast<GstClockTime>(ahead);
    writer.push(std::move(buffer));
    const Sample sample = reader.pull();
    EXPECT_EQ(GST_CLOCK_DIFF(GST_BUFFER_DTS(gst_sample_get_buffer(sample.get())), pts_of(sample)),
              ahead);
  }
}

TEST_F(FileTest, two_sources_in_one_pipeline_give_the_same_frame_the_same_time) {
  const WriterPipeline writer(path_, "slots=32");
  start(writer);
  writer.push(grey_bytes(0), 100 * GST_SECOND);
  writer.wait_for_published(1);
  const Pipeline reader("mmapsrc delivery=every-frame location=" + path_ +
                        " ! appsink name=a sync=false mmapsrc delivery=every-frame location=" +
                        path_ + " ! appsink name=b sync=false");
  reader.play();
  const auto pull = [&](const char* name) {
    return Sample(gst_app_sink_pull_sample(GST_APP_SINK(reader.element(name))));
  };
  for (std::uint8_t i = 0; i < 20; ++i) {
    const Sample a = pull("a");
    const Sample b = pull("b");
    ASSERT_EQ(value_of(a), i);
    ASSERT_EQ(value_of(b), i);
    EXPECT_EQ(pts_of(a), pts_of(b));
    writer.push(grey_bytes(static_cast<std::uint8_t>(i + 1)), (101u + i) * GST_SECOND);
  }
}

/// A pipeline whose clock is the wall clock: decades away from the monotonic one.
void use_wall_clock(const Pipeline& pipeline) {
  auto* clock = GST_CLOCK(
      g_object_new(GST_TYPE_SYSTEM_CLOCK, "clock-type", GST_CLOCK_TYPE_REALTIME, nullptr));
  gst_object_ref_sink(clock);
  gst_pipeline_use_clock(GST_PIPELINE(pipeline.get()), clock);
  gst_object_unref(clock);
}

// The two clocks cannot be read at once, so the times differ a little; a mapping that is wrong
// differs by decades.
void expect_near(GstClockTime a, GstClockTime b) {
  EXPECT_LT(a > b ? a - b : b - a, 60 * GST_SECOND);
}

TEST_F(FileTest, running_time_does_not_go_back_when_a_writer_is_followed_by_one_that_is_behind) {
  ReaderPipeline reader(path_, "delivery=every-frame on-disconnect=wait");
  reader.play();
  GstClockTime last = 0;
  for (const GstClockTime ahead : {100 * GST_SECOND, 0 * GST_SECOND, 50 * GST_SECOND}) {
    const WriterPipeline writer(path_, "keep-file=true");
    start(writer);
    for (std::uint8_t i = 0; i < 3; ++i) {
      writer.push(grey_bytes(i), ahead + i * GST_MSECOND);
      const Sample sample = reader.pull();
      ASSERT_EQ(value_of(sample), i);
      EXPECT_GE(pts_of(sample), last);
      last = pts_of(sample);
    }
  }
}

TEST_F(FileTest, pipelines_with_different_clocks_agree_on_the_instant) {
  for (const bool writer_on_wall_clock : {true, false}) {
    const WriterPipeline writer(path_);
    const ReaderPipeline reader(path_);
    use_wall_clock(writer_on_wall_clock ? static_cast<const Pipeline&>(writer) : reader);
    start(writer);
    writer.push(grey_bytes(1), 1000 * GST_SECOND);
    writer.wait_for_published(1);
    reader.play();
    expect_near(pts_of(reader.pull()), 1000 * GST_SECOND);
  }
}

TEST_F(FileTest, a_frame_from_before_the_reader_began_has_running_time_0) {
  const WriterPipeline writer(path_);
  start(writer);
  writer.push(grey_bytes(1), 0);
  writer.wait_for_published(1);
  const ReaderPipeline reader(path_);
  reader.play();
  EXPECT_EQ(pts_of(reader.pull()), 0u);
}

TEST_F(FileTest, a_frame_without_a_time_gets_its_arrival) {
  const WriterPipeline writer(path_);
  start(writer);
  const ReaderPipeline reader(path_, "delivery=every-frame");
  writer.push(grey_bytes(0));
  reader.play();
  ASSERT_TRUE(reader.pull());
  g_usleep(50'000);
  writer.push(buffer_of(grey_bytes(1)));
  EXPECT_GE(pts_of(reader.pull()), 50 * GST_MSECOND);
}

// ---- Pacing -----------------------------------------------------------------------------------

TEST_F(FileTest, frames_of_a_source_that_is_not_live_are_published_in_their_time) {
  const WriterPipeline writer(path_, "sync=true");
  const Reader reader = open_reader(path_, MMAPVIDEO_DELIVERY_EVERY_FRAME);
  start(writer);
  for (std::uint8_t i = 0; i < 5; ++i) {
    writer.push(grey_bytes(i), i * 100 * GST_MSECOND);
    const Taken taken = take(reader);
    EXPECT_GE(taken.info.publish_time_ns, taken.info.clock_time_ns);
    EXPECT_EQ(taken.info.clock_time_ns, base_time(writer) + i * 100 * GST_MSECOND);
  }
}

// Were they delayed, the watchdog would bark.
TEST_F(FileTest, frames_of_a_live_source_are_published_as_they_come) {
  const WriterPipeline writer(path_, "sync=true");
  g_object_set(writer.in(), "is-live", TRUE, nullptr);
  start(writer);
  for (std::uint8_t i = 0; i < 5; ++i) writer.push(grey_bytes(i), (1 + i) * 3600 * GST_SECOND);
  writer.wait_for_published(5);
}

TEST_F(FileTest, without_sync_frames_are_published_as_they_come) {
  const WriterPipeline writer(path_, "sync=false");
  start(writer);
  for (std::uint8_t i = 0; i < 5; ++i) writer.push(grey_bytes(i), (1 + i) * 3600 * GST_SECOND);
  writer.wait_for_published(5);
}

TEST_F(FileTest, late_frames_are_published_all_the_same) {
  const WriterPipeline writer(path_, "sync=true");
  start(writer);
  writer.push(grey_bytes(0), 0);
  writer.wait_for_published(1);
  g_usleep(300'000);
  for (std::uint8_t i = 1; i < 10; ++i) writer.push(grey_bytes(i), i * GST_MSECOND);
  writer.wait_for_published(10);
  EXPECT_EQ(stat(writer.sink(), "dropped"), 0u);
}

}  // namespace
}  // namespace mmapvideo_test
