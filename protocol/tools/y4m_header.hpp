// SPDX-License-Identifier: MIT
// The first line of a y4m stream (YUV4MPEG2): read, written, and what it means. Pure. Lines may
// come from anywhere: whatever is in them, the answer is a valid header or an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "pixel_format.hpp"

namespace mmapvideo::tools {

/// Lines of a stream are not longer than this.
inline constexpr std::size_t y4m_max_line = 1024;
/// Nor are frames larger.
inline constexpr std::uint64_t y4m_max_frame_bytes = std::uint64_t{1} << 30;

enum class Y4mScan : char {
  unknown = '?',
  progressive = 'p',
  top_first = 't',
  bottom_first = 'b',
  mixed = 'm',
};
enum class Y4mRange { unknown, limited, full };

struct Y4mHeader {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t fps_numerator = 0;  // 0: unknown
  std::uint32_t fps_denominator = 1;
  std::uint32_t par_numerator = 0;  // 0: unknown
  std::uint32_t par_denominator = 1;
  Y4mScan scan = Y4mScan::progressive;
  Y4mRange range = Y4mRange::unknown;
  std::string colour_space = "420jpeg";

  bool operator==(const Y4mHeader&) const = default;
};

/// A header with a size within the limits and a known colour space, or what is wrong with the line.
/// `line` has no newline.
std::variant<Y4mHeader, std::string> parse_y4m_header(std::string_view line);
/// The line with its newline.
std::string y4m_header_line(const Y4mHeader& header);

/// The planar format of the frames of a colour space; NULL: an unknown one.
const PixelFormat* y4m_pixel_format(std::string_view colour_space);
/// The colour space for pictures of that format; 4:2:0 by GStreamer's chroma site.
std::string y4m_colour_space(const PixelFormat& format, std::string_view chroma_site,
                             std::uint32_t height);
/// GStreamer's chroma site of a colour space; empty: unknown.
std::string_view y4m_chroma_site(std::string_view colour_space);
/// Of a frame without its FRAME line.
std::uint64_t y4m_frame_bytes(const Y4mHeader& header);

}  // namespace mmapvideo::tools
