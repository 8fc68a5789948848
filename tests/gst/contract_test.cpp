// SPDX-License-Identifier: MIT
// What GStreamer asks of every source pad, held by a probe on that of mmapsrc: the order of events
// and buffers, times within the segment, buffers that are what the caps say. (gst-validate-1.0
// watches pads for much of this, but few distributions have it.)
#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "metas.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

/// Takes down what contradicts the contract.
class PadWatch {
 public:
  void see(GstPad* pad, GstPadProbeInfo* info) {
    const std::lock_guard lock(mutex_);
    if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0)
      see_buffer(pad, gst_pad_probe_info_get_buffer(info));
    else
      see_event(gst_pad_probe_info_get_event(info));
  }

  std::vector<std::string> problems() const {
    const std::lock_guard lock(mutex_);
    return problems_;
  }
  int buffers() const {
    const std::lock_guard lock(mutex_);
    return buffers_;
  }
  int streams() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(stream_ids_.size());
  }

 private:
  void expect(bool holds, const std::string& what) {
    if (!holds) problems_.push_back(what);
  }

  void see_event(GstEvent* event) {
    const std::string name = GST_EVENT_TYPE_NAME(event);
    if (GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START) return see_stream_start(event);
    if ((gst_event_type_get_flags(GST_EVENT_TYPE(event)) & GST_EVENT_TYPE_SERIALIZED) == 0) return;
    expect(in_stream_, name + " before stream-start");
    expect(!ended_, name + " after eos");
    if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) see_caps(event);
    if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) see_segment(event);
    if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) ended_ = true;
    // These say something of what is described by the two before.
    const bool needs_segment = GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_DOWNSTREAM ||
                               GST_EVENT_TYPE(event) == GST_EVENT_GAP;
    expect(!needs_segment || has_segment_, name + " before segment");
  }
  void see_stream_start(GstEvent* event) {
    const gchar* id = nullptr;
    guint group = GST_GROUP_ID_INVALID;
    gst_event_parse_stream_start(event, &id);
    expect(id != nullptr && *id != '\0', "a stream without an id");
    expect(gst_event_parse_group_id(event, &group) && group != GST_GROUP_ID_INVALID,
           "a stream without a group");
    if (id != nullptr) stream_ids_.insert(id);
    in_stream_ = first_ = true;
    ended_ = has_segment_ = false;
    caps_.reset();
  }
  void see_caps(GstEvent* event) {
    GstCaps* caps = nullptr;
    gst_event_parse_caps(event, &caps);
    expect(gst_caps_is_fixed(caps), "caps that are not fixed: " + text_of(caps));
    expect(!caps_ || !gst_caps_is_equal(caps_.get(), caps), "the same caps again");
    expect(gst_video_info_from_caps(&info_, caps) != FALSE, "no video: " + text_of(caps));
    caps_.reset(gst_caps_ref(caps));
  }
  void see_segment(GstEvent* event) {
    gst_event_copy_segment(event, &segment_);
    expect(segment_.format == GST_FORMAT_TIME, "a segment that is not of time");
    expect(caps_ != nullptr, "segment before caps");
    has_segment_ = true;
  }

  void see_buffer(GstPad* pad, GstBuffer* buffer) {
    ++buffers_;
    expect(in_stream_ && has_segment_ && caps_, "a buffer before its events");
    expect(!ended_, "a buffer after eos");
    if (!has_segment_ || !caps_) return;
    see_times(buffer);
    expect(gst_buffer_get_size(buffer) >= info_.size, "a buffer that is smaller than its caps");
    const GstVideoMeta* meta = gst_buffer_get_video_meta(buffer);
    expect(meta == nullptr || (meta->format == info_.finfo->format &&
                               meta->width == static_cast<guint>(info_.width) &&
                               meta->height == static_cast<guint>(info_.height)),
           "a meta that contradicts the caps");
    const Caps possible(gst_pad_query_caps(pad, nullptr));
    expect(gst_caps_is_subset(caps_.get(), possible.get()), "caps that the pad does not offer");
  }
  void see_times(GstBuffer* buffer) {
    const GstClockTime pts = GST_BUFFER_PTS(buffer);
    expect(GST_CLOCK_TIME_IS_VALID(pts), "a live buffer without a time");
    const GstClockTime running = gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, pts);
    expect(GST_CLOCK_TIME_IS_VALID(running), "a buffer outside of its segment");
    expect(first_ || running >= running_, "a buffer before the one before it");
    expect(!first_ || has_flag(buffer, GST_BUFFER_FLAG_DISCONT), "a first buffer that goes on");
    running_ = running;
    first_ = false;
  }

  mutable std::mutex mutex_;
  std::vector<std::string> problems_;
  std::set<std::string> stream_ids_;
  int buffers_ = 0;
  bool in_stream_ = false;
  bool first_ = true;  // of the stream
  bool has_segment_ = false;
  bool ended_ = false;
  Caps caps_;
  GstVideoInfo info_{};
  GstSegment segment_{};
  GstClockTime running_ = 0;
};

using SharedWatch = std::shared_ptr<PadWatch>;

/// The pad shares the watch, which may be asked as long as the test likes.
SharedWatch watch_source(GstElement* element) {
  const auto watch = std::make_shared<PadWatch>();
  const Pad pad(gst_element_get_static_pad(element, "src"));
  gst_pad_add_probe(
      pad.get(),
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      [](GstPad* source, GstPadProbeInfo* info, gpointer shared) {
        (*static_cast<SharedWatch*>(shared))->see(source, info);
        return GST_PAD_PROBE_OK;
      },
      new SharedWatch(watch), [](gpointer shared) { delete static_cast<SharedWatch*>(shared); });
  return watch;
}

class Contract : public FileTest {
 protected:
  static void tag(const WriterPipeline& writer, const char* title) {
    GstTagList* tags = gst_tag_list_new(GST_TAG_TITLE, title, nullptr);
    send(writer, gst_event_new_tag(tags));
  }
  static void send(const WriterPipeline& writer, GstEvent* event) {
    const Pad pad(gst_element_get_static_pad(writer.element("in"), "src"));
    gst_pad_push_event(pad.get(), event);
  }
  /// Its running time, as a camera stamps its frames.
  static GstClockTime now_in(const WriterPipeline& writer) {
    return gst_element_get_current_running_time(writer.get());
  }
  static void expect_none(const PadWatch& watch) {
    for (const std::string& problem : watch.problems()) ADD_FAILURE() << problem;
  }
};

TEST_F(Contract, holds_through_changes_of_caps_with_tags_and_events_and_until_the_end) {
  const WriterPipeline writer(path_, "delivery=every-frame");
  writer.play();
  writer.set_caps(grey_caps());
  const ReaderPipeline reader(path_, "delivery=every-frame");
  const SharedWatch watch = watch_source(reader.source());
  reader.play();
  for (int width : {64, 128, 128, 64}) {
    writer.set_caps(grey_caps(width));
    for (std::uint8_t i = 0; i < 3; ++i) {
      writer.push(grey_bytes(i, width));
      ASSERT_EQ(value_of(reader.pull()), i);
    }
    tag(writer, "a title");
    send(writer,
         gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty("an-event")));
  }
  writer.push(grey_bytes(9));
  ASSERT_EQ(value_of(reader.pull()), 9);
  writer.end();
  reader.expect_eos();
  EXPECT_EQ(watch->buffers(), 13);
  EXPECT_EQ(watch->streams(), 1);
  expect_none(*watch);
}

TEST_F(Contract, holds_when_writers_come_and_go_and_the_reader_pauses_and_starts_again) {
  const ReaderPipeline reader(path_, "on-disconnect=wait");
  const SharedWatch watch = watch_source(reader.source());
  for (int round = 0; round < 4; ++round) {
    reader.play();
    const WriterPipeline writer(path_);
    writer.play();
    writer.set_caps(grey_caps(64 << (round % 2)));
    for (std::uint8_t i = 0; i < 5; ++i) {
      writer.push(grey_bytes(i, 64 << (round % 2)), now_in(writer));
      ASSERT_TRUE(reader.pull());
      if (i == 2) reader.set(GST_STATE_PAUSED);
      if (i == 2) reader.play();
    }
    if (round == 2) reader.set(GST_STATE_NULL);
  }
  EXPECT_GE(watch->buffers(), 16);
  expect_none(*watch);
}

TEST_F(Contract, holds_for_frames_that_are_skipped) {
  const WriterPipeline writer(path_);
  writer.play();
  writer.set_caps(grey_caps());
  const ReaderPipeline reader(path_, "", "max-buffers=1");
  const SharedWatch watch = watch_source(reader.source());
  reader.play();
  for (std::uint8_t i = 0; i < 60; ++i) {
    writer.push(grey_bytes(i), (100u + i) * GST_SECOND);
    if (i % 7 == 0) {
      ASSERT_TRUE(reader.pull());
    }
  }
  expect_none(*watch);
}

}  // namespace
}  // namespace mmapvideo_test
