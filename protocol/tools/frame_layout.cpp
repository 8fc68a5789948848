// SPDX-License-Identifier: MIT
// The frames of a y4m stream as they lie in a mapped file.
#include "frame_layout.hpp"

#include <algorithm>
#include <cstring>

namespace mmapvideo::tools {
namespace {

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

template <std::size_t N>
void set_text(char (&to)[N], std::string_view text) {
  text.copy(to, N - 1);
}

bool is_grey(const PixelFormat& format) { return format.model == ColourModel::grey; }

/// What y4m leaves open is taken by the size, as programs that write y4m do.
std::string_view colorimetry_of(const Y4mHeader& header, const PixelFormat& format) {
  if (is_grey(format)) return header.range == Y4mRange::limited ? "2:4:5:1" : "1:4:0:0";
  const bool hd = header.height > 576;
  if (header.range == Y4mRange::full) return hd ? "1:3:5:1" : "1:4:16:4";
  return hd ? "bt709" : "bt601";
}

const char* interlace_mode_name(std::uint32_t mode) {
  switch (mode) {
    case MMAPVIDEO_INTERLACE_INTERLEAVED:
      return "interleaved";
    case MMAPVIDEO_INTERLACE_MIXED:
      return "mixed";
    default:
      return "progressive";
  }
}

void describe_scan(Y4mScan scan, mmapvideo_frame_info& info) {
  if (scan == Y4mScan::mixed) info.interlace_mode = MMAPVIDEO_INTERLACE_MIXED;
  if (scan != Y4mScan::top_first && scan != Y4mScan::bottom_first) return;
  info.interlace_mode = MMAPVIDEO_INTERLACE_INTERLEAVED;
  info.flags = MMAPVIDEO_FRAME_INTERLACED;
  info.field_order = MMAPVIDEO_FIELD_ORDER_BOTTOM_FIRST;
  if (scan == Y4mScan::bottom_first) return;
  info.flags |= MMAPVIDEO_FRAME_TOP_FIELD_FIRST;
  info.field_order = MMAPVIDEO_FIELD_ORDER_TOP_FIRST;
}

void describe_planes(const PixelFormat& format, mmapvideo_frame_info& info) {
  std::uint64_t offset = 0;
  info.plane_count = format.component_count;
  for (unsigned i = 0; i < format.component_count; ++i) {
    mmapvideo_plane& plane = info.planes[i];
    plane.row_bytes = format.width_of(i, info.width) * format.sample_bytes();
    plane.rows = format.height_of(i, info.height);
    plane.offset = offset;
    plane.stride = static_cast<std::int64_t>(round_up(plane.row_bytes, 4));
    const std::uint64_t padded_rows =
        format.is_chroma(i) ? plane.rows : round_up(plane.rows, 1u << format.subsample_y);
    offset += static_cast<std::uint64_t>(plane.stride) * padded_rows;
  }
  info.payload_bytes = offset;
}

std::string fraction(std::uint32_t numerator, std::uint32_t denominator) {
  return "(fraction)" + std::to_string(numerator) + '/' + std::to_string(denominator);
}

std::string caps_of(const mmapvideo_frame_info& info) {
  std::string caps = "video/x-raw, format=(string)" + std::string(info.format) + ", width=(int)" +
                     std::to_string(info.width) + ", height=(int)" + std::to_string(info.height) +
                     ", interlace-mode=(string)" + interlace_mode_name(info.interlace_mode);
  if (info.field_order != MMAPVIDEO_FIELD_ORDER_UNKNOWN)
    caps += std::string(", field-order=(string)") +
            (info.field_order == MMAPVIDEO_FIELD_ORDER_TOP_FIRST ? "top-field-first"
                                                                 : "bottom-field-first");
  caps += ", pixel-aspect-ratio=" + fraction(info.par_numerator, info.par_denominator);
  if (info.chroma_site[0] != '\0') caps += std::string(", chroma-site=(string)") + info.chroma_site;
  caps += std::string(", colorimetry=(string)") + info.colorimetry;
  return caps + ", framerate=" + fraction(info.fps_numerator, info.fps_denominator);
}

}  // namespace

FrameLayout frame_layout_of(const Y4mHeader& header) {
  const PixelFormat& format = *y4m_pixel_format(header.colour_space);
  FrameLayout layout{};
  mmapvideo_frame_info& info = layout.info;
  info.pts_ns = info.dts_ns = info.duration_ns = MMAPVIDEO_NONE;
  info.offset = info.offset_end = info.clock_time_ns = MMAPVIDEO_NONE;
  info.width = header.width;
  info.height = header.height;
  info.fps_numerator = header.fps_numerator;
  info.fps_denominator = header.fps_denominator;
  info.par_numerator = std::max(header.par_numerator, 1u);
  info.par_denominator = header.par_numerator != 0 ? header.par_denominator : 1;
  info.view_count = 1;
  describe_scan(header.scan, info);
  set_text(info.format, format.name);
  set_text(info.colorimetry, colorimetry_of(header, format));
  set_text(info.chroma_site, y4m_chroma_site(header.colour_space));
  describe_planes(format, info);
  layout.caps = caps_of(info);
  info.caps_bytes = static_cast<std::uint32_t>(layout.caps.size());
  return layout;
}

void lay_out_frame(const FrameLayout& layout, std::string_view frame, void* payload) {
  auto* const bytes = static_cast<char*>(payload);
  std::uint64_t end = 0;  // of what is written
  for (unsigned i = 0; i < layout.info.plane_count; ++i) {
    const mmapvideo_plane& plane = layout.info.planes[i];
    for (std::uint32_t row = 0; row < plane.rows; ++row) {
      const std::uint64_t begin = plane.offset + static_cast<std::uint64_t>(plane.stride) * row;
      std::memset(bytes + end, 0, begin - end);
      frame.copy(bytes + begin, plane.row_bytes);
      frame.remove_prefix(plane.row_bytes);
      end = begin + plane.row_bytes;
    }
  }
  std::memset(bytes + end, 0, layout.info.payload_bytes - end);
}

}  // namespace mmapvideo::tools
