// SPDX-License-Identifier: MIT
// A y4m stream, frame by frame. The stream may come from anywhere: memory is taken only for bytes
// that have arrived, and every error is a Y4mError.
#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>

#include "y4m_header.hpp"

namespace mmapvideo::tools {

/// What is wrong with a stream, without its subject: "its header ...".
class Y4mError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Y4mReader {
 public:
  /// Reads up to `bytes`, and says how many; 0 at the end.
  using Source = std::function<std::size_t(char* to, std::size_t bytes)>;

  /// Reads the header. Throws Y4mError.
  explicit Y4mReader(Source source);

  const Y4mHeader& header() const noexcept { return header_; }
  /// The next frame's planes, one after the other without gaps. False: the stream ended between two
  /// frames. Throws Y4mError.
  bool next(std::string& frame);

 private:
  bool read_line(std::string& line);
  bool fill();

  const Source source_;
  std::string buffer_;
  std::size_t at_ = 0;  // of the first byte of buffer_ that is not used up
  Y4mHeader header_;
};

}  // namespace mmapvideo::tools
