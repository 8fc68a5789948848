// SPDX-License-Identifier: MIT
// Pictures as a y4m stream.
#include "y4m_writer.hpp"

#include <vector>

namespace mmapvideo::tools {
namespace {

Y4mScan scan_of(const mmapvideo_frame_info& info) {
  if (info.interlace_mode == MMAPVIDEO_INTERLACE_PROGRESSIVE) return Y4mScan::progressive;
  // Mixed streams would need another kind of FRAME line, which hardly any program reads.
  if (info.interlace_mode != MMAPVIDEO_INTERLACE_INTERLEAVED) return Y4mScan::unknown;
  switch (info.field_order) {
    case MMAPVIDEO_FIELD_ORDER_TOP_FIRST:
      return Y4mScan::top_first;
    case MMAPVIDEO_FIELD_ORDER_BOTTOM_FIRST:
      return Y4mScan::bottom_first;
    default:
      return Y4mScan::unknown;
  }
}

/// y4m has no word for the matrix: programs take it by the size.
Colour colour_for_size(std::uint32_t height) { return colour_of("", height, false); }

void append_rgb_frame(const Picture& picture, std::string& to) {
  const RgbToYuv to_yuv(colour_for_size(picture.height));
  const std::size_t plane_bytes = std::size_t{picture.width} * picture.height;
  std::size_t at = to.size();
  to.resize(at + 3 * plane_bytes);
  std::vector<std::uint16_t> rows[3];
  for (auto& row : rows) row.resize(picture.width);
  for (std::uint32_t y = 0; y < picture.height; ++y) {
    for (unsigned i = 0; i < 3; ++i) picture.read_row(i, y, rows[i].data());
    for (std::uint32_t x = 0; x < picture.width; ++x, ++at) {
      const auto yuv = to_yuv.convert(rows[0][x], rows[1][x], rows[2][x]);
      for (unsigned i = 0; i < 3; ++i) to[at + i * plane_bytes] = static_cast<char>(yuv[i]);
    }
  }
}

}  // namespace

std::variant<Y4mHeader, std::string> y4m_header_of(const mmapvideo_frame_info& info,
                                                   const Picture& picture) {
  if (info.interlace_mode == MMAPVIDEO_INTERLACE_ALTERNATE)
    return std::string("holds one field; y4m has whole frames only");
  Y4mHeader header;
  header.width = picture.width;
  header.height = picture.height;
  if (info.fps_denominator != 0) {
    header.fps_numerator = info.fps_numerator;
    header.fps_denominator = info.fps_denominator;
  }
  if (info.par_denominator != 0) {
    header.par_numerator = info.par_numerator;
    header.par_denominator = info.par_denominator;
  }
  header.scan = scan_of(info);
  const bool rgb = picture.format->model == ColourModel::rgb;
  header.range = picture.colour.full_range && !rgb ? Y4mRange::full : Y4mRange::limited;
  header.colour_space = y4m_colour_space(*picture.format, info.chroma_site, info.height);
  return header;
}

void append_y4m_frame(const Picture& picture, std::string& to) {
  to += "FRAME\n";
  if (picture.format->model == ColourModel::rgb) return append_rgb_frame(picture, to);
  // Alpha is left out.
  const unsigned count = picture.format->model == ColourModel::grey ? 1 : 3;
  for (unsigned i = 0; i < count; ++i)
    for (std::uint32_t row = 0; row < picture.components[i].height; ++row)
      picture.append_row(i, row, to);
}

}  // namespace mmapvideo::tools
