// SPDX-License-Identifier: MIT
// What a buffer shows, whatever its layout: to compare frames that took different ways.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "pipeline.hpp"

namespace mmapvideo_test {

/// The rows of all planes one after the other, without padding. For formats whose pixels take whole
/// bytes.
inline Bytes picture_of(GstBuffer* buffer, const GstVideoInfo& info) {
  GstVideoFrame frame;
  if (!gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ)) return {};
  Bytes picture;
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES(&frame); ++plane) {
    guint c = 0;
    while (GST_VIDEO_FRAME_COMP_PLANE(&frame, c) != plane) ++c;
    const auto bytes =
        GST_VIDEO_FRAME_COMP_WIDTH(&frame, c) * GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, c);
    const auto* row = static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane));
    for (int y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT(&frame, c); ++y) {
      picture.insert(picture.end(), row, row + bytes);
      row += GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
    }
  }
  gst_video_frame_unmap(&frame);
  return picture;
}
inline Bytes picture_of(const Sample& sample) {
  return picture_of(gst_sample_get_buffer(sample.get()),
                    info_of(gst_sample_get_caps(sample.get())));
}

/// Gives the buffer that picture, the rows of all planes one after the other.
inline void paint(GstBuffer* buffer, const GstVideoInfo& info, const Bytes& picture) {
  GstVideoFrame frame;
  ASSERT_TRUE(gst_video_frame_map(&frame, &info, buffer, GST_MAP_WRITE));
  const std::uint8_t* from = picture.data();
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES(&frame); ++plane) {
    guint c = 0;
    while (GST_VIDEO_FRAME_COMP_PLANE(&frame, c) != plane) ++c;
    const auto bytes =
        GST_VIDEO_FRAME_COMP_WIDTH(&frame, c) * GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, c);
    auto* row = static_cast<std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane));
    for (int y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT(&frame, c); ++y) {
      std::copy_n(from, bytes, row);
      from += bytes;
      row += GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
    }
  }
  gst_video_frame_unmap(&frame);
  ASSERT_EQ(from, picture.data() + picture.size());
}
/// How many bytes picture_of() makes of it.
inline std::size_t picture_bytes(const GstVideoInfo& info) {
  const Buffer blank(gst_buffer_new_allocate(nullptr, info.size, nullptr));
  return picture_of(blank.get(), info).size();
}

inline std::string checksum_of(const Bytes& bytes) {
  return Text(g_compute_checksum_for_data(G_CHECKSUM_MD5, bytes.data(), bytes.size())).get();
}

/// The pictures that come out of a description, in order; it ends with a pad that is linked to an
/// appsink here.
inline std::vector<std::string> pictures_from(const std::string& description) {
  const Pipeline pipeline(description + " ! appsink name=out sync=false");
  GstElement* const out = pipeline.element("out");
  accept_video_meta(out);
  pipeline.play();
  std::vector<std::string> pictures;
  while (const Sample sample{gst_app_sink_pull_sample(GST_APP_SINK(out))})
    pictures.push_back(checksum_of(picture_of(sample)));
  pipeline.expect_eos();
  return pictures;
}

}  // namespace mmapvideo_test
