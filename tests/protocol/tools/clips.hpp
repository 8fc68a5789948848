// SPDX-License-Identifier: MIT
// y4m streams for tests, and pictures to be published.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "support/frames.hpp"
#include "support/library.hpp"

namespace mmapvideo_test {

/// Bytes that are noise, the same for the same seed.
inline std::string noise(std::size_t bytes, unsigned seed) {
  std::minstd_rand random(seed);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random() >> 8);
  return text;
}

struct ClipShape {
  unsigned width = 37;  // odd: chroma is rounded up
  unsigned height = 23;
  std::string colour_space = "420jpeg";
  std::size_t frame_bytes = 37 * 23 + 2 * (19 * 12);
  std::string range = "LIMITED";
};

/// A stream as this command writes it itself.
inline std::string clip_header(const ClipShape& shape, const std::string& rate = "25:1") {
  return "YUV4MPEG2 W" + std::to_string(shape.width) + " H" + std::to_string(shape.height) + " F" +
         rate + " Ip A1:1 C" + shape.colour_space + " XCOLORRANGE=" + shape.range + "\n";
}
inline std::string clip_frame(const ClipShape& shape, unsigned number) {
  return "FRAME\n" + noise(shape.frame_bytes, number + 1);
}
inline std::string clip(unsigned frames, const ClipShape& shape = {},
                        const std::string& rate = "25:1") {
  std::string bytes = clip_header(shape, rate);
  for (unsigned i = 0; i < frames; ++i) bytes += clip_frame(shape, i);
  return bytes;
}

/// A plane of `rows` rows without gaps.
struct PlaneBytes {
  std::string bytes;
  std::uint32_t rows;
};

struct TestPicture {
  mmapvideo_frame_info info{};
  std::string payload;
  const std::byte* data() const { return reinterpret_cast<const std::byte*>(payload.data()); }
};

inline TestPicture test_picture(const std::string& format, std::uint32_t width,
                                std::uint32_t height, const std::vector<PlaneBytes>& planes) {
  TestPicture picture;
  picture.info = grey_info();
  picture.info.width = width;
  picture.info.height = height;
  set_text(picture.info.format, sizeof picture.info.format, format);
  picture.info.plane_count = static_cast<std::uint32_t>(planes.size());
  for (std::size_t i = 0; i < planes.size(); ++i) {
    mmapvideo_plane& plane = picture.info.planes[i];
    plane.offset = picture.payload.size();
    plane.rows = planes[i].rows;
    plane.row_bytes = static_cast<std::uint32_t>(planes[i].bytes.size() / planes[i].rows);
    plane.stride = plane.row_bytes;
    picture.payload += planes[i].bytes;
  }
  picture.info.payload_bytes = picture.payload.size();
  return picture;
}

inline void publish(const Writer& writer, const TestPicture& picture) {
  mmapvideo_error error = {};
  ASSERT_EQ(mmapvideo_writer_publish(writer.get(), &picture.info, kCaps.c_str(),
                                     picture.payload.data(), nullptr, nullptr, &error),
            MMAPVIDEO_OK)
      << error.message;
}

}  // namespace mmapvideo_test
