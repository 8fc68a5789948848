// SPDX-License-Identifier: MIT
// Where `mmapvideo dump` puts frames: PNG files, a y4m stream, or bytes as they are.
#pragma once

#include <cstddef>
#include <memory>
#include <mmapvideo/mmapvideo.hpp>

#include "interrupt.hpp"
#include "requests.hpp"

namespace mmapvideo::tools {

class FrameSink {
 public:
  /// As the request says: raw, png, or else y4m. Touches no file before the first frame.
  static std::unique_ptr<FrameSink> create(const DumpRequest& request, const Interrupt& interrupt);
  virtual ~FrameSink() = default;

  /// False: interrupted, or nobody reads the output any more. Throws core::Failure for frames that
  /// the output cannot hold.
  virtual bool write(const mmapvideo::Frame& frame, const std::byte* payload) = 0;
};

}  // namespace mmapvideo::tools
