// SPDX-License-Identifier: MIT
// From YUV to RGB and back: matrix and range as a frame's colorimetry says.
#include "colour.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace mmapvideo::tools {
namespace {

constexpr double fixed_one = 65536;

struct Matrix {
  double red_weight;
  double blue_weight;
};
constexpr Matrix fcc{0.30, 0.11}, bt709{0.2126, 0.0722}, bt601{0.299, 0.114},
    smpte240m{0.212, 0.087}, bt2020{0.2627, 0.0593};

/// What a colorimetry string says; nothing where it leaves it open.
struct Said {
  std::optional<Matrix> matrix;
  std::optional<bool> full_range;
};

std::optional<Matrix> matrix_of_number(unsigned number) {
  // GStreamer's numbers.
  switch (number) {
    case 2:
      return fcc;
    case 3:
      return bt709;
    case 4:
      return bt601;
    case 5:
      return smpte240m;
    case 6:
      return bt2020;
    default:
      return std::nullopt;
  }
}

/// "range:matrix:transfer:primaries", numbers.
Said said_by_numbers(std::string_view text) {
  Said said;
  unsigned range = 0, matrix = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, range);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ':') return said;
  const auto second = std::from_chars(first.ptr + 1, end, matrix);
  if (second.ec != std::errc{}) return said;
  if (range == 1 || range == 2) said.full_range = range == 1;
  said.matrix = matrix_of_number(matrix);
  return said;
}

Said said_by(std::string_view text) {
  if (text == "bt601") return {bt601, false};
  if (text == "bt709") return {bt709, false};
  if (text == "smpte240m") return {smpte240m, false};
  if (text.starts_with("bt2020") || text.starts_with("bt2100")) return {bt2020, false};
  return said_by_numbers(text);
}

constexpr std::uint32_t highest_sd_picture = 576;

}  // namespace

Colour colour_of(std::string_view colorimetry, std::uint32_t height, bool grey) {
  const Said said = said_by(colorimetry);
  const Matrix matrix = said.matrix.value_or(height > highest_sd_picture ? bt709 : bt601);
  return {matrix.red_weight, matrix.blue_weight, said.full_range.value_or(grey)};
}

YuvToRgb::YuvToRgb(const Colour& colour, unsigned bits) {
  const double unit = std::ldexp(1.0, static_cast<int>(bits) - 8);
  const double highest = std::ldexp(1.0, static_cast<int>(bits)) - 1;
  luma_base_ = colour.full_range ? 0 : 16 * unit;
  luma_scale_ = 1 / (colour.full_range ? highest : 219 * unit);
  chroma_base_ = 128 * unit;
  chroma_scale_ = 1 / (colour.full_range ? highest : 224 * unit);
  const double green_weight = 1 - colour.red_weight - colour.blue_weight;
  red_from_v_ = 2 * (1 - colour.red_weight);
  blue_from_u_ = 2 * (1 - colour.blue_weight);
  green_from_u_ = -blue_from_u_ * colour.blue_weight / green_weight;
  green_from_v_ = -red_from_v_ * colour.red_weight / green_weight;
}

double YuvToRgb::grey(unsigned y) const {
  return std::clamp((y - luma_base_) * luma_scale_, 0.0, 1.0);
}

Rgb YuvToRgb::convert(unsigned y, unsigned u, unsigned v) const {
  const double luma = (y - luma_base_) * luma_scale_;
  const double cb = (u - chroma_base_) * chroma_scale_;
  const double cr = (v - chroma_base_) * chroma_scale_;
  return {std::clamp(luma + red_from_v_ * cr, 0.0, 1.0),
          std::clamp(luma + green_from_u_ * cb + green_from_v_ * cr, 0.0, 1.0),
          std::clamp(luma + blue_from_u_ * cb, 0.0, 1.0)};
}

RgbToYuv::RgbToYuv(const Colour& colour) {
  const double luma_scale = colour.full_range ? 1 : 219 / 255.0;
  const double chroma_scale = colour.full_range ? 1 : 224 / 255.0;
  const double luma_base = colour.full_range ? 0 : 16;
  const double weights[] = {colour.red_weight, 1 - colour.red_weight - colour.blue_weight,
                            colour.blue_weight};
  const auto row = [](double r, double g, double b, double base) {
    const auto fixed = [](double value) {
      return static_cast<std::int32_t>(std::lround(value * fixed_one));
    };
    return Row{fixed(r), fixed(g), fixed(b), fixed(base + 0.5)};
  };
  y_ = row(weights[0] * luma_scale, weights[1] * luma_scale, weights[2] * luma_scale, luma_base);
  const double u = chroma_scale / (2 * (1 - weights[2]));
  u_ = row(-weights[0] * u, -weights[1] * u, (1 - weights[2]) * u, 128);
  const double v = chroma_scale / (2 * (1 - weights[0]));
  v_ = row((1 - weights[0]) * v, -weights[1] * v, -weights[2] * v, 128);
}

std::uint8_t RgbToYuv::apply(const Row& row, unsigned r, unsigned g, unsigned b) {
  const std::int32_t sum = row.r * static_cast<std::int32_t>(r) +
                           row.g * static_cast<std::int32_t>(g) +
                           row.b * static_cast<std::int32_t>(b) + row.base;
  return static_cast<std::uint8_t>(std::clamp(sum >> 16, 0, 255));
}

std::array<std::uint8_t, 3> RgbToYuv::convert(unsigned r, unsigned g, unsigned b) const {
  return {apply(y_, r, g, b), apply(u_, r, g, b), apply(v_, r, g, b)};
}

}  // namespace mmapvideo::tools
