// SPDX-License-Identifier: MIT
// What a reader notes of each frame that reaches it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "bench_figures.hpp"
#include "bench_window.hpp"
#include "frame_work.hpp"

namespace bench {

/// Of the thread that reads, and of others after it has ended.
class Arrivals {
 public:
  Arrivals(const Window::Settings& window, bool read_completely)
      : window_(window), read_completely_(read_completely) {
    // Touched now, so that no page fault of ours is counted as the transport's.
    latencies_ns_.assign(window.length_ns * samples_per_s / 1'000'000'000, 1);
    latencies_ns_.clear();
  }

  void look_at(const unsigned char* data, std::size_t bytes) {
    const std::uint64_t arrival_ns = now_ns();
    FrameHead head;
    if (bytes < sizeof head) return;
    std::memcpy(&head, data, sizeof head);
    if (window_.note(arrival_ns)) count(head, arrival_ns);
    last_number_ = head.number;
    if (read_completely_ && sum_words(data, bytes) != expected_sum(head, bytes)) ++damaged_;
  }

  Figures figures() {
    Figures figures = window_.figures();
    add_latency(figures, latencies_ns_);
    figures["skipped"] = static_cast<double>(skipped_);
    figures["damaged"] = static_cast<double>(damaged_);
    return figures;
  }

 private:
  /// More frames a second than anything here delivers. Of further ones no latency is kept.
  static constexpr std::uint64_t samples_per_s = 500'000;

  void count(const FrameHead& head, std::uint64_t arrival_ns) {
    skipped_ += head.number - last_number_ - 1;
    if (latencies_ns_.size() == latencies_ns_.capacity()) return;
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    latencies_ns_.push_back(static_cast<std::uint32_t>(std::min(arrival_ns - head.stamp_ns, most)));
  }

  Window window_;
  bool read_completely_;
  std::vector<std::uint32_t> latencies_ns_;
  std::uint64_t last_number_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t damaged_ = 0;
};

}  // namespace bench
