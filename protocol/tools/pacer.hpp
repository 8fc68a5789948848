// SPDX-License-Identifier: MIT
// When each frame of a stream of constant rate is due.
#pragma once

#include <mmapvideo/layout.h>

#include <cstdint>

#include "interrupt.hpp"

namespace mmapvideo::tools {

class Pacer {
 public:
  /// A rate of 0/1 is unknown: then, and unless `paced`, every frame is due at once.
  Pacer(std::uint32_t fps_numerator, std::uint32_t fps_denominator, bool paced);

  /// False: interrupted.
  bool wait_until_due(std::uint64_t index, const Interrupt& interrupt);
  /// Sets the times of that frame.
  void stamp(std::uint64_t index, mmapvideo_frame_info& info) const;

 private:
  std::uint64_t time_ns(std::uint64_t index) const;

  const std::uint64_t numerator_;
  const std::uint64_t denominator_;
  const bool paced_;
  std::uint64_t begin_ns_;
};

}  // namespace mmapvideo::tools
