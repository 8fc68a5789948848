// SPDX-License-Identifier: MIT
// Where the samples of a pixel format lie: a table of the formats that `dump` can convert.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace mmapvideo::tools {

enum class ColourModel : std::uint8_t { grey, yuv, rgb };

/// One component in its plane, in bytes. Components are Y, U, V, A or R, G, B, A; grey has one.
struct ComponentLayout {
  std::uint8_t plane;
  std::uint8_t offset;  // of the first sample in a row
  std::uint8_t step;    // from sample to sample
};

struct PixelFormat {
  const char* name;  // GStreamer's
  ColourModel model;
  std::uint8_t component_count;
  std::uint8_t bits;         // of a sample; above 8 it is two bytes
  std::uint8_t shift;        // unused low bits of a sample
  bool big_endian;           // of two-byte samples
  std::uint8_t subsample_x;  // of chroma, as a power of two
  std::uint8_t subsample_y;
  std::array<ComponentLayout, 4> components;

  std::uint32_t sample_bytes() const noexcept { return bits > 8 ? 2 : 1; }
  bool is_chroma(unsigned component) const noexcept {
    return model == ColourModel::yuv && (component == 1 || component == 2);
  }
  /// Samples across, and rows, of a component of a picture of that size.
  std::uint32_t width_of(unsigned component, std::uint32_t width) const noexcept {
    return is_chroma(component) ? subsampled(width, subsample_x) : width;
  }
  std::uint32_t height_of(unsigned component, std::uint32_t height) const noexcept {
    return is_chroma(component) ? subsampled(height, subsample_y) : height;
  }

 private:
  static std::uint32_t subsampled(std::uint32_t size, unsigned shift) noexcept {
    return static_cast<std::uint32_t>((std::uint64_t{size} + (1u << shift) - 1) >> shift);
  }
};

/// NULL: not in the table.
const PixelFormat* find_pixel_format(std::string_view name);

/// All names, for help: "I420, YV12, ...".
std::string pixel_format_names();

}  // namespace mmapvideo::tools
