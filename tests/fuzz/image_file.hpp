// SPDX-License-Identifier: MIT
// The one file of a process that the code under test meets again and again: on a memory file
// system (image_file_disk.cpp), or without any system call (image_file_memory.cpp).
#pragma once

#include <string>

#include "image.hpp"

namespace mmapvideo_fuzz {

class ImageFile {
 public:
  ImageFile();
  const std::string& path() const { return path_; }
  /// Makes it what the image says, and lets it begin with the raw bytes. Payloads may keep what
  /// they had.
  void put(const Image& image, const std::uint8_t* raw, std::size_t raw_bytes);
  /// Its size, and the bytes that put() has written, as they are now. Valid until asked again for
  /// that moment.
  enum class Moment { before, after };
  const std::string& kept_parts(Moment moment) const;
  /// Aborts if anything is left open, mapped or locked, as far as that can be seen.
  void require_let_go() const;

 private:
  std::string path_;
};

}  // namespace mmapvideo_fuzz
