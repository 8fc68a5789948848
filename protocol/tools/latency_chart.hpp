// SPDX-License-Identifier: MIT
// Latency over time as a drawing of block characters. Pure.
#pragma once

#include <string>
#include <vector>

#include "frame_statistics.hpp"

namespace mmapvideo::tools {

/// Characters in front of the columns: the labels of the axis.
inline constexpr unsigned chart_margin = 9;

/// One line of text for each row, the highest latencies first, and the axis below. A column for
/// each step: solid up to the median, shaded from there to the maximum. The scale is logarithmic: a
/// row is a step of 1, 2, 5, 10. `max_rows` is at least 3. Empty: there is nothing to draw.
std::vector<std::string> draw_latency(const std::vector<std::optional<LatencyStep>>& history,
                                      std::uint64_t step_ns, unsigned max_rows, bool colour);

}  // namespace mmapvideo::tools
