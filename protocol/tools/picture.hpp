// SPDX-License-Identifier: MIT
// A frame's payload as a picture whose samples are known to lie within it.
#pragma once

#include <mmapvideo/layout.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "colour.hpp"
#include "pixel_format.hpp"

namespace mmapvideo::tools {

/// The samples of one component. The first of row r is at first + r * stride.
struct Samples {
  const std::uint8_t* first = nullptr;
  std::int64_t stride = 0;
  std::uint32_t step = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  const std::uint8_t* row(std::uint32_t index) const noexcept { return first + stride * index; }
};

/// Refers to the payload it was made of.
struct Picture {
  const PixelFormat* format = nullptr;
  std::uint32_t width = 0;
  std::uint32_t height = 0;  // of one field, where frames hold one
  Colour colour{};
  std::array<Samples, 4> components;

  /// Reads a row of samples, without their unused bits. `to` has room for the component's width.
  void read_row(unsigned component, std::uint32_t row, std::uint16_t* to) const;
  /// Appends a row as y4m has it: bytes, or little-endian words.
  void append_row(unsigned component, std::uint32_t row, std::string& to) const;
};

/// A picture, or why there is none in a sentence without its subject: "has the format v210, ...".
/// `info` was validated by the library; `payload` has info.payload_bytes bytes.
std::variant<Picture, std::string> picture_of(const mmapvideo_frame_info& info,
                                              const std::byte* payload);

}  // namespace mmapvideo::tools
