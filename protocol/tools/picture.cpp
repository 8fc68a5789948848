// SPDX-License-Identifier: MIT
// A frame's payload as a picture whose samples are known to lie within it.
#include "picture.hpp"

#include <cstring>

#include "text.hpp"

namespace mmapvideo::tools {
namespace {

unsigned load_sample(const std::uint8_t* at, const PixelFormat& format) noexcept {
  if (format.bits <= 8) return *at;
  const unsigned word = format.big_endian ? static_cast<unsigned>(at[0] << 8 | at[1])
                                          : static_cast<unsigned>(at[1] << 8 | at[0]);
  return word >> format.shift;
}

/// A field is half of the frame it is of.
std::uint32_t picture_height(const mmapvideo_frame_info& info) {
  return info.interlace_mode == MMAPVIDEO_INTERLACE_ALTERNATE ? info.height / 2 + info.height % 2
                                                              : info.height;
}

/// The library has checked that the plane's rows lie within the payload, not that they hold the
/// picture.
bool holds(const mmapvideo_plane& plane, const ComponentLayout& layout, std::uint32_t width,
           std::uint32_t height, std::uint32_t sample_bytes) {
  const std::uint64_t row_bytes =
      std::uint64_t{layout.offset} + std::uint64_t{layout.step} * (width - 1) + sample_bytes;
  return plane.rows >= height && plane.row_bytes >= row_bytes;
}

}  // namespace

void Picture::read_row(unsigned component, std::uint32_t row, std::uint16_t* to) const {
  const Samples& samples = components[component];
  const std::uint8_t* from = samples.row(row);
  for (std::uint32_t x = 0; x < samples.width; ++x, from += samples.step)
    to[x] = static_cast<std::uint16_t>(load_sample(from, *format));
}

void Picture::append_row(unsigned component, std::uint32_t row, std::string& to) const {
  const Samples& samples = components[component];
  const std::uint8_t* from = samples.row(row);
  const std::uint32_t bytes = format->sample_bytes();
  const std::size_t at = to.size();
  to.resize(at + std::size_t{samples.width} * bytes);
  char* out = to.data() + at;
  if (samples.step == 1) {
    std::memcpy(out, from, samples.width);
    return;
  }
  for (std::uint32_t x = 0; x < samples.width; ++x, from += samples.step) {
    const unsigned value = load_sample(from, *format);
    *out++ = static_cast<char>(value & 0xff);
    if (bytes == 2) *out++ = static_cast<char>(value >> 8);
  }
}

std::variant<Picture, std::string> picture_of(const mmapvideo_frame_info& info,
                                              const std::byte* payload) {
  const std::string name = printable(info.format);
  Picture picture;
  picture.format = find_pixel_format(name);
  if (picture.format == nullptr)
    return "has the format " + name +
           ", which this command cannot convert (--raw writes its bytes)";
  if (info.plane_count == 0)
    return std::string("does not say where its planes lie (--raw writes its bytes)");
  picture.width = info.width;
  picture.height = picture_height(info);
  if (picture.width == 0 || picture.height == 0) return std::string("has no size");
  picture.colour =
      colour_of(info.colorimetry, info.height, picture.format->model == ColourModel::grey);
  for (unsigned i = 0; i < picture.format->component_count; ++i) {
    const ComponentLayout& layout = picture.format->components[i];
    Samples& samples = picture.components[i];
    samples.width = picture.format->width_of(i, picture.width);
    samples.height = picture.format->height_of(i, picture.height);
    samples.step = layout.step;
    if (layout.plane >= info.plane_count || !holds(info.planes[layout.plane], layout, samples.width,
                                                   samples.height, picture.format->sample_bytes()))
      return "is described with planes too small for " + name + " of its size";
    const mmapvideo_plane& plane = info.planes[layout.plane];
    samples.first = reinterpret_cast<const std::uint8_t*>(payload) + plane.offset + layout.offset;
    samples.stride = plane.stride;
  }
  return picture;
}

}  // namespace mmapvideo::tools
