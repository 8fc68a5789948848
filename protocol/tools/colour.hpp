// SPDX-License-Identifier: MIT
// From YUV to RGB and back: matrix and range as a frame's colorimetry says. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mmapvideo::tools {

/// A matrix by the weights of red and blue in luma, and whether the numbers use their full range.
struct Colour {
  double red_weight;
  double blue_weight;
  bool full_range;
};

/// From GStreamer's string; what it leaves open is BT.601 up to 576 lines and BT.709 above, in
/// limited range (grey: full).
Colour colour_of(std::string_view colorimetry, std::uint32_t height, bool grey);

/// 0 to 1 each.
using Rgb = std::array<double, 3>;

/// YUV samples of one depth to RGB.
class YuvToRgb {
 public:
  YuvToRgb(const Colour& colour, unsigned bits);
  Rgb convert(unsigned y, unsigned u, unsigned v) const;
  /// Luma alone.
  double grey(unsigned y) const;

 private:
  double luma_base_, luma_scale_, chroma_base_, chroma_scale_;
  double red_from_v_, blue_from_u_, green_from_u_, green_from_v_;
};

/// RGB samples of 8 bits to YUV of 8 bits.
class RgbToYuv {
 public:
  explicit RgbToYuv(const Colour& colour);
  std::array<std::uint8_t, 3> convert(unsigned r, unsigned g, unsigned b) const;

 private:
  struct Row {
    std::int32_t r, g, b, base;  // times 2^16
  };
  static std::uint8_t apply(const Row& row, unsigned r, unsigned g, unsigned b);
  Row y_, u_, v_;
};

}  // namespace mmapvideo::tools
