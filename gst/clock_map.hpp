// SPDX-License-Identifier: MIT
// Running time of one pipeline to CLOCK_MONOTONIC, and from there to running time of another. Pure.
//
// The file's times are of CLOCK_MONOTONIC, which all processes of a machine share. A pipeline's
// clock may be another one; a sample of both at one instant ties them together. With GStreamer's
// system clock the two are the same and the sample is exact.
#pragma once

#include <cstdint>

namespace gstmmap {

/// Absent time, as GST_CLOCK_TIME_NONE and MMAPVIDEO_NONE.
inline constexpr std::uint64_t no_time = UINT64_MAX;

/// The same instant on both clocks, in nanoseconds.
struct ClockSample {
  std::uint64_t pipeline_ns = 0;
  std::uint64_t monotonic_ns = 0;
};

/// The instant of `running_time_ns` in a pipeline with `base_time_ns`, on CLOCK_MONOTONIC; no_time
/// if it is absent or lies before that clock's zero.
std::uint64_t monotonic_from_running_time(std::uint64_t running_time_ns, std::uint64_t base_time_ns,
                                          const ClockSample& sample);

/// The running time of an instant on CLOCK_MONOTONIC in a pipeline with `base_time_ns`. An instant
/// before the pipeline began is running time 0.
std::uint64_t running_time_from_monotonic(std::uint64_t monotonic_ns, std::uint64_t base_time_ns,
                                          const ClockSample& sample);

/// Keeps running time from going back where a writer was followed by one that is behind it: frames
/// of the later one are not before the last one of the former.
class ForwardTime {
 public:
  /// The running time to use for a frame of that session. Another base time begins anew.
  std::uint64_t place(std::uint64_t running_time_ns, std::uint64_t session_id,
                      std::uint64_t base_time_ns) noexcept;

 private:
  std::uint64_t session_id_ = 0;
  std::uint64_t base_time_ns_ = 0;
  std::uint64_t floor_ns_ = 0;    // where the former session ended
  std::uint64_t highest_ns_ = 0;  // in all sessions
};

}  // namespace gstmmap
