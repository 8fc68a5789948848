// SPDX-License-Identifier: MIT
// PNG files by libpng.
#include <png.h>

#include <csetjmp>
#include <stdexcept>
#include <vector>

#include "png_file.hpp"

namespace mmapvideo::tools {
namespace {

// Video is noisy: more effort takes several times as long and saves a few percent.
constexpr int compression_effort = 3;

int colour_type(unsigned channels) {
  switch (channels) {
    case 1:
      return PNG_COLOR_TYPE_GRAY;
    case 3:
      return PNG_COLOR_TYPE_RGB;
    default:
      return PNG_COLOR_TYPE_RGB_ALPHA;
  }
}

struct Encoder {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::string message;
  std::string bytes;

  Encoder() {
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, this, fail, warn);
    if (png != nullptr) info = png_create_info_struct(png);
  }
  ~Encoder() { png_destroy_write_struct(&png, &info); }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  // libpng is C and must not be unwound by an exception: it is left by longjmp.
  [[noreturn]] static void fail(png_structp png, png_const_charp message) {
    static_cast<Encoder*>(png_get_error_ptr(png))->message = message;
    png_longjmp(png, 1);
  }
  static void warn(png_structp, png_const_charp) {}
  static void append(png_structp png, png_bytep data, png_size_t size) {
    auto& encoder = *static_cast<Encoder*>(png_get_io_ptr(png));
    try {
      encoder.bytes.append(reinterpret_cast<const char*>(data), size);
    } catch (const std::exception&) {
      png_error(png, "out of memory");
    }
  }
  static void flush(png_structp) {}
};

/// False: it failed, encoder.message says why. Holds no object with a destructor, since a longjmp
/// would skip it.
bool encode(Encoder& encoder, const StillImage& image, png_bytepp rows) {
  if (setjmp(png_jmpbuf(encoder.png)) != 0) return false;
  png_set_write_fn(encoder.png, &encoder, Encoder::append, Encoder::flush);
  // More than libpng's own limits, which are for files of unknown origin.
  png_set_user_limits(encoder.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_compression_level(encoder.png, compression_effort);
  png_set_IHDR(encoder.png, encoder.info, image.width, image.height, static_cast<int>(image.bits),
               colour_type(image.channels), PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(encoder.png, encoder.info);
  png_write_image(encoder.png, rows);
  png_write_end(encoder.png, encoder.info);
  return true;
}

}  // namespace

std::string png_obstacle() { return ""; }

std::string encode_png(const StillImage& image) {
  Encoder encoder;
  if (encoder.info == nullptr) throw std::runtime_error("libpng: out of memory");
  std::vector<png_bytep> rows;
  for (std::uint32_t y = 0; y < image.height; ++y)
    rows.push_back(const_cast<png_bytep>(image.bytes.data() + image.row_bytes() * y));
  if (!encode(encoder, image, rows.data())) throw std::runtime_error("libpng: " + encoder.message);
  return std::move(encoder.bytes);
}

}  // namespace mmapvideo::tools
