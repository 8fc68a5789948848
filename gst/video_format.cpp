// SPDX-License-Identifier: MIT
// Video caps of GStreamer to the frame description of the file (SPEC.md 3.4, 3.5) and back.
#include "video_format.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace gstmmap {
namespace {

struct GFree {
  void operator()(void* memory) const { g_free(memory); }
};
using OwnedText = std::unique_ptr<char, GFree>;

template <std::size_t N>
void copy_text(char (&to)[N], const char* from) {
  if (from != nullptr) g_strlcpy(to, from, N);
}

constexpr std::uint32_t palette_bytes = 256 * 4;

std::uint64_t default_plane_end(const GstVideoInfo& info, unsigned plane) {
  std::uint64_t end = info.size;
  for (unsigned other = 0; other < GST_VIDEO_INFO_N_PLANES(&info); ++other)
    if (info.offset[other] > info.offset[plane])
      end = std::min<std::uint64_t>(end, info.offset[other]);
  return end;
}

/// Bytes of a row that carry picture, and rows, of a plane that is not tiled.
void plane_extent(const GstVideoInfo& info, unsigned plane, std::uint32_t& row_bytes,
                  std::uint32_t& rows) {
  const GstVideoFormatInfo* format = info.finfo;
  const auto default_stride = static_cast<std::uint32_t>(std::abs(info.stride[plane]));
  row_bytes = rows = 0;
  bool packed_bits = false;
  for (unsigned c = 0; c < GST_VIDEO_FORMAT_INFO_N_COMPONENTS(format); ++c) {
    if (GST_VIDEO_FORMAT_INFO_PLANE(format, c) != plane) continue;
    const auto pixel_bytes = static_cast<std::uint32_t>(GST_VIDEO_FORMAT_INFO_PSTRIDE(format, c));
    packed_bits |= pixel_bytes == 0;
    row_bytes = std::max(
        row_bytes, pixel_bytes * static_cast<std::uint32_t>(GST_VIDEO_INFO_COMP_WIDTH(&info, c)));
    rows = std::max(rows, static_cast<std::uint32_t>(GST_VIDEO_INFO_COMP_HEIGHT(&info, c)));
  }
  if (GST_VIDEO_FORMAT_INFO_HAS_PALETTE(format) && plane == GST_VIDEO_COMP_PALETTE) {
    // One run of 256 colours, whatever the stride says.
    rows = 1;
    row_bytes = palette_bytes;
  } else if (packed_bits) {
    // Pixels do not lie at byte steps; all of the default row may carry picture.
    row_bytes = default_stride;
  }
}

mmapvideo_plane describe_plane(const GstVideoInfo& info, unsigned plane, std::uint64_t offset,
                               int stride, std::uint64_t payload_bytes) {
  mmapvideo_plane description{};
  description.offset = offset;
  description.stride = stride;
  if (is_tiled(info)) {
    const std::uint64_t bytes = default_plane_end(info, plane) - info.offset[plane];
    const std::uint64_t room = payload_bytes > offset ? payload_bytes - offset : 0;
    description.row_bytes = static_cast<std::uint32_t>(std::min(bytes, room));
    description.rows = 1;
    return description;
  }
  plane_extent(info, plane, description.row_bytes, description.rows);
  // A buffer with tighter rows than the default has at most its stride of picture in each.
  if (description.rows > 1 && stride != 0)
    description.row_bytes =
        std::min(description.row_bytes, static_cast<std::uint32_t>(std::abs(stride)));
  return description;
}

bool rows_fit(const mmapvideo_plane& plane, std::uint64_t payload_bytes) {
  if (plane.rows == 0 || plane.row_bytes == 0) return true;
  const std::int64_t reach = plane.stride * (static_cast<std::int64_t>(plane.rows) - 1);
  const auto first = static_cast<std::int64_t>(plane.offset) + std::min<std::int64_t>(reach, 0);
  const auto last = static_cast<std::int64_t>(plane.offset) + std::max<std::int64_t>(reach, 0);
  return first >= 0 && last <= static_cast<std::int64_t>(payload_bytes) &&
         plane.row_bytes <= payload_bytes - static_cast<std::uint64_t>(last);
}

/// Tiled planes have their tile counts packed into the stride.
std::uint64_t tiles_across(int stride) {
  return static_cast<std::uint64_t>(GST_VIDEO_TILE_X_TILES(stride));
}

std::uint64_t tiles_down(int stride) {
  return static_cast<std::uint64_t>(GST_VIDEO_TILE_Y_TILES(stride));
}

std::uint64_t tile_count(int stride) { return tiles_across(stride) * tiles_down(stride); }

bool tiles_fit(const GstVideoInfo& info, unsigned plane, const mmapvideo_plane& description,
               std::uint64_t payload_bytes) {
  const int standard = info.stride[plane];
  const auto stride = static_cast<int>(description.stride);
  const std::uint64_t bytes = default_plane_end(info, plane) - info.offset[plane];
  if (stride < 0 || tiles_across(stride) < tiles_across(standard) ||
      tiles_down(stride) < tiles_down(standard) || tile_count(standard) == 0)
    return false;
  const std::uint64_t needed =
      (bytes + tile_count(standard) - 1) / tile_count(standard) * tile_count(stride);
  return description.offset <= payload_bytes && needed <= payload_bytes - description.offset;
}

void describe_timing(const GstVideoInfo& info, mmapvideo::FrameInfo& frame) {
  frame.width = static_cast<std::uint32_t>(info.width);
  frame.height = static_cast<std::uint32_t>(info.height);
  frame.fps_numerator = static_cast<std::uint32_t>(info.fps_n);
  frame.fps_denominator = static_cast<std::uint32_t>(info.fps_d);
  frame.par_numerator = static_cast<std::uint32_t>(info.par_n);
  frame.par_denominator = static_cast<std::uint32_t>(info.par_d);
  // The file's numbers are GStreamer's for both (SPEC.md 3.4).
  frame.interlace_mode = static_cast<std::uint32_t>(info.interlace_mode);
  frame.field_order = static_cast<std::uint32_t>(GST_VIDEO_INFO_FIELD_ORDER(&info));
  frame.view_count = static_cast<std::uint32_t>(info.views);
}

}  // namespace

bool is_tiled(const GstVideoInfo& info) { return GST_VIDEO_FORMAT_INFO_IS_TILED(info.finfo); }

std::optional<StreamFormat> describe_caps(const GstCaps* caps) {
  StreamFormat format;
  if (!gst_caps_is_fixed(caps) || !gst_video_info_from_caps(&format.video_info, caps) ||
      GST_VIDEO_INFO_FORMAT(&format.video_info) == GST_VIDEO_FORMAT_ENCODED)
    return std::nullopt;
  const OwnedText text(gst_caps_to_string(caps));
  format.caps_text = text.get();
  mmapvideo::FrameInfo& frame = format.frame_info;
  frame.caps_bytes = static_cast<std::uint32_t>(format.caps_text.size());
  describe_timing(format.video_info, frame);
  copy_text(frame.format, GST_VIDEO_INFO_NAME(&format.video_info));
  const OwnedText colorimetry(gst_video_colorimetry_to_string(&format.video_info.colorimetry));
  copy_text(frame.colorimetry, colorimetry.get());
  if (format.video_info.chroma_site != GST_VIDEO_CHROMA_SITE_UNKNOWN) {
    const GstStructure* structure = gst_caps_get_structure(caps, 0);
    copy_text(frame.chroma_site, gst_structure_get_string(structure, "chroma-site"));
  }
  describe_planes(format.video_info, nullptr, format.video_info.size, frame);
  return format;
}

void describe_planes(const GstVideoInfo& video_info, const GstVideoMeta* meta,
                     std::uint64_t buffer_bytes, mmapvideo::FrameInfo& frame_info) {
  frame_info.payload_bytes = buffer_bytes;
  const unsigned count = meta != nullptr ? meta->n_planes : GST_VIDEO_INFO_N_PLANES(&video_info);
  frame_info.plane_count = std::min(count, MMAPVIDEO_MAX_PLANES);
  for (unsigned i = 0; i < frame_info.plane_count; ++i) {
    const std::uint64_t offset = meta != nullptr ? meta->offset[i] : video_info.offset[i];
    const int stride = meta != nullptr ? meta->stride[i] : video_info.stride[i];
    frame_info.planes[i] = describe_plane(video_info, i, offset, stride, buffer_bytes);
  }
}

bool planes_fit(const GstVideoInfo& video_info, const mmapvideo::FrameInfo& frame_info) {
  if (frame_info.plane_count != GST_VIDEO_INFO_N_PLANES(&video_info)) return false;
  for (unsigned i = 0; i < frame_info.plane_count; ++i) {
    const mmapvideo_plane& found = frame_info.planes[i];
    if (found.offset > frame_info.payload_bytes || found.stride > G_MAXINT ||
        found.stride < -G_MAXINT)
      return false;
    if (is_tiled(video_info)) {
      if (!tiles_fit(video_info, i, found, frame_info.payload_bytes)) return false;
      continue;
    }
    // Rows as long as the caps make them, however short the file says they are.
    mmapvideo_plane expected = found;
    plane_extent(video_info, i, expected.row_bytes, expected.rows);
    if (!rows_fit(expected, frame_info.payload_bytes)) return false;
  }
  return true;
}

bool has_default_layout(const GstVideoInfo& video_info, const mmapvideo::FrameInfo& frame_info) {
  for (unsigned i = 0; i < frame_info.plane_count; ++i) {
    if (frame_info.planes[i].offset != video_info.offset[i] ||
        frame_info.planes[i].stride != video_info.stride[i])
      return false;
  }
  return frame_info.payload_bytes >= video_info.size;
}

}  // namespace gstmmap
