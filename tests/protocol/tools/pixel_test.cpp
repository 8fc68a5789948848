// SPDX-License-Identifier: MIT
// From payloads to pixels: where samples lie in each format, and what colour they are.
#include <gtest/gtest.h>

#include "clips.hpp"
#include "colour.hpp"
#include "picture.hpp"
#include "still_image.hpp"

namespace mmapvideo::tools {
namespace {

using mmapvideo_test::PlaneBytes;
using mmapvideo_test::test_picture;

std::vector<std::uint16_t> row_of(const Picture& picture, unsigned component, std::uint32_t row) {
  std::vector<std::uint16_t> samples(picture.components[component].width);
  picture.read_row(component, row, samples.data());
  return samples;
}

/// Pictures of two by two pixels. The samples of each component, row after row, are a b c d for
/// the first, e f g h for the second, i j k l for the third, w x y z for alpha; subsampled ones
/// come once, with their first letter.
struct FormatCase {
  const char* name;
  std::vector<PlaneBytes> planes;
};
std::string two(const std::string& text) {  // 8 to 16 bits, little-endian, low bits
  std::string wide;
  for (const char c : text) wide += std::string{c, '\0'};
  return wide;
}
std::string two_big(const std::string& text) {
  std::string wide;
  for (const char c : text) wide += std::string{'\0', c};
  return wide;
}
std::string two_high(const std::string& text) {  // ten bits in the upper part
  std::string wide;
  for (const char c : text) {
    const unsigned word = static_cast<unsigned>(c) << 6;
    wide += static_cast<char>(word & 0xff);
    wide += static_cast<char>(word >> 8);
  }
  return wide;
}

const FormatCase format_cases[] = {
    {"I420", {{"abcd", 2}, {"e", 1}, {"i", 1}}},
    {"YV12", {{"abcd", 2}, {"i", 1}, {"e", 1}}},
    {"NV12", {{"abcd", 2}, {"ei", 1}}},
    {"NV21", {{"abcd", 2}, {"ie", 1}}},
    {"YUY2",
     {{"aebi"
       "cgdk",
       2}}},
    {"UYVY",
     {{"eaib"
       "gckd",
       2}}},
    {"YVYU",
     {{"aibe"
       "ckdg",
       2}}},
    {"VYUY",
     {{"iaeb"
       "kcgd",
       2}}},
    {"Y42B", {{"abcd", 2}, {"eg", 2}, {"ik", 2}}},
    {"NV16", {{"abcd", 2}, {"eigk", 2}}},
    {"NV61", {{"abcd", 2}, {"iekg", 2}}},
    {"Y444", {{"abcd", 2}, {"efgh", 2}, {"ijkl", 2}}},
    {"NV24", {{"abcd", 2}, {"eifjgkhl", 2}}},
    {"v308",
     {{"aeibfj"
       "cgkdhl",
       2}}},
    {"Y41B", {{"abcd", 2}, {"eg", 2}, {"ik", 2}}},
    {"AYUV",
     {{"waeixbfj"
       "ycgkzdhl",
       2}}},
    {"VUYA",
     {{"ieawjfbx"
       "kgcylhdz",
       2}}},
    {"I420_10LE", {{two("abcd"), 2}, {two("e"), 1}, {two("i"), 1}}},
    {"I422_10LE", {{two("abcd"), 2}, {two("eg"), 2}, {two("ik"), 2}}},
    {"Y444_10LE", {{two("abcd"), 2}, {two("efgh"), 2}, {two("ijkl"), 2}}},
    {"P010_10LE", {{two_high("abcd"), 2}, {two_high("ei"), 1}}},
    {"RGB",
     {{"aeibfj"
       "cgkdhl",
       2}}},
    {"BGR",
     {{"ieajfb"
       "kgclhd",
       2}}},
    {"RGBx",
     {{"aei.bfj."
       "cgk.dhl.",
       2}}},
    {"BGRx",
     {{"iea.jfb."
       "kgc.lhd.",
       2}}},
    {"xRGB",
     {{".aei.bfj"
       ".cgk.dhl",
       2}}},
    {"xBGR",
     {{".iea.jfb"
       ".kgc.lhd",
       2}}},
    {"RGBA",
     {{"aeiwbfjx"
       "cgkydhlz",
       2}}},
    {"BGRA",
     {{"ieawjfbx"
       "kgcylhdz",
       2}}},
    {"ARGB",
     {{"waeixbfj"
       "ycgkzdhl",
       2}}},
    {"ABGR",
     {{"wieaxjfb"
       "ykgczlhd",
       2}}},
    {"GBR", {{"efgh", 2}, {"ijkl", 2}, {"abcd", 2}}},
    {"RGBP", {{"abcd", 2}, {"efgh", 2}, {"ijkl", 2}}},
    {"BGRP", {{"ijkl", 2}, {"efgh", 2}, {"abcd", 2}}},
    {"GBRA", {{"efgh", 2}, {"ijkl", 2}, {"abcd", 2}, {"wxyz", 2}}},
    {"GRAY8", {{"abcd", 2}}},
    {"GRAY16_LE", {{two("abcd"), 2}}},
    {"GRAY16_BE", {{two_big("abcd"), 2}}},
};

TEST(Picture, the_samples_of_every_format_are_found) {
  const std::string letters[] = {"abcd", "efgh", "ijkl", "wxyz"};
  for (const FormatCase& format : format_cases) {
    const auto source = test_picture(format.name, 2, 2, format.planes);
    const auto result = picture_of(source.info, source.data());
    ASSERT_TRUE(std::holds_alternative<Picture>(result))
        << format.name << ' ' << std::get<std::string>(result);
    const auto& picture = std::get<Picture>(result);
    for (unsigned i = 0; i < picture.format->component_count; ++i) {
      for (std::uint32_t row = 0; row < picture.components[i].height; ++row) {
        const auto samples = row_of(picture, i, row);
        ASSERT_EQ(samples.size(), picture.format->width_of(i, 2));
        for (std::size_t x = 0; x < samples.size(); ++x)
          EXPECT_EQ(samples[x], letters[i][2 * row + x]) << format.name << i << ' ' << row << x;
      }
    }
  }
}

TEST(Picture, every_format_of_the_table_has_a_case) {
  std::string names;
  for (const FormatCase& format : format_cases)
    names += (names.empty() ? "" : ", ") + std::string(format.name);
  EXPECT_EQ(pixel_format_names(), names);
}

TEST(Picture, strides_may_be_wide_and_negative) {
  auto source = test_picture("GRAY8", 2, 2, {{"ab....cd....", 2}});
  source.info.planes[0].row_bytes = 2;
  const auto wide = std::get<Picture>(picture_of(source.info, source.data()));
  EXPECT_EQ(row_of(wide, 0, 1), (std::vector<std::uint16_t>{'c', 'd'}));
  source.info.planes[0].offset = 6;
  source.info.planes[0].stride = -6;
  const auto bottom_up = std::get<Picture>(picture_of(source.info, source.data()));
  EXPECT_EQ(row_of(bottom_up, 0, 0), (std::vector<std::uint16_t>{'c', 'd'}));
  EXPECT_EQ(row_of(bottom_up, 0, 1), (std::vector<std::uint16_t>{'a', 'b'}));
}

TEST(Picture, planes_that_do_not_hold_the_picture_are_refused) {
  const auto problem = [](const char* format, std::uint32_t width, std::uint32_t height,
                          const std::vector<PlaneBytes>& planes) {
    const auto source = test_picture(format, width, height, planes);
    const auto result = picture_of(source.info, source.data());
    return std::holds_alternative<std::string>(result) ? std::get<std::string>(result) : "";
  };
  EXPECT_NE(problem("I420", 2, 2, {{"abcd", 2}, {"e", 1}}), "") << "a plane is missing";
  EXPECT_NE(problem("GRAY8", 3, 2, {{"abcd", 2}}), "") << "rows too short";
  EXPECT_NE(problem("GRAY8", 2, 3, {{"abcd", 2}}), "") << "rows too few";
  EXPECT_NE(problem("YUY2", 3, 1, {{"aebicg", 1}}), "") << "the last V is missing";
  EXPECT_NE(problem("GRAY8", 0, 0, {{"abcd", 2}}), "");
  EXPECT_NE(problem("GRAY8", UINT32_MAX, UINT32_MAX, {{"abcd", 2}}), "");
  EXPECT_NE(problem("RGBA", UINT32_MAX, 1, {{"abcd", 1}}), "");
  EXPECT_NE(problem("v210", 2, 2, {{"abcd", 2}}).find("v210"), std::string::npos);
  EXPECT_NE(problem("GRAY8", 2, 2, {}), "") << "planes are not described";
}

Rgb rgb_of(const char* colorimetry, unsigned bits, unsigned y, unsigned u, unsigned v,
           std::uint32_t height = 480) {
  return YuvToRgb(colour_of(colorimetry, height, false), bits).convert(y, u, v);
}

void expect_rgb(const Rgb& rgb, double r, double g, double b, double within = 0.005) {
  EXPECT_NEAR(rgb[0], r, within);
  EXPECT_NEAR(rgb[1], g, within);
  EXPECT_NEAR(rgb[2], b, within);
}

TEST(Colour, the_matrix_is_that_of_the_colorimetry) {
  // Full red, as each standard encodes it.
  expect_rgb(rgb_of("bt601", 8, 81, 90, 240), 1, 0, 0);
  expect_rgb(rgb_of("bt709", 8, 63, 102, 240), 1, 0, 0);
  expect_rgb(rgb_of("bt2020", 8, 74, 97, 240), 1, 0, 0);
  expect_rgb(rgb_of("bt2100-pq", 8, 74, 97, 240), 1, 0, 0);
  expect_rgb(rgb_of("2:4:16:4", 8, 81, 90, 240), 1, 0, 0);
  expect_rgb(rgb_of("2:3:5:1", 8, 63, 102, 240), 1, 0, 0);
  expect_rgb(rgb_of("1:4:0:0", 8, 76, 85, 255), 1, 0, 0);
  expect_rgb(rgb_of("1:3:5:1", 8, 54, 99, 255), 1, 0, 0);
}

TEST(Colour, what_is_left_open_follows_the_size) {
  for (const char* open : {"", "2:0:0:0", "nonsense", "::", "2:4294967297:1:1"}) {
    expect_rgb(rgb_of(open, 8, 81, 90, 240, 576), 1, 0, 0);
    expect_rgb(rgb_of(open, 8, 63, 102, 240, 577), 1, 0, 0);
  }
}

TEST(Colour, black_and_white_are_those_of_the_range) {
  expect_rgb(rgb_of("bt709", 8, 16, 128, 128), 0, 0, 0);
  expect_rgb(rgb_of("bt709", 8, 235, 128, 128), 1, 1, 1);
  expect_rgb(rgb_of("1:3:5:1", 8, 0, 128, 128), 0, 0, 0);
  expect_rgb(rgb_of("1:3:5:1", 8, 255, 128, 128), 1, 1, 1);
  expect_rgb(rgb_of("bt709", 10, 64, 512, 512), 0, 0, 0);
  expect_rgb(rgb_of("bt709", 10, 940, 512, 512), 1, 1, 1);
  expect_rgb(rgb_of("bt709", 8, 0, 0, 255), 0.0, 0.0, 0.0, 1.0);  // beyond the range: clamped
}

TEST(Colour, rgb_to_yuv_and_back_is_near) {
  const Colour colour = colour_of("", 480, false);
  const RgbToYuv to_yuv(colour);
  const YuvToRgb to_rgb(colour, 8);
  for (unsigned r = 0; r < 256; r += 51)
    for (unsigned g = 0; g < 256; g += 51)
      for (unsigned b = 0; b < 256; b += 51) {
        const auto yuv = to_yuv.convert(r, g, b);
        expect_rgb(to_rgb.convert(yuv[0], yuv[1], yuv[2]), r / 255.0, g / 255.0, b / 255.0, 0.012);
      }
}

StillImage image_of(const mmapvideo_test::TestPicture& source) {
  return still_image_of(std::get<Picture>(picture_of(source.info, source.data())));
}

TEST(StillImage, rgb_keeps_its_bytes_and_its_alpha) {
  const StillImage image = image_of(test_picture("BGRA", 2, 1, {{"ieawjfbx", 1}}));
  EXPECT_EQ(image.channels, 4u);
  EXPECT_EQ(image.bits, 8u);
  EXPECT_EQ(std::string(image.bytes.begin(), image.bytes.end()), "aeiwbfjx");
}

TEST(StillImage, sixteen_bits_of_grey_keep_all_of_them) {
  const StillImage image = image_of(test_picture("GRAY16_LE", 2, 1, {{"\x34\x12\xcd\xab", 1}}));
  EXPECT_EQ(image.bits, 16u);
  EXPECT_EQ(std::string(image.bytes.begin(), image.bytes.end()), "\x12\x34\xab\xcd");
}

TEST(StillImage, ten_bits_become_sixteen) {
  // P010: white, 940 of 1023; neutral chroma.
  auto word = [](unsigned value) {
    return std::string{static_cast<char>(value << 6 & 0xff), static_cast<char>(value << 6 >> 8)};
  };
  const auto image =
      image_of(test_picture("P010_10LE", 1, 1, {{word(940), 1}, {word(512) + word(512), 1}}));
  EXPECT_EQ(image.bytes, (std::vector<std::uint8_t>(6, 0xff)));
}

TEST(StillImage, odd_sizes_share_their_last_chroma) {
  const std::string grey(9, '\x7e');
  const auto image = image_of(test_picture(
      "I420", 3, 3,
      {{grey, 3}, {std::string("\x80\x80\x80\xf0", 4), 2}, {std::string(4, '\x80'), 2}}));
  const auto blue = [&](unsigned x, unsigned y) { return image.bytes[(y * 3 + x) * 3 + 2]; };
  EXPECT_EQ(blue(1, 1), 128);
  EXPECT_EQ(blue(2, 2), 255);
}

}  // namespace
}  // namespace mmapvideo::tools
