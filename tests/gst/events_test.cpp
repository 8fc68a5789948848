// SPDX-License-Identifier: MIT
// Tags and custom events of the writer's stream in the reader's.
#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <vector>

#include "metas.hpp"
#include "support/file_test.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

/// Lists what reaches a sink in order: `buffer N`, the name of a custom event, or `tags TITLE`.
class Listener {
 public:
  explicit Listener(const ReaderPipeline& reader)
      : pad_(gst_element_get_static_pad(GST_ELEMENT(reader.out()), "sink")) {
    gst_pad_add_probe(pad_.get(),
                      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                   GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
                      note, this, nullptr);
  }
  std::vector<std::string> heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  static GstPadProbeReturn note(GstPad*, GstPadProbeInfo* info, gpointer self) {
    auto& listener = *static_cast<Listener*>(self);
    const std::lock_guard lock(listener.mutex_);
    if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
      GstBuffer* buffer = gst_pad_probe_info_get_buffer(info);
      listener.heard_.push_back("buffer " + std::to_string(value_of(bytes_of(buffer))));
      return GST_PAD_PROBE_OK;
    }
    GstEvent* event = gst_pad_probe_info_get_event(info);
    if (GST_EVENT_TYPE(event) == GST_EVENT_TAG)
      listener.heard_.push_back("tags " + title_of(event));
    else if (GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_DOWNSTREAM ||
             GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_DOWNSTREAM_STICKY)
      listener.heard_.push_back(gst_structure_get_name(gst_event_get_structure(event)));
    return GST_PAD_PROBE_OK;
  }
  static std::string title_of(GstEvent* event) {
    GstTagList* tags = nullptr;
    gst_event_parse_tag(event, &tags);
    gchar* title = nullptr;
    gst_tag_list_get_string(tags, GST_TAG_TITLE, &title);
    return title != nullptr ? Text(title).get() : "";
  }
  Pad pad_;
  std::mutex mutex_;
  std::vector<std::string> heard_;
};

using Heard = std::vector<std::string>;

GstEvent* tag_event(const char* title) {
  return gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, title, nullptr));
}
GstEvent* custom_event(const char* name, bool sticky = false) {
  return gst_event_new_custom(
      sticky ? GST_EVENT_CUSTOM_DOWNSTREAM_STICKY : GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new(name, "value", G_TYPE_INT, 5, nullptr));
}

/// Between two buffers, in the stream.
void send(const WriterPipeline& writer, GstEvent* event) {
  ASSERT_TRUE(gst_element_send_event(writer.element("in"), event));
}
/// Sticky custom events do not go through a source's send_event.
void send_through_pad(const WriterPipeline& writer, GstEvent* event) {
  const Pad pad(gst_element_get_static_pad(writer.element("in"), "src"));
  ASSERT_TRUE(gst_pad_push_event(pad.get(), event));
}

TEST_F(FileTest, tags_come_once_before_the_frame_they_came_with) {
  const Link link(path_);
  Listener listener(link.reader);
  send(link.writer, tag_event("one"));
  for (std::uint8_t i = 1; i <= 3; ++i) ASSERT_EQ(value_of(link.pass(grey_buffer(i))), i);
  send(link.writer, tag_event("two"));
  ASSERT_EQ(value_of(link.pass(grey_buffer(4))), 4);
  EXPECT_EQ(listener.heard(),
            (Heard{"tags one", "buffer 1", "buffer 2", "buffer 3", "tags two", "buffer 4"}));
}

TEST_F(FileTest, a_late_reader_has_the_tags_and_sticky_events_and_no_passed_ones) {
  const Link link(path_);
  send(link.writer, tag_event("early"));
  send(link.writer, custom_event("passed"));
  ASSERT_TRUE(link.pass(grey_buffer(1)));
  send_through_pad(link.writer, custom_event("stays", true));
  ASSERT_TRUE(link.pass(grey_buffer(2)));
  ASSERT_TRUE(link.pass(grey_buffer(3)));
  const ReaderPipeline late(path_);
  Listener listener(late);
  late.play();
  ASSERT_EQ(value_of(late.pull()), 3);
  EXPECT_EQ(listener.heard(), (Heard{"stays", "tags early", "buffer 3"}));
}

TEST_F(FileTest, a_custom_event_comes_before_the_next_frame_with_its_fields) {
  const Link link(path_);
  GstStructure* seen = nullptr;
  const Pad pad(gst_element_get_static_pad(link.reader.source(), "src"));
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo* info, gpointer to) {
        GstEvent* event = gst_pad_probe_info_get_event(info);
        if (GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_DOWNSTREAM)
          *static_cast<GstStructure**>(to) = gst_structure_copy(gst_event_get_structure(event));
        return GST_PAD_PROBE_OK;
      },
      &seen, nullptr);
  ASSERT_TRUE(link.pass(grey_buffer(1)));
  send(link.writer, custom_event("cue"));
  ASSERT_TRUE(link.pass(grey_buffer(2)));
  const Structure owned(seen);
  ASSERT_NE(seen, nullptr);
  EXPECT_STREQ(gst_structure_get_name(seen), "cue");
  gint value = 0;
  EXPECT_TRUE(gst_structure_get_int(seen, "value", &value));
  EXPECT_EQ(value, 5);
}

TEST_F(FileTest, a_request_for_a_key_frame_stays_in_its_pipeline) {
  const Link link(path_);
  Listener listener(link.reader);
  ASSERT_TRUE(link.pass(grey_buffer(1)));
  send(link.writer, gst_video_event_new_downstream_force_key_unit(1, 1, 1, TRUE, 1));
  ASSERT_TRUE(link.pass(grey_buffer(2)));
  EXPECT_EQ(listener.heard(), (Heard{"buffer 1", "buffer 2"}));
}

TEST_F(FileTest, tags_with_a_picture_come_without_it) {
  const Link link(path_);
  const Buffer image = buffer_of(noise(100'000));
  GstSample* sample = gst_sample_new(image.get(), caps_of("image/jpeg").get(), nullptr, nullptr);
  GstTagList* tags = gst_tag_list_new(GST_TAG_TITLE, "cover", GST_TAG_IMAGE, sample, nullptr);
  gst_sample_unref(sample);
  Listener listener(link.reader);
  send(link.writer, gst_event_new_tag(tags));
  ASSERT_TRUE(link.pass(grey_buffer(1)));
  EXPECT_EQ(listener.heard(), (Heard{"tags cover", "buffer 1"}));
  const RawFile file(path_);
  EXPECT_LT(file.slot(file.head_index()).info.metadata_bytes, 1000u);
}

TEST_F(FileTest, tags_of_all_types_arrive) {
  const Link link(path_);
  GstDateTime* time = gst_date_time_new(0, 2024, 2, 29, 10, 11, 12.0);
  GstTagList* sent = gst_tag_list_new(
      GST_TAG_ARTIST, "Ä", GST_TAG_TRACK_NUMBER, 3u, GST_TAG_DURATION, G_GUINT64_CONSTANT(1) << 40,
      GST_TAG_REFERENCE_LEVEL, 1.5, GST_TAG_DATE_TIME, time, nullptr);
  gst_tag_list_add(sent, GST_TAG_MERGE_APPEND, GST_TAG_ARTIST, "B", nullptr);
  gst_tag_list_set_scope(sent, GST_TAG_SCOPE_GLOBAL);
  gst_date_time_unref(time);
  const Tags kept(gst_tag_list_ref(sent));
  send(link.writer, gst_event_new_tag(sent));
  ASSERT_TRUE(link.pass(grey_buffer(1)));
  const Pad pad(gst_element_get_static_pad(link.reader.source(), "src"));
  GstEvent* event = gst_pad_get_sticky_event(pad.get(), GST_EVENT_TAG, 0);
  ASSERT_NE(event, nullptr);
  GstTagList* received = nullptr;
  gst_event_parse_tag(event, &received);
  EXPECT_TRUE(gst_tag_list_is_equal(received, kept.get()))
      << Text(gst_tag_list_to_string(received)).get();
  EXPECT_EQ(gst_tag_list_get_scope(received), GST_TAG_SCOPE_GLOBAL);
  gst_event_unref(event);
}

TEST_F(FileTest, events_of_frames_that_are_sent_are_counted_on_both_sides) {
  const Link link(path_);
  send(link.writer, tag_event("one"));
  send(link.writer, custom_event("cue"));
  for (std::uint8_t i = 1; i <= 3; ++i) ASSERT_TRUE(link.pass(grey_buffer(i)));
  expect_stat(link.writer.sink(), "events", 2);
  EXPECT_EQ(stat(link.reader.source(), "events"), 2u);
}

}  // namespace
}  // namespace mmapvideo_test
