// SPDX-License-Identifier: MIT
// The part of a run that counts: after a warm-up, for a set time, and what this process used
// meanwhile.
#pragma once

#include <atomic>
#include <cstdint>

#include "bench_figures.hpp"

namespace bench {

/// CLOCK_MONOTONIC, which all processes of a machine share.
std::uint64_t now_ns();

/// Sleeps to a point in time, not for a while, so that periods do not add up their delays.
void sleep_until(std::uint64_t time_ns);

/// What all threads of this process have used since its start.
struct Usage {
  std::uint64_t cpu_ns = 0;
  std::uint64_t minor_faults = 0;
};

Usage read_usage();

/// The part of this process's memory that is present, mapped files included.
double resident_mib();

/// Opens with the first event after the warm-up, closes with the first one after its length. One
/// thread notes events; others may ask whether it is closed, and for the figures afterwards.
class Window {
 public:
  struct Settings {
    std::uint64_t warmup_ns = 0;
    std::uint64_t length_ns = 0;
  };

  explicit Window(const Settings& settings) : settings_(settings) {}

  /// True: the event lies inside, and counts.
  bool note(std::uint64_t event_ns);
  bool closed() const { return closed_.load(std::memory_order_acquire); }
  std::uint64_t closed_ns() const { return last_ns_; }

  /// Events a second, and processor time and page faults for each. A window that never closed ends
  /// with its last event.
  Figures figures() const;

 private:
  Settings settings_;
  std::uint64_t first_ns_ = 0;
  std::uint64_t opened_ns_ = 0;
  std::uint64_t last_ns_ = 0;
  std::uint64_t count_ = 0;
  Usage usage_at_start_;
  Usage usage_at_end_;
  std::atomic<bool> closed_{false};
};

}  // namespace bench
