// SPDX-License-Identifier: MIT
// Latency over time as a drawing of block characters.
#include "latency_chart.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "text.hpp"

namespace mmapvideo::tools {
namespace {

constexpr unsigned min_rows = 4;
constexpr int cell_parts = 8;
constexpr const char* partial_blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
// What the eye should follow, and what it may.
constexpr const char* median_ink = "\033[36m";
constexpr const char* maximum_ink = "\033[90m";
constexpr const char* maximum_paper = "\033[100m";
constexpr const char* no_ink = "\033[0m";

/// The boundaries between rows in nanoseconds: 100, 200, 500, 1000, ...
std::uint64_t boundary_ns(int index) {
  constexpr std::uint64_t steps[] = {1, 2, 5};
  std::uint64_t value = steps[index % 3];
  for (int decade = index / 3; decade > 0; --decade) value *= 10;
  return value;
}

constexpr int max_boundary = 3 * 18;

/// Where a latency lies on the scale: the boundary below it, and how far it is above that.
double scaled(std::uint64_t latency_ns) {
  int below = 0;
  while (below < max_boundary && boundary_ns(below + 1) <= latency_ns) ++below;
  const double low = std::log(static_cast<double>(boundary_ns(below)));
  const double high = std::log(static_cast<double>(boundary_ns(below + 1)));
  const double value = std::log(static_cast<double>(std::max<std::uint64_t>(latency_ns, 1)));
  return below + (value - low) / (high - low);
}

struct Scale {
  int bottom;  // boundaries
  int top;
};

std::optional<Scale> scale_of(const std::vector<std::optional<LatencyStep>>& history,
                              unsigned max_rows) {
  double low = max_boundary, high = 0;
  for (const auto& step : history) {
    if (!step) continue;
    low = std::min(low, scaled(step->p50_ns));
    high = std::max(high, scaled(step->max_ns));
  }
  if (high < low) return std::nullopt;
  const int top = static_cast<int>(high) + 1;
  // One row more below the lowest median, so that it is a bar.
  const int rows = std::clamp(top - static_cast<int>(low) + 1, static_cast<int>(min_rows),
                              static_cast<int>(std::max(max_rows, min_rows)));
  return Scale{std::max(top - rows, 0), top};
}

/// How many eighths of the row above `boundary` a bar fills; not less than one in the lowest row.
/// The tick beside a row is in its middle, and there a bar of that latency ends.
int eighths(std::uint64_t latency_ns, int boundary, int bottom) {
  const double filled = (scaled(latency_ns) - boundary - 0.5) * cell_parts;
  const int least = boundary == bottom ? 1 : 0;
  return std::clamp(static_cast<int>(std::lround(filled)), least, cell_parts);
}

/// Writes a line of cells; colours change only where they have to.
class CellLine {
 public:
  explicit CellLine(bool colour) : colour_(colour) {}

  void add(int median, int maximum) {
    if (maximum == 0) return put("", " ");
    if (!colour_) return put("", median != 0 ? partial_blocks[median] : maximum > 3 ? "░" : " ");
    if (median == 0) return put(maximum_ink, partial_blocks[maximum]);
    if (median < cell_parts && maximum == cell_parts)
      return put(std::string(median_ink) + maximum_paper, partial_blocks[median]);
    put(median_ink, partial_blocks[median]);
  }
  std::string text() const { return ink_.empty() ? text_ : text_ + no_ink; }

 private:
  void put(const std::string& ink, const char* block) {
    if (ink != ink_) text_ += no_ink + ink;
    ink_ = ink;
    text_ += block;
  }

  const bool colour_;
  std::string ink_;
  std::string text_;
};

/// `text` at the right end of the margin. Its "µ" is two bytes and one character.
std::string label(const std::string& text) {
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  });
  const auto room = static_cast<std::ptrdiff_t>(chart_margin) - 2 - characters;
  return std::string(static_cast<std::size_t>(std::max<std::ptrdiff_t>(room, 0)), ' ') + text;
}

std::string boundary_text(int index) {
  const std::uint64_t ns = boundary_ns(index);
  if (ns < 1'000) return std::to_string(ns) + " ns";
  if (ns < 1'000'000) return std::to_string(ns / 1'000) + " µs";
  if (ns < 1'000'000'000) return std::to_string(ns / 1'000'000) + " ms";
  return std::to_string(ns / 1'000'000'000) + " s";
}

/// "── 36 s ago ─────── now", `columns` wide; without words where they do not fit.
std::string time_axis(std::size_t columns, std::uint64_t step_ns) {
  const std::string begin =
      ' ' + rate_text(static_cast<double>(columns * step_ns) / 1e9) + " s ago ";
  const std::string end = " now";
  const bool fits = begin.size() + end.size() + 4 <= columns;
  const std::size_t rules = fits ? columns - begin.size() - end.size() : columns;
  std::string axis;
  for (std::size_t i = 0; i < rules; ++i) {
    if (fits && i == 2) axis += begin;
    axis += "─";
  }
  return fits ? axis + end : axis;
}

}  // namespace

std::vector<std::string> draw_latency(const std::vector<std::optional<LatencyStep>>& history,
                                      std::uint64_t step_ns, unsigned max_rows, bool colour) {
  const auto scale = scale_of(history, max_rows);
  if (!scale) return {};
  std::vector<std::string> lines;
  for (int boundary = scale->top - 1; boundary >= scale->bottom; --boundary) {
    CellLine cells(colour);
    for (const auto& step : history) {
      if (step)
        cells.add(eighths(step->p50_ns, boundary, scale->bottom),
                  eighths(step->max_ns, boundary, scale->bottom));
      else
        cells.add(0, 0);
    }
    lines.push_back(label(boundary_text(boundary + 1)) + " ┤" + cells.text());
  }
  lines.push_back(label(boundary_text(scale->bottom)) + " └" + time_axis(history.size(), step_ns));
  return lines;
}

}  // namespace mmapvideo::tools
