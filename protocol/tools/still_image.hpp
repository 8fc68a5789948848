// SPDX-License-Identifier: MIT
// A picture as the samples of a PNG: grey, RGB or RGBA, of 8 or 16 bits.
#pragma once

#include <cstdint>
#include <vector>

#include "picture.hpp"

namespace mmapvideo::tools {

struct StillImage {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  unsigned channels = 0;            // 1, 3 or 4
  unsigned bits = 8;                // 16: big-endian words
  std::vector<std::uint8_t> bytes;  // rows without gaps

  std::size_t row_bytes() const noexcept { return std::size_t{width} * channels * (bits / 8); }
};

/// Chroma samples stand for all the pixels that share them. Samples of more than 8 bits become 16.
StillImage still_image_of(const Picture& picture);

}  // namespace mmapvideo::tools
