// SPDX-License-Identifier: MIT
// Rate and latency of the frames seen lately.
#include "frame_statistics.hpp"

#include <algorithm>

namespace mmapvideo::tools {
namespace {

// Bounds the memory, whatever the rate.
constexpr std::size_t max_samples = 200'000;
constexpr std::uint64_t rate_window_ns = 2'000'000'000;

/// The smallest value that `percent` of all do not exceed. `values` is not empty and is reordered.
std::uint64_t percentile(std::vector<std::uint64_t>& values, std::size_t percent) {
  const std::size_t rank = (values.size() * percent + 99) / 100;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank == 0 ? 0 : rank - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

void FrameStatistics::add(const SeenFrame& frame) {
  Sample sample{frame.seen_time_ns, frame.publish_time_ns, frame.frame_count, frame.session_id, {}};
  if (frame.clock_comparable)
    sample.latency_ns = frame.seen_time_ns - std::min(frame.publish_time_ns, frame.seen_time_ns);
  samples_.push_back(sample);
  ++seen_count_;
  skipped_count_ += frame.skipped;
  while (samples_.size() > max_samples ||
         samples_.front().seen_time_ns + window_ns_ < frame.seen_time_ns)
    samples_.pop_front();
}

double FrameStatistics::rate(std::uint64_t now_ns) const {
  if (samples_.empty()) return 0;
  const Sample& last = samples_.back();
  const auto first = std::find_if(samples_.begin(), samples_.end(), [&](const Sample& sample) {
    return sample.session_id == last.session_id && sample.seen_time_ns + rate_window_ns >= now_ns;
  });
  if (first == samples_.end() || last.frame_count <= first->frame_count) return 0;
  const auto intervals = static_cast<double>(last.frame_count - first->frame_count);
  const auto elapsed = static_cast<double>(last.publish_time_ns - first->publish_time_ns);
  // A stream that stalls slows down as soon as a frame is late.
  const auto watched_ns = static_cast<std::int64_t>(now_ns - first->seen_time_ns);
  const double silence = static_cast<double>(watched_ns) - elapsed / intervals;
  return intervals * 1e9 / std::max({elapsed, silence, 1.0});
}

std::optional<Percentiles> FrameStatistics::latency(std::uint64_t since_ns) const {
  std::vector<std::uint64_t> values;
  for (auto sample = samples_.rbegin(); sample != samples_.rend(); ++sample) {
    if (sample->seen_time_ns < since_ns) break;
    if (sample->latency_ns) values.push_back(*sample->latency_ns);
  }
  if (values.empty()) return std::nullopt;
  return Percentiles{percentile(values, 50), percentile(values, 90), percentile(values, 99),
                     *std::max_element(values.begin(), values.end())};
}

std::vector<std::optional<LatencyStep>> FrameStatistics::history(std::uint64_t now_ns,
                                                                 std::uint64_t step_ns,
                                                                 std::size_t count) const {
  std::vector<std::vector<std::uint64_t>> steps(count);
  const std::uint64_t last_step = now_ns / step_ns;
  for (const Sample& sample : samples_) {
    const std::uint64_t step = sample.seen_time_ns / step_ns;
    if (!sample.latency_ns || step > last_step || last_step - step >= count) continue;
    steps[count - 1 - static_cast<std::size_t>(last_step - step)].push_back(*sample.latency_ns);
  }
  std::vector<std::optional<LatencyStep>> history(count);
  for (std::size_t i = 0; i < count; ++i)
    if (!steps[i].empty())
      history[i] = {percentile(steps[i], 50), *std::max_element(steps[i].begin(), steps[i].end())};
  return history;
}

}  // namespace mmapvideo::tools
