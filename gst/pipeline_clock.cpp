// SPDX-License-Identifier: MIT
// What an element knows of its pipeline's clock, as input for clock_map.
#include "pipeline_clock.hpp"

#include <mmapvideo/mmapvideo.hpp>

namespace gstmmap {
namespace {

/// Is reading this clock the same as reading the file's clock (CLOCK_MONOTONIC; on Windows
/// QueryPerformanceCounter)? True for GStreamer's system clock itself, not for clocks that derive
/// from it and may be slaved or shifted.
bool is_monotonic(GstClock* clock) {
  GstClock* system = gst_system_clock_obtain();
  GstClockType type = GST_CLOCK_TYPE_OTHER;
  if (clock == system) g_object_get(clock, "clock-type", &type, nullptr);
  gst_object_unref(system);
  return type == GST_CLOCK_TYPE_MONOTONIC;
}

}  // namespace

std::optional<PipelineClock> PipelineClockSampler::sample(GstElement* element) {
  GstClock* clock = gst_element_get_clock(element);
  if (clock == nullptr) return std::nullopt;
  PipelineClock result{gst_element_get_base_time(element), {}};
  if (clock != known_clock_) {
    gst_object_replace(reinterpret_cast<GstObject**>(&known_clock_), GST_OBJECT_CAST(clock));
    known_is_monotonic_ = is_monotonic(clock);
  }
  if (!known_is_monotonic_) result.sample = {gst_clock_get_time(clock), mmapvideo_clock_now_ns()};
  gst_object_unref(clock);
  return result;
}

}  // namespace gstmmap
