// SPDX-License-Identifier: MIT
// The sections of the report: which streams are run, and which of their figures are shown.
#pragma once

#include <string>
#include <vector>

#include "bench_runs.hpp"
#include "bench_table.hpp"

namespace bench {

/// What the sections have found.
struct Report {
  std::vector<Section> sections;
  bool mmap_worked = true;
};

/// At 60 frames/s, beside a bare futex.
void compare_latency(const Plan& plan, Report& report);
/// As fast as it goes: frames that are stamped only; frames that are filled and read, beside
/// memory.
void compare_throughput(const Plan& plan, Report& report);
void compare_filled_throughput(const Plan& plan, Report& report);
/// What more readers cost the writer, beside a bare futex with as many waiters.
void compare_reader_counts(const Plan& plan, Report& report);

/// In the order in which they run.
std::vector<std::string> section_names();

/// Runs these only, or all if none is named.
Report compare(const Plan& plan, const std::vector<std::string>& names);

}  // namespace bench
