// SPDX-License-Identifier: MIT
// Running time of one pipeline to CLOCK_MONOTONIC, and from there to running time of another.
#include "clock_map.hpp"

#include <algorithm>

namespace gstmmap {

std::uint64_t monotonic_from_running_time(std::uint64_t running_time_ns, std::uint64_t base_time_ns,
                                          const ClockSample& sample) {
  if (running_time_ns == no_time || base_time_ns == no_time) return no_time;
  // Differences of clocks fit 63 bits (292 years); unsigned arithmetic wraps to the right sum.
  const std::uint64_t pipeline_ns = base_time_ns + running_time_ns;
  const std::uint64_t monotonic_ns = pipeline_ns + (sample.monotonic_ns - sample.pipeline_ns);
  return static_cast<std::int64_t>(monotonic_ns) < 0 ? no_time : monotonic_ns;
}

std::uint64_t running_time_from_monotonic(std::uint64_t monotonic_ns, std::uint64_t base_time_ns,
                                          const ClockSample& sample) {
  if (monotonic_ns == no_time || base_time_ns == no_time) return no_time;
  const std::uint64_t pipeline_ns = monotonic_ns + (sample.pipeline_ns - sample.monotonic_ns);
  const auto running_time_ns = static_cast<std::int64_t>(pipeline_ns - base_time_ns);
  return running_time_ns < 0 ? 0 : static_cast<std::uint64_t>(running_time_ns);
}

std::uint64_t ForwardTime::place(std::uint64_t running_time_ns, std::uint64_t session_id,
                                 std::uint64_t base_time_ns) noexcept {
  if (base_time_ns != base_time_ns_) floor_ns_ = highest_ns_ = 0;
  base_time_ns_ = base_time_ns;
  if (session_id != session_id_) floor_ns_ = highest_ns_;
  session_id_ = session_id;
  if (running_time_ns == no_time) return running_time_ns;
  const std::uint64_t placed = std::max(running_time_ns, floor_ns_);
  highest_ns_ = std::max(highest_ns_, placed);
  return placed;
}

}  // namespace gstmmap
