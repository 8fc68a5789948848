// SPDX-License-Identifier: MIT
// How many frames get from one process to the other when nothing holds them up.
#include <algorithm>

#include "bench_comparison.hpp"

namespace bench {
namespace {

/// Ratios by name: to what.
using Bases = std::vector<std::pair<std::string, Json>>;

Json stream_row(const Comparison::Run& run, const Figures& found, const Bases& bases) {
  Json row{{"frame", run.stream.picture.name}, {"transport", run.transport.name}};
  row["received_frames_per_s"] = figure(found, "reader_frames_per_s");
  for (const auto& [name, base] : bases) row[name] = ratio(row["received_frames_per_s"], base);
  row["written_frames_per_s"] = figure(found, "writer_frames_per_s");
  row["skipped_frames"] = figure(found, "reader_skipped");
  if (run.stream.filled) row["damaged_frames"] = figure(found, "reader_damaged");
  take_figures(found, {"writer_cpu_us", "reader_cpu_us", "writer_faults", "reader_faults"}, row);
  add_zero_copy(found, row);
  return row;
}

void add_stream_rows(const Comparison& comparison, const Bases& bases, Section& section) {
  for (const auto& run : comparison.runs())
    comparison.add_row(stream_row(run, comparison.figures(run.entry), bases), run.entry, section);
}

/// What the slower of the two sides can do.
Json slower_side(const Figures& memory) {
  const Json filled = figure(memory, "filler_frames_per_s");
  const Json summed = figure(memory, "summer_frames_per_s");
  if (filled.is_null() || summed.is_null()) return {};
  return std::min(filled.get<double>(), summed.get<double>());
}

Json limit_row(const Picture& picture, const char* name, const Json& rate, const Bases& bases) {
  Json row{{"frame", picture.name}, {"transport", name}, {"received_frames_per_s", rate}};
  for (const auto& [ratio_name, base] : bases) row[ratio_name] = ratio(rate, base);
  return row;
}

}  // namespace

void compare_throughput(const Plan& plan, Report& report) {
  Comparison comparison(plan, report);
  const std::size_t copy =
      comparison.add_limit("memcpy", [&plan] { return run_copy(plan, picture_720p); });
  comparison.add({.picture = picture_720p, .pace = Pace::unpaced, .delivery = "every-frame"},
                 "throughput");
  comparison.measure();
  Section section{
      "throughput",
      "Throughput, frames stamped but not filled",
      "As fast as it goes, one reader, no frame lost: shm, unixfd and the socket hold the writer "
      "up for a slow reader, and so does mmap with delivery=every-frame; Python mmap skips what it "
      "does not see in time. Memcpy: one process that only copies the frame.",
      {}};
  Json shm_rate;
  for (const auto& run : comparison.runs())
    if (run.transport.name == "shm")
      shm_rate = figure(comparison.figures(run.entry), "reader_frames_per_s");
  const Bases bases{{"ratio_to_shm", shm_rate}};
  comparison.add_row(limit_row(picture_720p, "bare memcpy",
                               figure(comparison.figures(copy), "frames_per_s"), bases),
                     copy, section);
  add_stream_rows(comparison, bases, section);
  comparison.finish(section);
}

void compare_filled_throughput(const Plan& plan, Report& report) {
  Comparison comparison(plan, report);
  const std::size_t memory =
      comparison.add_limit("bare memory", [&plan] { return run_memory(plan, picture_4k); });
  const std::size_t handover =
      comparison.add_limit("bare handover", [&plan] { return run_handover(plan, picture_4k); });
  comparison.add(
      {.picture = picture_4k, .pace = Pace::unpaced, .filled = true, .delivery = "every-frame"},
      "filled and read");
  comparison.measure();

  Section section{
      "filled",
      "Throughput, frames filled and read completely",
      "One reader. Memory: two processes at the same time, each with frames of its own; "
      "the slower of the two is 1. Handover: both with the same frames, one right "
      "behind the other, as in a transport that costs nothing.",
      {}};
  const Figures own = comparison.figures(memory);
  const Json shared_rate = figure(comparison.figures(handover), "summer_frames_per_s");
  const Bases bases{{"ratio_to_memory", slower_side(own)}, {"ratio_to_handover", shared_rate}};
  comparison.add_row(
      limit_row(picture_4k, "memory, filled", figure(own, "filler_frames_per_s"), bases), memory,
      section);
  comparison.add_row(
      limit_row(picture_4k, "memory, read", figure(own, "summer_frames_per_s"), bases), memory,
      section);
  comparison.add_row(limit_row(picture_4k, "bare handover", shared_rate, bases), handover, section);
  add_stream_rows(comparison, bases, section);
  comparison.finish(section);
}

}  // namespace bench
