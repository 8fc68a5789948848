// SPDX-License-Identifier: MIT
// The latency that mmapsrc answers with, and what sinks that wait for the clock make of it: frames
// that are dropped for being late, and QoS events.
#include <gtest/gtest.h>

#include <string>

#include "pipeline.hpp"
#include "support/file_test.hpp"
#include "support/library.hpp"

namespace mmapvideo_test {
namespace {

struct Latency {
  gboolean live = FALSE;
  GstClockTime min = 0;
  GstClockTime max = 0;
};
Latency latency_of(GstElement* element) {
  const Query query(gst_query_new_latency());
  Latency latency;
  EXPECT_TRUE(gst_element_query(element, query.get()));
  gst_query_parse_latency(query.get(), &latency.live, &latency.min, &latency.max);
  return latency;
}

/// Says that from now on frames may be this old when they are published.
void set_latency(const WriterPipeline& writer, GstClockTime latency) {
  ASSERT_TRUE(gst_element_send_event(writer.sink(), gst_event_new_latency(latency)));
}

constexpr GstClockTime a_minute = 60 * GST_SECOND;

/// Its running time has begun a minute ago, so that frames may be older than it.
void play_since_a_minute(const Pipeline& pipeline) {
  GstClock* clock = gst_system_clock_obtain();
  gst_pipeline_use_clock(GST_PIPELINE(pipeline.get()), clock);
  gst_element_set_start_time(pipeline.get(), GST_CLOCK_TIME_NONE);
  gst_element_set_base_time(pipeline.get(), gst_clock_get_time(clock) - a_minute);
  gst_object_unref(clock);
  pipeline.play();
}

void wait_for_reader(const WriterPipeline& writer) {
  while (stat(writer.sink(), "readers") == 0) g_usleep(1000);
}

class LatencyTest : public FileTest {
 protected:
  /// Caps and the first frame.
  static void begin(const WriterPipeline& writer, const std::string& caps = grey_caps()) {
    writer.play();
    writer.set_caps(caps);
    writer.push(grey_bytes(1));
    writer.wait_for_published(1);
  }
  /// A sink that drops what is 5 ms late, and says so upstream.
  Pipeline strict_reader(const std::string& options = "") const {
    return Pipeline("mmapsrc name=in delivery=every-frame location=" + path_ +
                    " ! queue ! fakesink name=out sync=true qos=true max-lateness=5000000 " +
                    options);
  }
};

// ---- The query --------------------------------------------------------------------------------

TEST_F(LatencyTest, mmapsrc_is_live_and_has_no_limit_before_a_writer_is_there) {
  const ReaderPipeline reader(path_);
  reader.set(GST_STATE_PAUSED);
  const Latency latency = latency_of(reader.source());
  EXPECT_TRUE(latency.live);
  EXPECT_EQ(latency.min, 0u);
  EXPECT_EQ(latency.max, GST_CLOCK_TIME_NONE);
}

TEST_F(LatencyTest, latency_of_a_stream_that_is_there_is_known_before_its_next_frame) {
  const WriterPipeline writer(path_);
  begin(writer);
  set_latency(writer, 70 * GST_MSECOND);
  writer.push(grey_bytes(2));
  writer.wait_for_published(2);
  const ReaderPipeline reader(path_);
  reader.set(GST_STATE_PAUSED);
  EXPECT_EQ(latency_of(reader.source()).min, 70 * GST_MSECOND);
}

TEST_F(LatencyTest, pipeline_is_told_of_another_latency) {
  const WriterPipeline writer(path_);
  begin(writer);
  const ReaderPipeline reader(path_, "delivery=every-frame");
  reader.play();
  ASSERT_TRUE(reader.pull());
  EXPECT_EQ(latency_of(reader.source()).min, 0u);
  set_latency(writer, 70 * GST_MSECOND);
  writer.push(grey_bytes(2));
  ASSERT_TRUE(reader.pull());
  EXPECT_TRUE(Message(reader.wait(GST_MESSAGE_LATENCY)));
  EXPECT_EQ(latency_of(reader.source()).min, 70 * GST_MSECOND);
}

TEST_F(LatencyTest,
       newest_frames_may_be_held_for_two_frame_durations_and_all_frames_without_limit) {
  const WriterPipeline writer(path_);
  begin(writer);
  for (const char* delivery : {"latest", "every-frame"}) {
    const ReaderPipeline reader(path_, std::string("delivery=") + delivery);
    reader.set(GST_STATE_PAUSED);
    EXPECT_EQ(latency_of(reader.source()).max,
              delivery == std::string("latest") ? 2 * (GST_SECOND / 30) : GST_CLOCK_TIME_NONE);
  }
}

TEST_F(LatencyTest, a_variable_rate_has_no_limit) {
  const WriterPipeline writer(path_);
  begin(writer, "video/x-raw, format=GRAY8, width=64, height=16, framerate=0/1");
  const ReaderPipeline reader(path_);
  reader.set(GST_STATE_PAUSED);
  EXPECT_EQ(latency_of(reader.source()).max, GST_CLOCK_TIME_NONE);
}

TEST_F(LatencyTest, latency_that_is_no_time_is_none) {
  Writer writer = open_writer(path_);
  mmapvideo_frame_info info = grey_info(grey_bytes(1).size(), grey_caps());
  info.latency_ns = MMAPVIDEO_NONE;
  ASSERT_EQ(try_publish(writer, info, grey_caps()), MMAPVIDEO_OK);
  const ReaderPipeline reader(path_);
  reader.play();
  ASSERT_TRUE(reader.pull());
  EXPECT_EQ(latency_of(reader.source()).min, 0u);
}

// ---- Sinks that wait for the clock ------------------------------------------------------------

// A live stream of 30 frames a second. Each is published a second after its time and due six
// seconds after it: the test fails for another reason only where the machine stands still for five.
TEST_F(LatencyTest, sink_that_waits_for_the_clock_drops_no_frame_that_is_as_old_as_it_was_said) {
  const WriterPipeline writer(path_, "delivery=every-frame wait-timeout=-1");
  play_since_a_minute(writer);
  writer.set_caps(grey_caps());
  writer.push(grey_bytes(0));
  writer.wait_for_published(1);
  set_latency(writer, 6 * GST_SECOND);
  writer.push(grey_bytes(1));
  writer.wait_for_published(2);
  const Pipeline reader = strict_reader();
  play_since_a_minute(reader);
  wait_for_reader(writer);
  const GstClockTime first = gst_element_get_current_running_time(writer.get()) - GST_SECOND;
  for (std::uint8_t i = 0; i < 30; ++i) writer.push(grey_bytes(i), first + i * (GST_SECOND / 30));
  writer.end();
  reader.expect_eos();
  GstElement* sink = reader.element("out");
  EXPECT_EQ(stat(reader.element("in"), "skipped"), 0u);
  // The one from before the latency was set is a minute late.
  EXPECT_EQ(stat(sink, "dropped"), 1u);
  EXPECT_EQ(stat(sink, "rendered"), 30u);
}

TEST_F(LatencyTest, mmapsrc_goes_on_at_its_rate_when_the_sink_says_that_frames_are_late) {
  const WriterPipeline writer(path_, "delivery=every-frame wait-timeout=-1 wait-for-readers=1");
  play_since_a_minute(writer);
  writer.set_caps(grey_caps());
  const Pipeline reader = strict_reader("processing-deadline=0");
  play_since_a_minute(reader);
  for (std::uint8_t i = 0; i < 30; ++i)
    writer.push(grey_bytes(i), a_minute / 2 + i * (GST_SECOND / 30));
  EXPECT_TRUE(Message(reader.wait(GST_MESSAGE_QOS)));
  writer.end();
  reader.expect_eos();
  EXPECT_EQ(stat(reader.element("in"), "frames"), 30u);
  EXPECT_GT(stat(reader.element("out"), "dropped"), 0u);
}

TEST_F(LatencyTest, mmapsink_drops_late_frames_and_tells_upstream_only_if_it_is_asked_to) {
  const WriterPipeline writer(path_, "sync=true qos=true");
  int told = 0;
  const Pad pad(gst_element_get_static_pad(writer.element("in"), "src"));
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM,
      [](GstPad*, GstPadProbeInfo* info, gpointer count) {
        const GstEvent* event = gst_pad_probe_info_get_event(info);
        if (GST_EVENT_TYPE(event) == GST_EVENT_QOS) ++*static_cast<int*>(count);
        return GST_PAD_PROBE_OK;
      },
      &told, nullptr);
  begin(writer);
  // Not before: the first frame may be late as well.
  g_object_set(writer.sink(), "max-lateness", gint64{5 * GST_MSECOND}, nullptr);
  g_usleep(300'000);
  for (std::uint8_t i = 1; i < 10; ++i) writer.push(grey_bytes(i), i * GST_MSECOND);
  writer.end();
  writer.expect_eos();
  EXPECT_EQ(stat(writer.sink(), "dropped"), 9u);
  EXPECT_EQ(writer.published(), 1u);
  EXPECT_GT(told, 0);
}

}  // namespace
}  // namespace mmapvideo_test
