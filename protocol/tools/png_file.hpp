// SPDX-License-Identifier: MIT
// PNG files. One of two sources implements it: with libpng, and without.
#pragma once

#include <string>

#include "still_image.hpp"

namespace mmapvideo::tools {

/// Empty, or what keeps this command from writing PNG.
std::string png_obstacle();
/// The bytes of a PNG file. Throws std::runtime_error.
std::string encode_png(const StillImage& image);

}  // namespace mmapvideo::tools
