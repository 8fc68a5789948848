// SPDX-License-Identifier: MIT
// Caps and buffer layouts to the file's description of frames and back, for every raw format.
#include "video_format.hpp"

#include <gtest/gtest.h>
#include <mmapvideo/mmapvideo.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "pipeline.hpp"

namespace mmapvideo_test {
namespace {

using gstmmap::describe_caps;
using gstmmap::describe_planes;
using gstmmap::has_default_layout;
using gstmmap::planes_fit;
using mmapvideo::FrameInfo;

struct Size {
  guint width;
  guint height;
};
constexpr Size sizes[] = {{1, 1},   {2, 2},     {3, 5},     {16, 16},    {17, 33},
                          {63, 65}, {320, 240}, {321, 241}, {1920, 1081}};

std::vector<GstVideoFormat> all_formats() {
  guint count = 0;
  const GstVideoFormat* formats = gst_video_formats_raw(&count);
  return {formats, formats + count};
}

/// Nothing: GStreamer itself refuses this size.
std::optional<GstVideoInfo> make_info(GstVideoFormat format, Size size,
                                      GstVideoInterlaceMode mode) {
  GstVideoInfo info;
  gst_video_info_init(&info);
  if (!gst_video_info_set_interlaced_format(&info, format, mode, size.width, size.height))
    return std::nullopt;
  return info;
}
GstVideoInfo must_make_info(GstVideoFormat format, Size size) {
  return make_info(format, size, GST_VIDEO_INTERLACE_MODE_PROGRESSIVE).value();
}

GstVideoMeta meta_of(const GstVideoInfo& info) {
  GstVideoMeta meta{};
  meta.format = GST_VIDEO_INFO_FORMAT(&info);
  meta.width = static_cast<guint>(info.width);
  meta.height = static_cast<guint>(info.height);
  meta.n_planes = GST_VIDEO_INFO_N_PLANES(&info);
  for (guint i = 0; i < meta.n_planes; ++i) {
    meta.offset[i] = info.offset[i];
    meta.stride[i] = info.stride[i];
  }
  return meta;
}

FrameInfo described(const GstVideoInfo& info) {
  FrameInfo frame{};
  describe_planes(info, nullptr, info.size, frame);
  return frame;
}

template <typename Body>
void for_every_layout(GstVideoInterlaceMode mode, Body body) {
  unsigned layouts = 0;
  for (GstVideoFormat format : all_formats()) {
    for (Size size : sizes) {
      const auto info = make_info(format, size, mode);
      if (!info) continue;
      SCOPED_TRACE(std::string(gst_video_format_to_string(format)) + " " +
                   std::to_string(size.width) + "x" + std::to_string(size.height));
      ++layouts;
      body(*info);
    }
  }
  EXPECT_GT(layouts, 500u);
}

TEST(VideoFormat, the_layout_of_gstreamer_fits_for_every_format_and_size) {
  for_every_layout(GST_VIDEO_INTERLACE_MODE_PROGRESSIVE, [](const GstVideoInfo& info) {
    const FrameInfo frame = described(info);
    EXPECT_EQ(frame.payload_bytes, info.size);
    EXPECT_EQ(frame.plane_count, GST_VIDEO_INFO_N_PLANES(&info));
    EXPECT_TRUE(planes_fit(info, frame));
    EXPECT_TRUE(has_default_layout(info, frame));
  });
}

TEST(VideoFormat, the_layout_of_one_field_fits_for_every_format_and_size) {
  for_every_layout(GST_VIDEO_INTERLACE_MODE_ALTERNATE, [](const GstVideoInfo& info) {
    EXPECT_TRUE(planes_fit(info, described(info)));
  });
}

TEST(VideoFormat, a_meta_with_the_same_layout_is_described_the_same) {
  for_every_layout(GST_VIDEO_INTERLACE_MODE_PROGRESSIVE, [](const GstVideoInfo& info) {
    const GstVideoMeta meta = meta_of(info);
    FrameInfo frame{};
    describe_planes(info, &meta, info.size, frame);
    const FrameInfo own = described(info);
    EXPECT_EQ(std::memcmp(frame.planes, own.planes, sizeof frame.planes), 0);
  });
}

// The specification demands of every plane that its rows lie within the payload.
TEST(VideoFormat, the_described_rows_lie_within_the_payload_for_every_format_and_size) {
  for_every_layout(GST_VIDEO_INTERLACE_MODE_PROGRESSIVE, [](const GstVideoInfo& info) {
    const FrameInfo frame = described(info);
    for (unsigned i = 0; i < frame.plane_count; ++i) {
      const mmapvideo_plane& plane = frame.planes[i];
      const std::uint64_t reach =
          plane.rows > 1 ? static_cast<std::uint64_t>(plane.stride) * (plane.rows - 1) : 0;
      EXPECT_GT(plane.rows, 0u);
      EXPECT_GT(plane.row_bytes, 0u);
      EXPECT_LE(plane.offset + reach + plane.row_bytes, info.size);
    }
  });
}

// GstVideoFrame promises access to these bytes to whoever maps the frame.
TEST(VideoFormat, a_payload_that_is_too_small_by_the_last_picture_byte_is_refused) {
  for_every_layout(GST_VIDEO_INTERLACE_MODE_PROGRESSIVE, [](const GstVideoInfo& info) {
    if (GST_VIDEO_FORMAT_INFO_IS_TILED(info.finfo)) return;
    FrameInfo frame = described(info);
    std::uint64_t end = 0;
    for (unsigned i = 0; i < frame.plane_count; ++i) {
      const mmapvideo_plane& plane = frame.planes[i];
      end =
          std::max(end, plane.offset + static_cast<std::uint64_t>(plane.stride) * (plane.rows - 1) +
                            plane.row_bytes);
    }
    frame.payload_bytes = end;
    EXPECT_TRUE(planes_fit(info, frame));
    frame.payload_bytes = end - 1;
    EXPECT_FALSE(planes_fit(info, frame));
  });
}

TEST(VideoFormat, a_tiled_payload_that_is_too_small_is_refused) {
  unsigned tiled = 0;
  for (GstVideoFormat format : all_formats()) {
    const GstVideoInfo info = must_make_info(format, {320, 240});
    if (!GST_VIDEO_FORMAT_INFO_IS_TILED(info.finfo)) continue;
    SCOPED_TRACE(gst_video_format_to_string(format));
    ++tiled;
    FrameInfo frame = described(info);
    EXPECT_TRUE(planes_fit(info, frame));
    frame.payload_bytes = info.size - 1;
    EXPECT_FALSE(planes_fit(info, frame));
  }
  EXPECT_GE(tiled, 4u);
}

TEST(VideoFormat, tile_counts_that_claim_fewer_or_many_more_tiles_are_refused) {
  for (GstVideoFormat format : all_formats()) {
    const GstVideoInfo info = must_make_info(format, {320, 240});
    if (!GST_VIDEO_FORMAT_INFO_IS_TILED(info.finfo)) continue;
    SCOPED_TRACE(gst_video_format_to_string(format));
    for (std::int64_t stride :
         {std::int64_t{0}, std::int64_t{-1}, std::int64_t{GST_VIDEO_TILE_MAKE_STRIDE(1, 1)},
          std::int64_t{GST_VIDEO_TILE_MAKE_STRIDE(4000, 4000)}, std::int64_t{INT64_MAX}}) {
      FrameInfo frame = described(info);
      frame.planes[0].stride = stride;
      EXPECT_FALSE(planes_fit(info, frame)) << stride;
    }
  }
}

// ---- Hostile and unusual planes ---------------------------------------------------------------

TEST(VideoFormat, hostile_planes_are_refused) {
  const GstVideoInfo info = must_make_info(GST_VIDEO_FORMAT_I420, {320, 240});
  const auto refused = [&](auto damage) {
    FrameInfo frame = described(info);
    damage(frame);
    return !planes_fit(info, frame);
  };
  EXPECT_TRUE(refused([](FrameInfo& f) { f.plane_count = 2; }));
  EXPECT_TRUE(refused([](FrameInfo& f) { f.plane_count = 4; }));
  EXPECT_TRUE(refused([](FrameInfo& f) { f.plane_count = 0; }));
  for (unsigned plane = 0; plane < 3; ++plane) {
    EXPECT_TRUE(refused([=](FrameInfo& f) { f.planes[plane].offset = UINT64_MAX; }));
    EXPECT_TRUE(refused([=](FrameInfo& f) { f.planes[plane].offset = f.payload_bytes; }));
    EXPECT_TRUE(refused([=](FrameInfo& f) { f.planes[plane].offset = f.payload_bytes - 1; }));
    EXPECT_TRUE(refused([=](FrameInfo& f) { f.planes[plane].stride = INT64_MAX; }));
    EXPECT_TRUE(refused([=](FrameInfo& f) { f.planes[plane].stride = INT64_MIN; }));
    EXPECT_TRUE(refused([=](FrameInfo& f) { f.planes[plane].stride = INT32_MAX; }));
    EXPECT_TRUE(refused([=](FrameInfo& f) { f.planes[plane].stride = -f.planes[plane].stride; }) ||
                plane > 0);  // chroma may run backwards into what lies before it
  }
}

// The rows that count are those of the caps: elements go by them, not by what the file claims.
TEST(VideoFormat, rows_and_row_bytes_that_lie_do_not_make_a_short_payload_fit) {
  const GstVideoInfo info = must_make_info(GST_VIDEO_FORMAT_GRAY8, {320, 240});
  FrameInfo frame = described(info);
  frame.payload_bytes = 1000;
  frame.planes[0].rows = 1;
  frame.planes[0].row_bytes = 1;
  EXPECT_FALSE(planes_fit(info, frame));
}

TEST(VideoFormat, a_stride_below_the_row_of_the_caps_does_not_make_a_short_payload_fit) {
  const GstVideoInfo info = must_make_info(GST_VIDEO_FORMAT_RGB, {320, 240});
  FrameInfo frame = described(info);
  for (std::int64_t stride : {4, 1, 0, 959}) {
    frame.planes[0].stride = stride;
    // Whoever reads the last row reads 960 bytes from its start.
    frame.payload_bytes = static_cast<std::uint64_t>(stride) * 239 + 959;
    EXPECT_FALSE(planes_fit(info, frame)) << "stride " << stride;
  }
}

TEST(VideoFormat, a_picture_that_is_stored_bottom_up_fits) {
  const GstVideoInfo info = must_make_info(GST_VIDEO_FORMAT_BGRx, {321, 241});
  GstVideoMeta meta = meta_of(info);
  meta.stride[0] = -info.stride[0];
  meta.offset[0] = static_cast<gsize>(info.stride[0]) * 240;
  FrameInfo frame{};
  describe_planes(info, &meta, info.size, frame);
  EXPECT_TRUE(planes_fit(info, frame));
  EXPECT_FALSE(has_default_layout(info, frame));
  frame.planes[0].offset -= 1;
  EXPECT_FALSE(planes_fit(info, frame));
}

TEST(VideoFormat, rows_with_padding_fit_without_the_padding_of_the_last) {
  const GstVideoInfo info = must_make_info(GST_VIDEO_FORMAT_RGB, {321, 241});
  GstVideoMeta meta = meta_of(info);
  meta.stride[0] = 2000;
  FrameInfo frame{};
  describe_planes(info, &meta, 2000 * 240 + 963, frame);
  EXPECT_TRUE(planes_fit(info, frame));
  describe_planes(info, &meta, 2000 * 240 + 962, frame);
  EXPECT_FALSE(planes_fit(info, frame));
}

TEST(VideoFormat, a_palette_needs_all_of_its_256_entries) {
  const GstVideoInfo info = must_make_info(GST_VIDEO_FORMAT_RGB8P, {16, 16});
  FrameInfo frame = described(info);
  ASSERT_EQ(frame.plane_count, 2u);
  EXPECT_EQ(frame.planes[1].rows * frame.planes[1].row_bytes % 1024, 0u);
  frame.payload_bytes = info.offset[1] + 1023;
  EXPECT_FALSE(planes_fit(info, frame));
  frame.planes[1].stride = 0;
  frame.payload_bytes = info.offset[1] + 4;
  EXPECT_FALSE(planes_fit(info, frame)) << "elements read it in one run, whatever the stride";
  frame.planes[1].stride = info.stride[1];
  frame.payload_bytes = info.offset[1] + 1024;
  EXPECT_TRUE(planes_fit(info, frame)) << "256 entries of 4 bytes are a whole palette";
}

// ---- Caps -------------------------------------------------------------------------------------

TEST(VideoFormat, caps_are_described_field_by_field) {
  const Caps caps = caps_of(
      "video/x-raw, format=(string)NV12, width=(int)720, height=(int)576, "
      "interlace-mode=(string)interleaved, field-order=(string)bottom-field-first, "
      "pixel-aspect-ratio=(fraction)16/15, chroma-site=(string)mpeg2, "
      "colorimetry=(string)bt601, framerate=(fraction)25/1");
  const auto format = describe_caps(caps.get());
  ASSERT_TRUE(format);
  const FrameInfo& frame = format->frame_info;
  EXPECT_EQ(format->caps_text, text_of(caps.get()));
  EXPECT_EQ(frame.caps_bytes, format->caps_text.size());
  EXPECT_EQ(frame.width, 720u);
  EXPECT_EQ(frame.height, 576u);
  EXPECT_EQ(frame.fps_numerator, 25u);
  EXPECT_EQ(frame.fps_denominator, 1u);
  EXPECT_EQ(frame.par_numerator, 16u);
  EXPECT_EQ(frame.par_denominator, 15u);
  EXPECT_EQ(frame.interlace_mode, MMAPVIDEO_INTERLACE_INTERLEAVED);
  EXPECT_EQ(frame.field_order, MMAPVIDEO_FIELD_ORDER_BOTTOM_FIRST);
  EXPECT_EQ(frame.view_count, 1u);
  EXPECT_STREQ(frame.format, "NV12");
  EXPECT_STREQ(frame.colorimetry, "bt601");
  EXPECT_STREQ(frame.chroma_site, "mpeg2");
}

TEST(VideoFormat, interlace_modes_have_the_numbers_of_the_specification) {
  const auto mode_of = [](const std::string& prefix, const std::string& mode) {
    const auto format = describe_caps(
        caps_of(prefix +
                ", format=I420, width=64, height=64, framerate=25/1, interlace-mode=" + mode)
            .get());
    return format ? format->frame_info.interlace_mode : 99;
  };
  EXPECT_EQ(mode_of("video/x-raw", "progressive"), MMAPVIDEO_INTERLACE_PROGRESSIVE);
  EXPECT_EQ(mode_of("video/x-raw", "interleaved"), MMAPVIDEO_INTERLACE_INTERLEAVED);
  EXPECT_EQ(mode_of("video/x-raw", "mixed"), MMAPVIDEO_INTERLACE_MIXED);
  EXPECT_EQ(mode_of("video/x-raw", "fields"), MMAPVIDEO_INTERLACE_FIELDS);
  EXPECT_EQ(mode_of("video/x-raw(format:Interlaced)", "alternate"), MMAPVIDEO_INTERLACE_ALTERNATE);
}

TEST(VideoFormat, formats_that_the_library_knows_by_name_are_laid_out_as_gstreamer_does) {
  for (const char* name :
       {"GRAY8", "GRAY16_LE", "RGB", "BGR", "RGBA", "BGRA", "ARGB", "ABGR", "RGBx", "BGRx", "xRGB",
        "xBGR", "YUY2", "UYVY", "I420", "YV12", "NV12", "NV21", "P010_10LE"}) {
    for (guint width = 1; width < 20; ++width) {
      for (guint height : {1u, 2u, 3u, 8u, 9u}) {
        FrameInfo info{};
        ASSERT_EQ(mmapvideo_frame_info_init(&info, name, width, height, 30, 1, nullptr),
                  MMAPVIDEO_OK);
        char caps[256];
        ASSERT_NE(mmapvideo_frame_info_caps(&info, caps, sizeof caps), 0u);
        auto format = describe_caps(caps_of(caps).get());
        ASSERT_TRUE(format) << caps;
        EXPECT_TRUE(has_default_layout(format->video_info, info)) << caps;
        EXPECT_EQ(info.payload_bytes, format->video_info.size) << caps;
        describe_planes(format->video_info, nullptr, format->video_info.size, format->frame_info);
        for (guint plane = 0; plane < info.plane_count; ++plane)
          EXPECT_EQ(std::memcmp(&info.planes[plane], &format->frame_info.planes[plane],
                                sizeof info.planes[plane]),
                    0)
              << caps << " plane " << plane;
      }
    }
  }
}

TEST(VideoFormat, what_is_not_fixed_raw_video_is_not_described) {
  for (const char* text : {"video/x-raw", "video/x-raw, format=I420, width=[1, 9], height=9",
                           "video/x-h264, width=64, height=64, framerate=25/1",
                           "audio/x-raw, format=S16LE, rate=8000, channels=1, "
                           "layout=interleaved",
                           "video/x-raw, format=ENCODED, width=64, height=64, framerate=25/1"})
    EXPECT_FALSE(describe_caps(caps_of(text).get())) << text;
}

}  // namespace
}  // namespace mmapvideo_test
