// SPDX-License-Identifier: MIT
// A reader's view of a file header, and the signals that go with it.
#pragma once

#include <mmapvideo/layout.h>

#include "platform/platform.hpp"

namespace mmapvideo::core {

/// Mapped read-only. Does not need the file any more.
class MappedHeader {
 public:
  /// The file has a whole header. Throws Failure.
  explicit MappedHeader(const platform::File& file)
      : mapping_(file, 0, MMAPVIDEO_HEADER_BYTES, platform::Access::read) {}
  MappedHeader(const MappedHeader&) = delete;
  MappedHeader& operator=(const MappedHeader&) = delete;

  const mmapvideo_file_header& header() const noexcept { return mapped(); }
  platform::Signals& signals() noexcept { return signals_; }

 private:
  mmapvideo_file_header& mapped() const noexcept {
    return *reinterpret_cast<mmapvideo_file_header*>(mapping_.data());
  }

  const platform::Mapping mapping_;
  platform::Signals signals_{mapped(), platform::Access::read};
};

}  // namespace mmapvideo::core
