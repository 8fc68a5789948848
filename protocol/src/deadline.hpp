// SPDX-License-Identifier: MIT
// A time limit of a wait that looks again in steps.
#pragma once

#include <algorithm>
#include <cstdint>

#include "platform/platform.hpp"

namespace mmapvideo::core {

inline constexpr std::uint64_t ns_per_ms = 1'000'000;

/// A time limit that may be absent.
class Deadline {
 public:
  /// Negative: there is none.
  explicit Deadline(std::int64_t timeout_ns)
      : endless_(timeout_ns < 0),
        at_ns_(timeout_ns > 0 ? platform::monotonic_ns() + static_cast<std::uint64_t>(timeout_ns)
                              : 0) {}

  /// How long to sleep at most, given that `step_ns` is the longest the caller wants. 0: it passed.
  std::uint64_t limit(std::uint64_t now_ns, std::uint64_t step_ns) const noexcept {
    if (endless_) return step_ns;
    return at_ns_ > now_ns ? std::min(step_ns, at_ns_ - now_ns) : 0;
  }

 private:
  bool endless_;
  std::uint64_t at_ns_;
};

}  // namespace mmapvideo::core
