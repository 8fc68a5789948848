// SPDX-License-Identifier: MIT
// Metadata from a buffer to bytes and back, without elements or a file: much more of it than files
// could bring in the same time.
#include "metadata_reader.hpp"

#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "metadata_writer.hpp"
#include "metas.hpp"

namespace mmapvideo_test {
namespace {

/// One meta of each kind, tags and an event.
std::string rich_metadata() {
  register_custom_meta("TestNote");
  const Buffer buffer(gst_buffer_new());
  GstBuffer* const to = buffer.get();
  gst_buffer_add_meta(to, GST_VIDEO_CROP_META_INFO, nullptr);
  auto* region = gst_buffer_add_video_region_of_interest_meta(to, "face", 1, 2, 3, 4);
  gst_video_region_of_interest_meta_add_param(
      region, gst_structure_from_string("d, l=(int){1,2}, s=(string)x, f=(fraction)1/2", nullptr));
  GDateTime* jam = g_date_time_new_utc(2024, 2, 29, 1, 2, 3);
  gst_buffer_add_video_time_code_meta_full(to, 25, 1, jam, GST_VIDEO_TIME_CODE_FLAGS_NONE, 1, 2, 3,
                                           4, 0);
  g_date_time_unref(jam);
  const guint8 caption[] = {1, 2, 3};
  gst_buffer_add_video_caption_meta(to, GST_VIDEO_CAPTION_TYPE_CEA708_RAW, caption, 3);
  gst_buffer_add_reference_timestamp_meta(to, caps_of("timestamp/x-ntp").get(), 5, 6);
  gst_buffer_add_video_afd_meta(to, 0, GST_VIDEO_AFD_SPEC_ATSC_A53, GST_VIDEO_AFD_UNAVAILABLE);
  gst_buffer_add_video_bar_meta(to, 0, TRUE, 7, 9);
  GstStructure* note = gst_custom_meta_get_structure(gst_buffer_add_custom_meta(to, "TestNote"));
  const Structure values(gst_structure_from_string(
      "n, d=(date)2024-02-29, t=(datetime)2024-02-29T10:11:12Z, b=(bitmask)0x1, "
      "a=(int)<<1,2>,<3>>, i=(gint64)1, u=(guint64)2, x=(double)0.5, y=(boolean)true",
      nullptr));
  gst_structure_set(note, "deep", GST_TYPE_STRUCTURE, values.get(), "mode",
                    GST_TYPE_VIDEO_MULTIVIEW_MODE, GST_VIDEO_MULTIVIEW_MODE_LEFT, nullptr);
  Buffer pixels = buffer_of(noise(4 * 4 * 4));
  gst_buffer_add_video_meta(pixels.get(), GST_VIDEO_FRAME_FLAG_NONE,
                            GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, 4, 4);
  GstVideoOverlayRectangle* rectangle = gst_video_overlay_rectangle_new_raw(
      pixels.get(), 0, 0, 8, 8, GST_VIDEO_OVERLAY_FORMAT_FLAG_NONE);
  GstVideoOverlayComposition* overlay = gst_video_overlay_composition_new(rectangle);
  gst_buffer_add_video_overlay_composition_meta(to, overlay);
  gst_video_overlay_composition_unref(overlay);
  gst_video_overlay_rectangle_unref(rectangle);

  gstmmap::MetadataWriter writer;
  GstEvent* events[] = {
      gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "t", GST_TAG_TRACK_NUMBER, 1u, nullptr)),
      gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty("cue"))};
  for (GstEvent* event : events) {
    writer.note(event);
    gst_event_unref(event);
  }
  const std::string bytes(writer.collect(to));
  writer.sent(true);
  EXPECT_EQ(writer.stats().metas, 9u);
  EXPECT_EQ(writer.stats().events, 2u);
  EXPECT_EQ(writer.stats().dropped, 0u);
  return bytes;
}

TEST(MetadataReader, reads_all_that_the_writer_wrote) {
  const std::string bytes = rich_metadata();
  const Buffer buffer(gst_buffer_new());
  gstmmap::MetadataReader reader;
  reader.attach(bytes.data(), bytes.size(), buffer.get());
  EXPECT_EQ(reader.stats().metas, 9u);
  EXPECT_EQ(reader.stats().events, 2u);
  EXPECT_EQ(reader.stats().dropped, 0u);
  EXPECT_EQ(reader.take_events().size(), 2u);
}

/// From the environment, for a long form.
unsigned setting(const char* name, unsigned usual) {
  const char* text = std::getenv(name);
  return text != nullptr ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : usual;
}

TEST(MetadataReader, survives_metadata_that_was_damaged_anywhere) {
  std::mt19937 random(setting("MMAPVIDEO_FUZZ_SEED", 1));
  const std::string good = rich_metadata();
  gstmmap::MetadataReader reader;
  const unsigned rounds = setting("MMAPVIDEO_FUZZ_MUTATIONS", 20'000);
  for (unsigned round = 0; round < rounds; ++round) {
    std::string bytes = good;
    for (unsigned damage = 1 + random() % 3; damage > 0; --damage)
      bytes[random() % bytes.size()] = static_cast<char>(random() % 4 == 0 ? 255 : random());
    if (random() % 8 == 0) bytes.resize(random() % bytes.size());
    const Buffer buffer(gst_buffer_new());
    reader.attach(bytes.data(), bytes.size(), buffer.get());
    reader.take_events();
  }
  EXPECT_GT(reader.stats().dropped, 1000u);
}

TEST(MetadataReader, tells_what_it_has_seen_once) {
  const std::string bytes = rich_metadata();
  const Buffer buffer(gst_buffer_new());
  gstmmap::MetadataReader reader;
  for (int frame = 0; frame < 3; ++frame) reader.attach(bytes.data(), bytes.size(), buffer.get());
  EXPECT_EQ(reader.stats().events, 4u) << "the tags once, the event that is not sticky each time";
}

}  // namespace
}  // namespace mmapvideo_test
