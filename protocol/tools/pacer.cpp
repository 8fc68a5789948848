// SPDX-License-Identifier: MIT
// When each frame of a stream of constant rate is due.
#include "pacer.hpp"

#include <mmapvideo/mmapvideo.h>

namespace mmapvideo::tools {
namespace {

constexpr std::uint64_t ns_per_s = 1'000'000'000;

}  // namespace

Pacer::Pacer(std::uint32_t fps_numerator, std::uint32_t fps_denominator, bool paced)
    : numerator_(fps_numerator),
      denominator_(fps_denominator),
      paced_(paced && fps_numerator != 0),
      begin_ns_(mmapvideo_clock_now_ns()) {}

bool Pacer::wait_until_due(std::uint64_t index, const Interrupt& interrupt) {
  for (;;) {
    const std::uint64_t now_ns = mmapvideo_clock_now_ns();
    const std::uint64_t due_ns = paced_ ? begin_ns_ + time_ns(index) : now_ns;
    if (now_ns >= due_ns) {
      // An input that is late is not caught up with: it would come in a burst.
      begin_ns_ += now_ns - due_ns > time_ns(1) ? now_ns - due_ns : 0;
      return !interrupt.requested();
    }
    if (interrupt.wait(due_ns - now_ns)) return false;
  }
}

void Pacer::stamp(std::uint64_t index, mmapvideo_frame_info& info) const {
  info.offset = index;
  info.offset_end = index + 1;
  if (numerator_ == 0) return;
  info.pts_ns = info.dts_ns = time_ns(index);
  info.duration_ns = time_ns(index + 1) - time_ns(index);
  if (paced_) info.clock_time_ns = begin_ns_ + info.pts_ns;
}

/// index * denominator / numerator seconds. Whole seconds first, so that nothing overflows within
/// the numbers of y4m.
std::uint64_t Pacer::time_ns(std::uint64_t index) const {
  if (numerator_ == 0) return 0;
  const std::uint64_t units = index * denominator_;
  return units / numerator_ * ns_per_s + units % numerator_ * ns_per_s / numerator_;
}

}  // namespace mmapvideo::tools
