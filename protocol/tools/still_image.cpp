// SPDX-License-Identifier: MIT
// A picture as the samples of a PNG.
#include "still_image.hpp"

#include <cmath>

namespace mmapvideo::tools {
namespace {

/// The rows of all components that one row of pixels needs.
class RowReader {
 public:
  explicit RowReader(const Picture& picture) : picture_(picture) {
    for (unsigned i = 0; i < picture.format->component_count; ++i)
      rows_[i].resize(picture.components[i].width);
  }

  void read(std::uint32_t y) {
    for (unsigned i = 0; i < picture_.format->component_count; ++i)
      picture_.read_row(i, picture_.format->is_chroma(i) ? y >> picture_.format->subsample_y : y,
                        rows_[i].data());
  }
  unsigned at(unsigned component, std::uint32_t x) const {
    const bool chroma = picture_.format->is_chroma(component);
    return rows_[component][chroma ? x >> picture_.format->subsample_x : x];
  }

 private:
  const Picture& picture_;
  std::array<std::vector<std::uint16_t>, 4> rows_;
};

class ImageWriter {
 public:
  explicit ImageWriter(StillImage& image) : image_(image) {
    image.bytes.reserve(image.row_bytes() * image.height);
  }

  /// 0 to 1
  void put(double value) {
    put_sample(static_cast<unsigned>(std::lround(value * (image_.bits == 16 ? 65535 : 255))));
  }
  void put_sample(unsigned value) {
    if (image_.bits == 16) image_.bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    image_.bytes.push_back(static_cast<std::uint8_t>(value));
  }

 private:
  StillImage& image_;
};

void write_yuv(const Picture& picture, ImageWriter& writer) {
  const YuvToRgb to_rgb(picture.colour, picture.format->bits);
  RowReader rows(picture);
  for (std::uint32_t y = 0; y < picture.height; ++y) {
    rows.read(y);
    for (std::uint32_t x = 0; x < picture.width; ++x) {
      for (const double value : to_rgb.convert(rows.at(0, x), rows.at(1, x), rows.at(2, x)))
        writer.put(value);
      if (picture.format->component_count == 4) writer.put_sample(rows.at(3, x));
    }
  }
}

void write_rgb(const Picture& picture, ImageWriter& writer) {
  RowReader rows(picture);
  for (std::uint32_t y = 0; y < picture.height; ++y) {
    rows.read(y);
    for (std::uint32_t x = 0; x < picture.width; ++x)
      for (unsigned i = 0; i < picture.format->component_count; ++i)
        writer.put_sample(rows.at(i, x));
  }
}

void write_grey(const Picture& picture, ImageWriter& writer) {
  const YuvToRgb to_rgb(picture.colour, picture.format->bits);
  RowReader rows(picture);
  for (std::uint32_t y = 0; y < picture.height; ++y) {
    rows.read(y);
    for (std::uint32_t x = 0; x < picture.width; ++x) writer.put(to_rgb.grey(rows.at(0, x)));
  }
}

}  // namespace

StillImage still_image_of(const Picture& picture) {
  StillImage image;
  image.width = picture.width;
  image.height = picture.height;
  image.channels = picture.format->component_count;
  image.bits = picture.format->bits > 8 ? 16 : 8;
  ImageWriter writer(image);
  switch (picture.format->model) {
    case ColourModel::yuv:
      write_yuv(picture, writer);
      break;
    case ColourModel::rgb:
      write_rgb(picture, writer);
      break;
    case ColourModel::grey:
      write_grey(picture, writer);
      break;
  }
  return image;
}

}  // namespace mmapvideo::tools
