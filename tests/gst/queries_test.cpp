// SPDX-License-Identifier: MIT
// Queries that applications and neighbours ask both elements, and upstream events from the reader's
// sink.
#include <gtest/gtest.h>

#include <string>

#include "metas.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

class Queries : public FileTest {};

Pad source_pad(const Link& link) {
  return Pad(gst_element_get_static_pad(link.reader.source(), "src"));
}

TEST_F(Queries, position_of_mmapsrc_is_the_time_of_its_newest_frame) {
  const Link link(path_);
  for (std::uint8_t i = 1; i <= 3; ++i) {
    const Sample sample = link.pass(grey_buffer(i, (100u + i) * GST_SECOND));
    const GstBuffer* buffer = buffer_in(sample);
    gint64 position = -1;
    ASSERT_TRUE(gst_element_query_position(link.reader.source(), GST_FORMAT_TIME, &position));
    EXPECT_EQ(static_cast<GstClockTime>(position), GST_BUFFER_PTS(buffer));
  }
}

TEST_F(Queries, a_stream_without_end_has_no_duration_and_cannot_be_sought_in) {
  const Link link(path_);
  ASSERT_TRUE(link.pass(grey_buffer()));
  gint64 duration = -1;
  const bool known = gst_element_query_duration(link.reader.source(), GST_FORMAT_TIME, &duration);
  EXPECT_TRUE(!known || duration == -1);
  const Query seeking(gst_query_new_seeking(GST_FORMAT_TIME));
  ASSERT_TRUE(gst_element_query(link.reader.source(), seeking.get()));
  gboolean seekable = TRUE;
  gst_query_parse_seeking(seeking.get(), nullptr, &seekable, nullptr, nullptr);
  EXPECT_FALSE(seekable);
}

TEST_F(Queries, mmapsrc_pushes_in_order_and_is_not_pulled_from) {
  const Link link(path_);
  ASSERT_TRUE(link.pass(grey_buffer()));
  const Query scheduling(gst_query_new_scheduling());
  ASSERT_TRUE(gst_pad_query(source_pad(link).get(), scheduling.get()));
  EXPECT_TRUE(gst_query_has_scheduling_mode(scheduling.get(), GST_PAD_MODE_PUSH));
  EXPECT_FALSE(gst_query_has_scheduling_mode(scheduling.get(), GST_PAD_MODE_PULL));
}

TEST_F(Queries, caps_of_mmapsrc_are_those_of_the_stream_once_it_is_known) {
  const Link link(path_);
  ASSERT_TRUE(link.pass(grey_buffer()));
  const Caps current(gst_pad_get_current_caps(source_pad(link).get()));
  EXPECT_EQ(text_of(current.get()), text_of(caps_of(grey_caps()).get()));
  const Caps possible(gst_pad_query_caps(source_pad(link).get(), nullptr));
  EXPECT_TRUE(gst_caps_can_intersect(possible.get(), current.get()));
}

TEST_F(Queries, mmapsink_accepts_every_raw_format_and_no_other_media) {
  const Link link(path_);
  ASSERT_TRUE(link.pass(grey_buffer()));
  const Pad pad(gst_element_get_static_pad(link.writer.sink(), "sink"));
  EXPECT_TRUE(gst_pad_query_accept_caps(pad.get(), caps_of(grey_caps(8, 8)).get()));
  EXPECT_FALSE(gst_pad_query_accept_caps(
      pad.get(), caps_of("audio/x-raw, format=S16LE, rate=8000, channels=1").get()));
  EXPECT_FALSE(gst_pad_query_accept_caps(pad.get(), caps_of("video/x-h264").get()));
}

TEST_F(Queries, mmapsink_asks_for_no_time_of_its_own) {
  const Link link(path_);
  ASSERT_TRUE(link.pass(grey_buffer()));
  const Query query(gst_query_new_latency());
  ASSERT_TRUE(gst_element_query(link.writer.sink(), query.get()));
  GstClockTime min = GST_CLOCK_TIME_NONE;
  gst_query_parse_latency(query.get(), nullptr, &min, nullptr);
  EXPECT_EQ(min, 0u);
}

TEST_F(Queries, events_from_the_readers_sink_end_in_the_reader) {
  const Link link(path_);
  int arrived = 0;
  const Pad writer_pad(gst_element_get_static_pad(link.writer.element("in"), "src"));
  gst_pad_add_probe(
      writer_pad.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM,
      [](GstPad*, GstPadProbeInfo* info, gpointer count) {
        const GstEventType type = GST_EVENT_TYPE(gst_pad_probe_info_get_event(info));
        if (type == GST_EVENT_QOS || type == GST_EVENT_NAVIGATION) ++*static_cast<int*>(count);
        return GST_PAD_PROBE_OK;
      },
      &arrived, nullptr);
  ASSERT_TRUE(link.pass(grey_buffer(1)));
  const Pad pad(gst_element_get_static_pad(GST_ELEMENT(link.reader.out()), "sink"));
  gst_pad_push_event(pad.get(),
                     gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2.0, GST_SECOND, GST_SECOND));
  gst_pad_push_event(
      pad.get(), gst_event_new_navigation(gst_structure_new("application/x-gst-navigation", "event",
                                                            G_TYPE_STRING, "mouse-move", nullptr)));
  for (std::uint8_t i = 2; i <= 4; ++i) EXPECT_EQ(value_of(link.pass(grey_buffer(i))), i);
  EXPECT_EQ(arrived, 0);
}

}  // namespace
}  // namespace mmapvideo_test
