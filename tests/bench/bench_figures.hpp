// SPDX-License-Identifier: MIT
// Named figures: what one measurement found, the median of several, percentiles of samples.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Keeps its keys in the order in which they were written, as the tables show them.
using Json = nlohmann::ordered_json;

/// By name, with the unit in it: "latency_p50_us".
using Figures = std::map<std::string, double>;

/// The value below which `share` of all samples lie. The order of `samples` is lost.
template <typename T>
double percentile(std::vector<T>& samples, double share) {
  if (samples.empty()) return 0;
  const auto index = static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(index),
                   samples.end());
  return static_cast<double>(samples[index]);
}

/// With an even number of values, the mean of the middle two.
inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Each figure's own median, over the measurements that have it.
inline Figures median(const std::vector<Figures>& measurements) {
  std::map<std::string, std::vector<double>> columns;
  for (const Figures& figures : measurements)
    for (const auto& [name, value] : figures) columns[name].push_back(value);
  Figures result;
  for (auto& [name, values] : columns) result[name] = median(std::move(values));
  return result;
}

/// The points of a distribution that are kept, in percent.
inline constexpr int latency_percents[] = {1, 5, 10, 25, 50, 75, 90, 95, 99};

inline std::string latency_name(int percent) {
  return "latency_p" + std::to_string(percent) + "_us";
}

inline void add_latency(Figures& figures, std::vector<std::uint32_t>& samples_ns) {
  for (const int percent : latency_percents)
    figures[latency_name(percent)] = percentile(samples_ns, percent / 100.0) / 1e3;
  figures["latency_max_us"] = percentile(samples_ns, 1.0) / 1e3;
}

}  // namespace bench
