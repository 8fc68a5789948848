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

/// Nothing while the element has no clock (before PLAYING).
std::optional<PipelineClock> sample_pipeline_clock(GstElement* element);

}  // namespace gstmmap
