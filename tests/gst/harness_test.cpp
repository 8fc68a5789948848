// SPDX-License-Identifier: MIT
// Both elements in GstHarness, as GStreamer tests its own: latency, EOS, segments, flushes.
#include <gst/check/gstharness.h>
#include <gtest/gtest.h>

#include <memory>

#include "pipeline.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

struct TearDown {
  void operator()(GstHarness* harness) const { gst_harness_teardown(harness); }
};
using Harness = std::unique_ptr<GstHarness, TearDown>;

class HarnessTest : public FileTest {
 protected:
  GstElement* element_of(const char* factory) const {
    GstElement* element = gst_element_factory_make(factory, nullptr);
    g_object_set(element, "location", path_.c_str(), nullptr);
    return element;
  }
  Harness sink() const {
    Harness harness(gst_harness_new_with_element(element_of("mmapsink"), "sink", nullptr));
    gst_harness_set_src_caps_str(harness.get(), grey_caps().c_str());
    return harness;
  }
  /// Started; it waits for a writer.
  Harness source(const char* delivery = "latest") const {
    GstElement* element = element_of("mmapsrc");
    gst_util_set_object_arg(G_OBJECT(element), "delivery", delivery);
    Harness harness(gst_harness_new_with_element(element, nullptr, "src"));
    gst_harness_play(harness.get());
    return harness;
  }
  static GstFlowReturn push(const Harness& sink, std::uint8_t value) {
    Buffer buffer = buffer_of(grey_bytes(value));
    GST_BUFFER_PTS(buffer.get()) = value * GST_MSECOND;
    return gst_harness_push(sink.get(), buffer.release());
  }
  static int pulled_value(const Harness& source) {
    return value_of(bytes_of(Buffer(gst_harness_pull(source.get())).get()));
  }
  /// Passes over other events; without a limit.
  static void wait_for(const Harness& source, GstEventType type) {
    for (;;) {
      GstEvent* event = gst_harness_pull_event(source.get());
      if (event == nullptr) continue;  // the harness gives up after a minute, the watchdog before
      const bool found = GST_EVENT_TYPE(event) == type;
      gst_event_unref(event);
      if (found) return;
    }
  }
};

TEST_F(HarnessTest, frame_that_is_pushed_is_pulled_with_caps_and_a_time_segment) {
  const Harness in = sink();
  const Harness out = source();
  ASSERT_EQ(push(in, 7), GST_FLOW_OK);
  EXPECT_EQ(pulled_value(out), 7);
  const Caps caps(gst_pad_get_current_caps(out->sinkpad));
  EXPECT_TRUE(gst_caps_is_equal(caps.get(), caps_of(grey_caps()).get()));
  GstEvent* event = gst_pad_get_sticky_event(out->sinkpad, GST_EVENT_SEGMENT, 0);
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  EXPECT_EQ(segment->format, GST_FORMAT_TIME);
  gst_event_unref(event);
}

TEST_F(HarnessTest, source_is_live_and_adds_no_latency_of_its_own) {
  const Harness in = sink();
  const Harness out = source();
  ASSERT_EQ(push(in, 1), GST_FLOW_OK);
  pulled_value(out);
  const Query query(gst_query_new_latency());
  ASSERT_TRUE(gst_pad_peer_query(out->sinkpad, query.get()));
  gboolean live = FALSE;
  GstClockTime least = GST_CLOCK_TIME_NONE, most = 0;
  gst_query_parse_latency(query.get(), &live, &least, &most);
  EXPECT_TRUE(live);
  EXPECT_EQ(least, 0u) << "of a writer whose stream has none";
  EXPECT_EQ(most, 2 * (GST_SECOND / 30))
      << "the newest frame is there until the one after the next";
}

TEST_F(HarnessTest, sink_passes_on_the_latency_of_its_upstream) {
  const Harness in = sink();
  gst_harness_set_upstream_latency(in.get(), 40 * GST_MSECOND);
  ASSERT_EQ(push(in, 1), GST_FLOW_OK);
  const Query query(gst_query_new_latency());
  ASSERT_TRUE(gst_element_query(in->element, query.get()));
  GstClockTime least = GST_CLOCK_TIME_NONE;
  gst_query_parse_latency(query.get(), nullptr, &least, nullptr);
  EXPECT_EQ(least, 40 * GST_MSECOND);
}

TEST_F(HarnessTest, eos_of_the_writer_is_eos_of_the_reader_after_the_last_frame) {
  const Harness in = sink();
  const Harness out = source("every-frame");
  ASSERT_EQ(push(in, 1), GST_FLOW_OK);
  while (stat(in->element, "readers") != 1) g_usleep(1000);
  for (std::uint8_t i = 2; i <= 3; ++i) ASSERT_EQ(push(in, i), GST_FLOW_OK);
  ASSERT_TRUE(gst_harness_push_event(in.get(), gst_event_new_eos()));
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(pulled_value(out), i);
  wait_for(out, GST_EVENT_EOS);
}

TEST_F(HarnessTest, eos_event_ends_a_source_that_waits) {
  const Harness out = source();
  gst_element_send_event(out->element, gst_event_new_eos());
  wait_for(out, GST_EVENT_EOS);
}

TEST_F(HarnessTest, sink_takes_nothing_after_eos_and_everything_after_a_flush) {
  const Harness in = sink();
  ASSERT_EQ(push(in, 1), GST_FLOW_OK);
  ASSERT_TRUE(gst_harness_push_event(in.get(), gst_event_new_eos()));
  EXPECT_EQ(push(in, 2), GST_FLOW_EOS);
  ASSERT_TRUE(gst_harness_push_event(in.get(), gst_event_new_flush_start()));
  ASSERT_TRUE(gst_harness_push_event(in.get(), gst_event_new_flush_stop(TRUE)));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  ASSERT_TRUE(gst_harness_push_event(in.get(), gst_event_new_segment(&segment)));
  EXPECT_EQ(push(in, 3), GST_FLOW_OK);
}

TEST_F(HarnessTest, elements_can_be_torn_down_in_any_state) {
  for (int i = 0; i < 10; ++i) {
    const Harness in = sink();
    const Harness out = source();
    if (i % 2 == 0) push(in, 1);
    if (i % 6 == 0) pulled_value(out);
    if (i % 5 == 0) gst_harness_push_event(in.get(), gst_event_new_eos());
  }
}

}  // namespace
}  // namespace mmapvideo_test
