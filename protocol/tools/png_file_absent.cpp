// SPDX-License-Identifier: MIT
// No PNG files: this command was built without libpng.
#include <stdexcept>

#include "png_file.hpp"

namespace mmapvideo::tools {

std::string png_obstacle() {
  return "This mmapvideo was built without libpng and cannot write PNG. Build it with libpng "
         "(Debian: "
         "libpng-dev), or dump y4m and convert that: mmapvideo dump FILE -n 1 - | ffmpeg -i - "
         "frame.png";
}

std::string encode_png(const StillImage&) { throw std::runtime_error(png_obstacle()); }

}  // namespace mmapvideo::tools
