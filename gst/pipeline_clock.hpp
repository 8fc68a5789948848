// SPDX-License-Identifier: MIT
// What an element knows of its pipeline's clock, as input for clock_map.
#pragma once

#include <gst/gst.h>

#include <optional>

#include "clock_map.hpp"

namespace gstmmap {

struct PipelineClock {
  std::uint64_t base_time_ns;
  ClockSample sample;
};

/// Samples the clock of one element. Asks what kind of clock it is only when it is another one.
class PipelineClockSampler {
 public:
  PipelineClockSampler() = default;
  ~PipelineClockSampler() { gst_clear_object(&known_clock_); }
  PipelineClockSampler(const PipelineClockSampler&) = delete;
  PipelineClockSampler& operator=(const PipelineClockSampler&) = delete;

  /// Nothing while the element has no clock (before PLAYING). One thread at a time.
  std::optional<PipelineClock> sample(GstElement* element);

 private:
  GstClock* known_clock_ = nullptr;  // a reference: its address stays its own
  bool known_is_monotonic_ = false;
};

}  // namespace gstmmap
