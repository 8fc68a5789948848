// SPDX-License-Identifier: MIT
// PNG files of `mmapvideo dump`, decoded again by libpng.
#include <gtest/gtest.h>
#include <png.h>

#include "clips.hpp"
#include "command.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

struct Decoded {
  unsigned width = 0;
  unsigned height = 0;
  png_uint_32 format = 0;
  std::vector<unsigned> rgba;  // 8 bits each
};

Decoded decode(const std::string& bytes) {
  Decoded decoded;
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0) return decoded;
  decoded.width = image.width;
  decoded.height = image.height;
  decoded.format = image.format;
  image.format = PNG_FORMAT_RGBA;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(image));
  EXPECT_NE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr), 0) << image.message;
  decoded.rgba.assign(pixels.begin(), pixels.end());
  return decoded;
}

class PngTest : public FileTest {
 protected:
  /// Publishes the picture, dumps it, decodes the file.
  Decoded dump(const TestPicture& picture) {
    Writer writer = open_writer(path_);
    publish(writer, picture);
    const std::string output = dir_ / "frame.png";
    const Answer said = run("dump " + path_ + " -o " + output);
    EXPECT_EQ(said.status, 0) << said.text;
    return decode(read_bytes(output));
  }
};

TEST_F(PngTest, rgb_arrives_as_it_is) {
  const Decoded png =
      dump(test_picture("BGRx", 2, 2, {{std::string("\1\2\3.\4\5\6.\7\10\11.\12\13\14.", 16), 2}}));
  EXPECT_EQ(png.width, 2u);
  EXPECT_EQ(png.height, 2u);
  EXPECT_EQ(png.rgba,
            (std::vector<unsigned>{3, 2, 1, 255, 6, 5, 4, 255, 9, 8, 7, 255, 12, 11, 10, 255}));
}

TEST_F(PngTest, alpha_arrives) {
  const Decoded png = dump(test_picture("ARGB", 1, 1, {{"\xff\x10\x20\x30", 1}}));
  EXPECT_NE(png.format & PNG_FORMAT_FLAG_ALPHA, 0u);
  EXPECT_EQ(png.rgba, (std::vector<unsigned>{0x10, 0x20, 0x30, 0xff}));
}

TEST_F(PngTest, yuv_is_converted_by_its_colorimetry) {
  // Red, green, blue and white of BT.709, limited range.
  auto picture = test_picture(
      "Y444", 4, 1, {{"\x3f\xad\x20\xeb", 1}, {"\x66\x2a\xf0\x80", 1}, {"\xf0\x1a\x76\x80", 1}});
  set_text(picture.info.colorimetry, sizeof picture.info.colorimetry, "bt709");
  const Decoded png = dump(picture);
  const std::vector<unsigned> expected{255, 0, 0,   255, 0,   255, 0,   255,
                                       0,   0, 255, 255, 255, 255, 255, 255};
  ASSERT_EQ(png.rgba.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(png.rgba[i], expected[i], 2) << i;
}

TEST_F(PngTest, grey_of_sixteen_bits_stays_so) {
  const Decoded png = dump(test_picture("GRAY16_BE", 2, 1, {{std::string("\0\0\xff\xff", 4), 1}}));
  EXPECT_NE(png.format & PNG_FORMAT_FLAG_LINEAR, 0u);
  EXPECT_EQ(png.rgba, (std::vector<unsigned>{0, 0, 0, 255, 255, 255, 255, 255}));
}

TEST_F(PngTest, it_goes_to_stdout_too) {
  Writer writer = open_writer(path_);
  publish(writer, test_picture("GRAY8", 2, 2, {{"abcd", 2}}));
  const Answer said = run("dump " + path_ + " --png -");
  EXPECT_EQ(said.status, 0);
  EXPECT_EQ(decode(said.text).width, 2u);
}

TEST_F(PngTest, several_are_numbered) {
  write_bytes(dir_ / "clip.y4m", clip(4));
  Background player(command_line("play " + path_ + " --loop " + (dir_ / "clip.y4m")));
  const Answer said = run("dump " + path_ + " -n 3 --every-frame -o " + (dir_ / "f.png"));
  EXPECT_EQ(said.status, 0) << said.text;
  for (const char* name : {"f-1.png", "f-2.png", "f-3.png"})
    EXPECT_EQ(decode(read_bytes(dir_ / name)).width, 37u) << name;
  EXPECT_FALSE(exists(dir_ / "f.png"));
}

TEST_F(PngTest, a_format_without_conversion_is_one_clear_sentence) {
  Writer writer = open_writer(path_);
  publish(writer, test_picture("v210", 2, 2, {{std::string(32, 'x'), 2}}));
  const Answer said = run("dump " + path_ + " -o " + (dir_ / "frame.png"));
  EXPECT_EQ(said.status, 1);
  EXPECT_TRUE(said.says("has the format v210, which this command cannot convert")) << said.text;
  EXPECT_FALSE(exists(dir_ / "frame.png"));
}

}  // namespace
}  // namespace mmapvideo_test
