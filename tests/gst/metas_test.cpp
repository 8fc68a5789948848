// SPDX-License-Identifier: MIT
// What is attached to a buffer of the writer is attached to the reader's.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "metas.hpp"
#include "sender.hpp"
#include "support/file_test.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

TEST_F(Metas, a_crop_arrives) {
  Buffer buffer = grey_buffer();
  auto* crop = reinterpret_cast<GstVideoCropMeta*>(
      gst_buffer_add_meta(buffer.get(), GST_VIDEO_CROP_META_INFO, nullptr));
  crop->x = 1;
  crop->y = 2;
  crop->width = 30;
  crop->height = 10;
  const Link link(path_);
  const Sample sample = link.pass(std::move(buffer));
  const auto* found = meta_in<GstVideoCropMeta>(sample, GST_VIDEO_CROP_META_API_TYPE);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->x, 1u);
  EXPECT_EQ(found->y, 2u);
  EXPECT_EQ(found->width, 30u);
  EXPECT_EQ(found->height, 10u);
  expect_stat(link.writer.sink(), "metas", 1);
  EXPECT_EQ(stat(link.reader.source(), "metas"), 1u);
}

TEST_F(Metas, regions_of_interest_arrive_in_order_with_their_parameters) {
  Buffer buffer = grey_buffer();
  for (int i = 0; i < 3; ++i) {
    auto* region = gst_buffer_add_video_region_of_interest_meta(
        buffer.get(), i == 2 ? "car" : "face", static_cast<guint>(i), 2, 3, 4);
    region->id = 10 + i;
    region->parent_id = -i;
    gst_video_region_of_interest_meta_add_param(
        region, gst_structure_new("detection", "confidence", G_TYPE_DOUBLE, 0.25 * i, "label",
                                  G_TYPE_STRING, "Zoë; \"quoted\"", nullptr));
    gst_video_region_of_interest_meta_add_param(region, gst_structure_new_empty("empty"));
  }
  const Link link(path_);
  const Sample sample = link.pass(std::move(buffer));
  gpointer state = nullptr;
  for (int i = 0; i < 3; ++i) {
    auto* region = reinterpret_cast<GstVideoRegionOfInterestMeta*>(gst_buffer_iterate_meta_filtered(
        buffer_in(sample), &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE));
    ASSERT_NE(region, nullptr);
    EXPECT_STREQ(g_quark_to_string(region->roi_type), i == 2 ? "car" : "face");
    EXPECT_EQ(region->x, static_cast<guint>(i));
    EXPECT_EQ(region->h, 4u);
    EXPECT_EQ(region->id, 10 + i);
    EXPECT_EQ(region->parent_id, -i);
    const GstStructure* param = gst_video_region_of_interest_meta_get_param(region, "detection");
    ASSERT_NE(param, nullptr);
    double confidence = -1;
    EXPECT_TRUE(gst_structure_get_double(param, "confidence", &confidence));
    EXPECT_EQ(confidence, 0.25 * i);
    EXPECT_STREQ(gst_structure_get_string(param, "label"), "Zoë; \"quoted\"");
    EXPECT_NE(gst_video_region_of_interest_meta_get_param(region, "empty"), nullptr);
  }
}

TEST_F(Metas, a_timecode_arrives_with_its_daily_jam) {
  Buffer buffer = grey_buffer();
  GDateTime* jam = g_date_time_new_utc(2024, 2, 29, 1, 2, 3.25);
  gst_buffer_add_video_time_code_meta_full(buffer.get(), 30000, 1001, jam,
                                           GST_VIDEO_TIME_CODE_FLAGS_DROP_FRAME, 10, 11, 12, 13, 1);
  const Link link(path_);
  const Sample sample = link.pass(std::move(buffer));
  const auto* found = meta_in<GstVideoTimeCodeMeta>(sample, GST_VIDEO_TIME_CODE_META_API_TYPE);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(Text(gst_video_time_code_to_string(&found->tc)).get(), std::string("10:11:12;13"));
  EXPECT_EQ(found->tc.field_count, 1u);
  EXPECT_EQ(found->tc.config.fps_n, 30000u);
  ASSERT_NE(found->tc.config.latest_daily_jam, nullptr);
  EXPECT_TRUE(g_date_time_equal(found->tc.config.latest_daily_jam, jam));
  g_date_time_unref(jam);
}

TEST_F(Metas, captions_clocks_formats_and_bars_arrive) {
  Buffer buffer = grey_buffer();
  const guint8 caption[] = {0xfc, 0, 0x80, 0xff};
  gst_buffer_add_video_caption_meta(buffer.get(), GST_VIDEO_CAPTION_TYPE_CEA708_RAW, caption, 4);
  const Caps clock = caps_of("timestamp/x-ntp, server=(string)here");
  gst_buffer_add_reference_timestamp_meta(buffer.get(), clock.get(), 123456789012345, 40);
  gst_buffer_add_video_afd_meta(buffer.get(), 1, GST_VIDEO_AFD_SPEC_ATSC_A53,
                                GST_VIDEO_AFD_14_9_TOP_ALIGNED);
  gst_buffer_add_video_bar_meta(buffer.get(), 0, TRUE, 7, 9);
  const Link link(path_);
  const Sample sample = link.pass(std::move(buffer));
  const auto* cc = meta_in<GstVideoCaptionMeta>(sample, GST_VIDEO_CAPTION_META_API_TYPE);
  ASSERT_NE(cc, nullptr);
  EXPECT_EQ(cc->caption_type, GST_VIDEO_CAPTION_TYPE_CEA708_RAW);
  EXPECT_EQ(Bytes(cc->data, cc->data + cc->size), Bytes(caption, caption + 4));
  const auto* reference =
      meta_in<GstReferenceTimestampMeta>(sample, GST_REFERENCE_TIMESTAMP_META_API_TYPE);
  ASSERT_NE(reference, nullptr);
  EXPECT_TRUE(gst_caps_is_equal(reference->reference, clock.get()));
  EXPECT_EQ(reference->timestamp, 123456789012345u);
  EXPECT_EQ(reference->duration, 40u);
  const auto* afd = meta_in<GstVideoAFDMeta>(sample, GST_VIDEO_AFD_META_API_TYPE);
  ASSERT_NE(afd, nullptr);
  EXPECT_EQ(afd->field, 1);
  EXPECT_EQ(afd->spec, GST_VIDEO_AFD_SPEC_ATSC_A53);
  EXPECT_EQ(afd->afd, GST_VIDEO_AFD_14_9_TOP_ALIGNED);
  const auto* bar = meta_in<GstVideoBarMeta>(sample, gst_video_bar_meta_api_get_type());
  ASSERT_NE(bar, nullptr);
  EXPECT_TRUE(bar->is_letterbox);
  EXPECT_EQ(bar->bar_data1, 7u);
  EXPECT_EQ(bar->bar_data2, 9u);
}

TEST_F(Metas, a_custom_meta_arrives_with_values_of_every_kind) {
  Buffer buffer = grey_buffer();
  GstStructure* note = gst_custom_meta_get_structure(add_note(buffer.get()));
  GBytes* bytes = g_bytes_new_static("\0\1\2", 3);
  GstStructure* inner = gst_structure_new("inner", "deep", G_TYPE_INT, -7, nullptr);
  gst_structure_set(note, "int", G_TYPE_INT, G_MININT, "uint", G_TYPE_UINT, G_MAXUINT, "int64",
                    G_TYPE_INT64, G_MININT64, "uint64", G_TYPE_UINT64, G_MAXUINT64, "float",
                    G_TYPE_FLOAT, 0.5, "double", G_TYPE_DOUBLE, -1e300, "truth", G_TYPE_BOOLEAN,
                    TRUE, "text", G_TYPE_STRING, "a\nb\\ \"c\" ü", "none", G_TYPE_STRING, nullptr,
                    "rate", GST_TYPE_FRACTION, 30000, 1001, "bytes", G_TYPE_BYTES, bytes, "inner",
                    GST_TYPE_STRUCTURE, inner, "mode", GST_TYPE_VIDEO_MULTIVIEW_MODE,
                    GST_VIDEO_MULTIVIEW_MODE_TOP_BOTTOM, "mask", GST_TYPE_BITMASK,
                    static_cast<guint64>(0xf0), nullptr);
  const Structure filled(gst_structure_from_string(
      "x, list=(int){1,2,3}, array=(string)<a,b>, nested=(int)<<1,2>,<3>>, empty={}", nullptr));
  for (const char* field : {"list", "array", "nested", "empty"})
    gst_structure_set_value(note, field, gst_structure_get_value(filled.get(), field));
  const Structure sent(gst_structure_copy(note));
  g_bytes_unref(bytes);
  gst_structure_free(inner);
  const Link link(path_);
  const Sample sample = link.pass(std::move(buffer));
  const GstStructure* received = note_of(buffer_in(sample));
  ASSERT_NE(received, nullptr);
  EXPECT_EQ(gst_structure_n_fields(received), gst_structure_n_fields(sent.get()));
  EXPECT_EQ(Text(gst_structure_to_string(received)).get(),
            std::string(Text(gst_structure_to_string(sent.get())).get()));
  const GValue* got = gst_structure_get_value(received, "bytes");
  ASSERT_NE(got, nullptr);
  EXPECT_TRUE(g_bytes_equal(g_value_get_boxed(got),
                            g_value_get_boxed(gst_structure_get_value(sent.get(), "bytes"))));
  EXPECT_EQ(stat(link.reader.source(), "metas-dropped"), 0u);
}

TEST_F(Metas, an_overlay_arrives_with_its_pixels) {
  Buffer buffer = grey_buffer();
  const Bytes pixels = noise(6 * 5 * 4);
  Buffer picture = buffer_of(pixels);
  gst_buffer_add_video_meta(picture.get(), GST_VIDEO_FRAME_FLAG_NONE,
                            GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, 6, 5);
  GstVideoOverlayRectangle* rectangle = gst_video_overlay_rectangle_new_raw(
      picture.get(), -3, 4, 12, 10, GST_VIDEO_OVERLAY_FORMAT_FLAG_GLOBAL_ALPHA);
  gst_video_overlay_rectangle_set_global_alpha(rectangle, 0.5f);
  GstVideoOverlayComposition* overlay = gst_video_overlay_composition_new(rectangle);
  gst_buffer_add_video_overlay_composition_meta(buffer.get(), overlay);
  gst_video_overlay_rectangle_unref(rectangle);
  gst_video_overlay_composition_unref(overlay);
  const Link link(path_);
  const Sample sample = link.pass(std::move(buffer));
  const auto* found = gst_buffer_get_video_overlay_composition_meta(buffer_in(sample));
  ASSERT_NE(found, nullptr);
  ASSERT_EQ(gst_video_overlay_composition_n_rectangles(found->overlay), 1u);
  GstVideoOverlayRectangle* got = gst_video_overlay_composition_get_rectangle(found->overlay, 0);
  gint x = 0, y = 0;
  guint width = 0, height = 0;
  gst_video_overlay_rectangle_get_render_rectangle(got, &x, &y, &width, &height);
  EXPECT_EQ(x, -3);
  EXPECT_EQ(y, 4);
  EXPECT_EQ(width, 12u);
  EXPECT_EQ(height, 10u);
  EXPECT_EQ(gst_video_overlay_rectangle_get_global_alpha(got), 0.5f);
  EXPECT_TRUE(bytes_of(gst_video_overlay_rectangle_get_pixels_unscaled_raw(
                  got, GST_VIDEO_OVERLAY_FORMAT_FLAG_GLOBAL_ALPHA)) == pixels);
}

TEST_F(Metas, a_megabyte_of_it_arrives_and_the_ring_grows_once) {
  const Link link(path_);
  ASSERT_TRUE(link.pass(grey_buffer()));
  for (std::size_t bytes : {1'000'000u, 1'000'100u, 1'040'000u}) {
    Buffer buffer = grey_buffer();
    const Bytes content = noise(bytes);
    GBytes* boxed = g_bytes_new(content.data(), content.size());
    gst_structure_set(gst_custom_meta_get_structure(add_note(buffer.get())), "blob", G_TYPE_BYTES,
                      boxed, nullptr);
    g_bytes_unref(boxed);
    const Sample sample = link.pass(std::move(buffer));
    const GstStructure* note = note_of(buffer_in(sample));
    ASSERT_NE(note, nullptr);
    gsize length = 0;
    const auto* data = static_cast<const std::uint8_t*>(g_bytes_get_data(
        static_cast<GBytes*>(g_value_get_boxed(gst_structure_get_value(note, "blob"))), &length));
    EXPECT_TRUE(Bytes(data, data + length) == content);
  }
  EXPECT_EQ(RawFile(path_).header().ring_generation, 2u);
}

TEST_F(Metas, copied_buffers_have_them_as_leased_ones_do) {
  for (const char* mode : {"copy", "zero-copy"}) {
    SCOPED_TRACE(mode);
    const Link link(path_, "", std::string("delivery=every-frame io-mode=") + mode);
    accept_video_meta(link.reader.element("out"));
    Buffer buffer = grey_buffer();
    gst_structure_set(gst_custom_meta_get_structure(add_note(buffer.get())), "n", G_TYPE_INT, 5,
                      nullptr);
    const Sample sample = link.pass(std::move(buffer));
    ASSERT_NE(note_of(buffer_in(sample)), nullptr);
    EXPECT_EQ(stat(link.reader.source(), mode == std::string("copy") ? "copied" : "zero-copy"), 1u);
  }
}

TEST_F(Metas, a_frame_in_place_takes_them_along_without_a_copy) {
  Sender sender(path_);
  sender.start();
  const BufferPool pool = sender.pool();
  const ReaderPipeline reader(path_);
  Buffer buffer = acquire_numbered(pool, 77);
  add_note(buffer.get());
  ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
  reader.play();
  const Sample sample = reader.pull();
  EXPECT_EQ(number_of(sample), 77);
  EXPECT_NE(note_of(buffer_in(sample)), nullptr);
  EXPECT_EQ(sender.zero_copy(), 1u);
  EXPECT_EQ(sender.copied(), 0u);
}

TEST_F(Metas, a_frame_in_place_whose_metadata_does_not_fit_is_copied_and_counted_so) {
  Sender sender(path_);
  sender.start();
  const BufferPool pool = sender.pool();
  const std::string long_text(100'000, 'x');
  for (int i = 0; i < 2; ++i) {
    Buffer buffer = acquire_numbered(pool, 5);
    gst_structure_set(gst_custom_meta_get_structure(add_note(buffer.get())), "text", G_TYPE_STRING,
                      long_text.c_str(), nullptr);
    ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
  }
  EXPECT_EQ(sender.copied(), 1u) << "the second slot comes from a ring with more room";
  EXPECT_EQ(sender.zero_copy(), 1u);
  const ReaderPipeline reader(path_);
  reader.play();
  const Sample sample = reader.pull();
  ASSERT_NE(note_of(buffer_in(sample)), nullptr);
  EXPECT_EQ(gst_structure_get_string(note_of(buffer_in(sample)), "text"), long_text);
}

TEST_F(Metas, what_belongs_to_the_memory_stays_behind_without_a_word) {
  Buffer buffer = grey_buffer();
  Buffer parent = grey_buffer();
  gst_buffer_add_parent_buffer_meta(buffer.get(), parent.get());
  gst_buffer_add_video_meta(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_GRAY8, 64,
                            16);
  add_note(buffer.get())->meta.flags = static_cast<GstMetaFlags>(GST_META_FLAG_POOLED);
  const Link link(path_);
  const Sample sample = link.pass(std::move(buffer));
  ASSERT_TRUE(sample);
  expect_stat(link.writer.sink(), "metas", 0);
  expect_stat(link.writer.sink(), "metas-dropped", 0);
  EXPECT_EQ(RawFile(path_).slot(RawFile(path_).head_index()).info.metadata_bytes, 0u);
}

TEST_F(Metas, what_means_something_in_one_process_only_is_dropped_and_counted) {
  Buffer buffer = grey_buffer();
  gst_structure_set(gst_custom_meta_get_structure(add_note(buffer.get())), "pointer",
                    G_TYPE_POINTER, this, nullptr);
  const Link link(path_);
  const Sample sample = link.pass(std::move(buffer));
  ASSERT_TRUE(sample);
  EXPECT_EQ(value_of(sample), 1);
  EXPECT_EQ(note_of(buffer_in(sample)), nullptr);
  expect_stat(link.writer.sink(), "metas-dropped", 1);
}

TEST_F(Metas, frames_without_any_have_no_metadata) {
  const Link link(path_);
  const Sample sample = link.pass(grey_buffer());
  ASSERT_TRUE(sample);
  EXPECT_EQ(meta_count(buffer_in(sample)), 1u) << "the GstVideoMeta alone";
  EXPECT_EQ(stat(link.reader.source(), "metas"), 0u);
}

}  // namespace
}  // namespace mmapvideo_test
