// SPDX-License-Identifier: MIT
// What GStreamer's own pair for sharing buffers between processes promises, promised by this one:
// readers that come, go and come back, a second one, custom metas, times after a segment that
// begins elsewhere, and nothing left behind.
#include <gtest/gtest.h>

#include <string>

#include "metas.hpp"
#include "sender.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

constexpr GstClockTime base = 30 * GST_SECOND;
constexpr const char* meta_name = "PeerTestMeta";

class Peer : public FileTest {
 protected:
  void SetUp() override {
    FileTest::SetUp();
    register_custom_meta(meta_name);
    // In a pipeline the sink would be given both.
    GstClock* clock = gst_system_clock_obtain();
    gst_element_set_clock(sender_.sink(), clock);
    gst_element_set_base_time(sender_.sink(), gst_clock_get_time(clock));
    gst_object_unref(clock);
    sender_.start();
  }

  /// From here on running time begins at `base`.
  void change_segment() const {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.base = base;
    ASSERT_TRUE(gst_pad_push_event(sender_.pad(), gst_event_new_segment(&segment)));
  }
  void send(std::uint64_t number, GstClockTime pts) const {
    Buffer buffer = buffer_of(numbered_bytes(number));
    GST_BUFFER_PTS(buffer.get()) = pts;
    GstCustomMeta* meta = gst_buffer_add_custom_meta(buffer.get(), meta_name);
    gst_structure_set(gst_custom_meta_get_structure(meta), "number", G_TYPE_UINT64, number,
                      nullptr);
    ASSERT_EQ(sender_.push(std::move(buffer)), GST_FLOW_OK);
  }
  static void expect_frame(const Sample& sample, std::uint64_t number) {
    ASSERT_TRUE(sample);
    EXPECT_TRUE(bytes_of(sample) == numbered_bytes(number));
    EXPECT_EQ(text_of(gst_sample_get_caps(sample.get())), text_of(caps_of(kNumberCaps).get()));
    GstCustomMeta* meta = gst_buffer_get_custom_meta(buffer_in(sample), meta_name);
    ASSERT_NE(meta, nullptr);
    EXPECT_EQ(number_in(gst_custom_meta_get_structure(meta), "number"), number);
  }
  void wait_for_readers(std::uint64_t count) const {
    while (stat(sender_.sink(), "readers") != count) g_usleep(1000);
  }

  Sender sender_{path_, "delivery=every-frame"};
};

TEST_F(Peer, a_reader_connects_disconnects_and_connects_again) {
  ReaderPipeline reader(path_, "delivery=every-frame");
  std::uint64_t number = 0;
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    reader.play();
    if (round > 0) wait_for_readers(1);
    if (round > 0) expect_frame(reader.pull(), number);  // the newest one is delivered on attaching
    for (int i = 0; i < 3; ++i) {
      ++number;
      send(number, number * GST_SECOND);
      expect_frame(reader.pull(), number);
    }
    reader.set(GST_STATE_NULL);
    wait_for_readers(0);
    // Nobody is there, and the writer goes on.
    ++number;
    send(number, number * GST_SECOND);
  }
}

TEST_F(Peer, a_second_reader_gets_the_same_frames) {
  const ReaderPipeline first(path_, "delivery=every-frame");
  first.play();
  send(1, 0);
  expect_frame(first.pull(), 1);
  const ReaderPipeline second(path_, "delivery=every-frame");
  second.play();
  expect_frame(second.pull(), 1);
  wait_for_readers(2);
  for (std::uint64_t number = 2; number < 10; ++number) {
    send(number, number * GST_SECOND);
    expect_frame(first.pull(), number);
    expect_frame(second.pull(), number);
  }
}

TEST_F(Peer, frames_a_second_apart_are_so_after_a_segment_that_begins_at_thirty_seconds) {
  const ReaderPipeline reader(path_, "delivery=every-frame");
  send(1, 0);
  reader.play();
  expect_frame(reader.pull(), 1);
  change_segment();
  GstClockTime before = GST_CLOCK_TIME_NONE;
  for (std::uint64_t number = 2; number < 6; ++number) {
    send(number, number * GST_SECOND);
    const Sample sample = reader.pull();
    expect_frame(sample, number);
    const GstClockTime pts = GST_BUFFER_PTS(buffer_in(sample));
    if (before != GST_CLOCK_TIME_NONE) {
      EXPECT_EQ(pts - before, GST_SECOND);
    }
    before = pts;
  }
  // The same instant on both sides.
  EXPECT_EQ(gst_element_get_base_time(reader.get()) + before,
            gst_element_get_base_time(sender_.sink()) + base + 5 * GST_SECOND);
}

TEST_F(Peer, the_file_is_gone_after_the_writer_is_stopped) {
  send(1, 0);
  EXPECT_TRUE(exists(path_));
  sender_.stop();
  EXPECT_FALSE(exists(path_));
}

}  // namespace
}  // namespace mmapvideo_test
