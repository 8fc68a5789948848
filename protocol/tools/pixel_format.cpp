// SPDX-License-Identifier: MIT
// Where the samples of a pixel format lie.
#include "pixel_format.hpp"

namespace mmapvideo::tools {
namespace {

constexpr ComponentLayout unused{};

constexpr PixelFormat rgb8(const char* name, ComponentLayout r, ComponentLayout g,
                           ComponentLayout b) {
  return {name, ColourModel::rgb, 3, 8, 0, false, 0, 0, {r, g, b, unused}};
}

constexpr PixelFormat rgba8(const char* name, ComponentLayout r, ComponentLayout g,
                            ComponentLayout b, ComponentLayout a) {
  return {name, ColourModel::rgb, 4, 8, 0, false, 0, 0, {r, g, b, a}};
}

/// Packed pixels of `step` bytes, with each component at its byte.
constexpr PixelFormat packed_rgb(const char* name, std::uint8_t step, std::uint8_t r,
                                 std::uint8_t g, std::uint8_t b) {
  return rgb8(name, {0, r, step}, {0, g, step}, {0, b, step});
}

constexpr PixelFormat packed_rgba(const char* name, std::uint8_t r, std::uint8_t g, std::uint8_t b,
                                  std::uint8_t a) {
  return rgba8(name, {0, r, 4}, {0, g, 4}, {0, b, 4}, {0, a, 4});
}

struct Chroma {
  std::uint8_t x;
  std::uint8_t y;
};
constexpr Chroma c420{1, 1}, c422{1, 0}, c444{0, 0}, c411{2, 0};

constexpr PixelFormat yuv8(const char* name, Chroma chroma, ComponentLayout y, ComponentLayout u,
                           ComponentLayout v) {
  return {name, ColourModel::yuv, 3, 8, 0, false, chroma.x, chroma.y, {y, u, v, unused}};
}

constexpr PixelFormat yuva8(const char* name, ComponentLayout y, ComponentLayout u,
                            ComponentLayout v, ComponentLayout a) {
  return {name, ColourModel::yuv, 4, 8, 0, false, 0, 0, {y, u, v, a}};
}

constexpr PixelFormat yuv10(const char* name, Chroma chroma, std::uint8_t shift, ComponentLayout y,
                            ComponentLayout u, ComponentLayout v) {
  return {name, ColourModel::yuv, 3, 10, shift, false, chroma.x, chroma.y, {y, u, v, unused}};
}

constexpr PixelFormat grey(const char* name, std::uint8_t bits, bool big_endian) {
  const auto step = static_cast<std::uint8_t>(bits / 8);
  return {name,
          ColourModel::grey,
          1,
          bits,
          0,
          big_endian,
          0,
          0,
          {ComponentLayout{0, 0, step}, unused, unused, unused}};
}

constexpr PixelFormat formats[] = {
    yuv8("I420", c420, {0, 0, 1}, {1, 0, 1}, {2, 0, 1}),
    yuv8("YV12", c420, {0, 0, 1}, {2, 0, 1}, {1, 0, 1}),
    yuv8("NV12", c420, {0, 0, 1}, {1, 0, 2}, {1, 1, 2}),
    yuv8("NV21", c420, {0, 0, 1}, {1, 1, 2}, {1, 0, 2}),
    yuv8("YUY2", c422, {0, 0, 2}, {0, 1, 4}, {0, 3, 4}),
    yuv8("UYVY", c422, {0, 1, 2}, {0, 0, 4}, {0, 2, 4}),
    yuv8("YVYU", c422, {0, 0, 2}, {0, 3, 4}, {0, 1, 4}),
    yuv8("VYUY", c422, {0, 1, 2}, {0, 2, 4}, {0, 0, 4}),
    yuv8("Y42B", c422, {0, 0, 1}, {1, 0, 1}, {2, 0, 1}),
    yuv8("NV16", c422, {0, 0, 1}, {1, 0, 2}, {1, 1, 2}),
    yuv8("NV61", c422, {0, 0, 1}, {1, 1, 2}, {1, 0, 2}),
    yuv8("Y444", c444, {0, 0, 1}, {1, 0, 1}, {2, 0, 1}),
    yuv8("NV24", c444, {0, 0, 1}, {1, 0, 2}, {1, 1, 2}),
    yuv8("v308", c444, {0, 0, 3}, {0, 1, 3}, {0, 2, 3}),
    yuv8("Y41B", c411, {0, 0, 1}, {1, 0, 1}, {2, 0, 1}),
    yuva8("AYUV", {0, 1, 4}, {0, 2, 4}, {0, 3, 4}, {0, 0, 4}),
    yuva8("VUYA", {0, 2, 4}, {0, 1, 4}, {0, 0, 4}, {0, 3, 4}),
    yuv10("I420_10LE", c420, 0, {0, 0, 2}, {1, 0, 2}, {2, 0, 2}),
    yuv10("I422_10LE", c422, 0, {0, 0, 2}, {1, 0, 2}, {2, 0, 2}),
    yuv10("Y444_10LE", c444, 0, {0, 0, 2}, {1, 0, 2}, {2, 0, 2}),
    yuv10("P010_10LE", c420, 6, {0, 0, 2}, {1, 0, 4}, {1, 2, 4}),
    packed_rgb("RGB", 3, 0, 1, 2),
    packed_rgb("BGR", 3, 2, 1, 0),
    packed_rgb("RGBx", 4, 0, 1, 2),
    packed_rgb("BGRx", 4, 2, 1, 0),
    packed_rgb("xRGB", 4, 1, 2, 3),
    packed_rgb("xBGR", 4, 3, 2, 1),
    packed_rgba("RGBA", 0, 1, 2, 3),
    packed_rgba("BGRA", 2, 1, 0, 3),
    packed_rgba("ARGB", 1, 2, 3, 0),
    packed_rgba("ABGR", 3, 2, 1, 0),
    rgb8("GBR", {2, 0, 1}, {0, 0, 1}, {1, 0, 1}),
    rgb8("RGBP", {0, 0, 1}, {1, 0, 1}, {2, 0, 1}),
    rgb8("BGRP", {2, 0, 1}, {1, 0, 1}, {0, 0, 1}),
    rgba8("GBRA", {2, 0, 1}, {0, 0, 1}, {1, 0, 1}, {3, 0, 1}),
    grey("GRAY8", 8, false),
    grey("GRAY16_LE", 16, false),
    grey("GRAY16_BE", 16, true),
};

}  // namespace

const PixelFormat* find_pixel_format(std::string_view name) {
  for (const PixelFormat& format : formats)
    if (name == format.name) return &format;
  return nullptr;
}

std::string pixel_format_names() {
  std::string names;
  for (const PixelFormat& format : formats)
    names += (names.empty() ? "" : ", ") + std::string(format.name);
  return names;
}

}  // namespace mmapvideo::tools
