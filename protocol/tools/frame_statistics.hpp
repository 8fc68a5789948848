// SPDX-License-Identifier: MIT
// Rate and latency of the frames seen lately. Pure: time is what the caller says it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "frame_observer.hpp"

namespace mmapvideo::tools {

struct Percentiles {
  std::uint64_t p50_ns;
  std::uint64_t p90_ns;
  std::uint64_t p99_ns;
  std::uint64_t max_ns;
};

/// Latencies in one step of time.
struct LatencyStep {
  std::uint64_t p50_ns;
  std::uint64_t max_ns;
};

class FrameStatistics {
 public:
  /// Keeps the frames of the last `window_ns`.
  explicit FrameStatistics(std::uint64_t window_ns) : window_ns_(window_ns) {}

  void add(const SeenFrame& frame);

  /// Frames published per second, lately.
  double rate(std::uint64_t now_ns) const;
  /// Of the frames seen from `since_ns` on. Nothing: there are none with a known latency.
  std::optional<Percentiles> latency(std::uint64_t since_ns) const;
  /// Of `count` steps of `step_ns` each, the last of which holds `now_ns`. Steps are aligned in
  /// time, so that a later call shows the same ones, further back.
  std::vector<std::optional<LatencyStep>> history(std::uint64_t now_ns, std::uint64_t step_ns,
                                                  std::size_t count) const;
  std::uint64_t seen_count() const noexcept { return seen_count_; }
  std::uint64_t skipped_count() const noexcept { return skipped_count_; }

 private:
  struct Sample {
    std::uint64_t seen_time_ns;
    std::uint64_t publish_time_ns;
    std::uint64_t frame_count;
    std::uint64_t session_id;
    std::optional<std::uint64_t> latency_ns;
  };

  const std::uint64_t window_ns_;
  std::deque<Sample> samples_;
  std::uint64_t seen_count_ = 0;
  std::uint64_t skipped_count_ = 0;
};

}  // namespace mmapvideo::tools
