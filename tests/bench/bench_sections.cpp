// SPDX-License-Identifier: MIT
// All sections, by name.
#include "bench_sections.hpp"

#include <algorithm>
#include <utility>

namespace bench {
namespace {

constexpr std::pair<const char*, void (*)(const Plan&, Report&)> all_sections[] = {
    {"latency", compare_latency},
    {"throughput", compare_throughput},
    {"filled", compare_filled_throughput},
    {"readers", compare_reader_counts},
};

}  // namespace

std::vector<std::string> section_names() {
  std::vector<std::string> names;
  for (const auto& [name, compare_one] : all_sections) names.emplace_back(name);
  return names;
}

Report compare(const Plan& plan, const std::vector<std::string>& names) {
  Report report;
  for (const auto& [name, compare_one] : all_sections)
    if (names.empty() || std::find(names.begin(), names.end(), name) != names.end())
      compare_one(plan, report);
  return report;
}

}  // namespace bench
