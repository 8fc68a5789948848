// SPDX-License-Identifier: MIT
// What each further reader costs the writer.
#include "bench_comparison.hpp"

namespace bench {
namespace {

Json limit_row(int readers, const Figures& limit) {
  return {{"readers", readers},
          {"transport", "bare futex"},
          {"writer_cpu_us", figure(limit, "waker_cpu_us")},
          {"ratio_to_futex", 1},
          {"reader_cpu_us", figure(limit, "waiter_cpu_us")},
          {"latency_p50_us", figure(limit, "waiter_latency_p50_us")},
          {"latency_p99_us", figure(limit, "waiter_latency_p99_us")}};
}

Json stream_row(const Comparison::Run& run, const Figures& found, const Json& limit) {
  const Json writer_cpu_us = figure(found, "writer_cpu_us");
  return {{"readers", run.stream.readers},
          {"transport", run.transport.name},
          {"writer_cpu_us", writer_cpu_us},
          {"ratio_to_futex", ratio(writer_cpu_us, limit.at("writer_cpu_us"))},
          {"reader_cpu_us", figure(found, "reader_cpu_us")},
          {"latency_p50_us", figure(found, "reader_latency_p50_us")},
          {"latency_p99_us", figure(found, "reader_latency_p99_us")},
          {"writer_resident_mib", figure(found, "writer_resident_mib")}};
}

}  // namespace

void compare_reader_counts(const Plan& plan, Report& report) {
  Comparison comparison(plan, report);
  std::vector<std::pair<int, std::size_t>> limits;
  for (const int count : {1, 4, 16}) {
    const std::string label = std::to_string(count) + " reader(s)";
    limits.emplace_back(count, comparison.add_limit(label + ", bare futex", [&plan, count] {
      return run_futex(plan, count);
    }));
    comparison.add({.picture = picture_720p, .readers = count}, label);
  }
  comparison.measure();

  Section section{"readers",
                  "Cost by number of readers, 1280x720 RGB at 60 frames/s",
                  "Processor time of the writing process for each frame, its own wake-up and those "
                  "of the readers included. Of the readers, the median.",
                  {}};
  for (const auto& [count, entry] : limits) {
    const Json limit = limit_row(count, comparison.figures(entry));
    comparison.add_row(limit, entry, section);
    for (const auto& run : comparison.runs())
      if (run.stream.readers == count)
        comparison.add_row(stream_row(run, comparison.figures(run.entry), limit), run.entry,
                           section);
  }
  comparison.finish(section);
}

}  // namespace bench
