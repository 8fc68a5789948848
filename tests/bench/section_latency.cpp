// SPDX-License-Identifier: MIT
// How long a frame takes from one process to the other, and what it costs on both sides.
#include "bench_comparison.hpp"

namespace bench {
namespace {

/// Three columns of the table, and the whole distribution for plots.
void add_latency_to(Json& row, const Figures& found, const std::string& whose) {
  for (const int percent : {50, 90, 99})
    row[latency_name(percent)] = figure(found, whose + latency_name(percent));
  Json& distribution = row["latency_us_by_percent"] = Json::object();
  for (const int percent : latency_percents)
    distribution[std::to_string(percent)] = figure(found, whose + latency_name(percent));
}

Json limit_row(const Figures& limit) {
  Json row{{"frame", "none"}, {"transport", "bare futex"}};
  add_latency_to(row, limit, "waiter_");
  row["ratio_to_futex"] = 1;
  row["writer_cpu_us"] = figure(limit, "waker_cpu_us");
  row["reader_cpu_us"] = figure(limit, "waiter_cpu_us");
  return row;
}

Json copy_row(const std::string& frame, const Figures& copy) {
  Json row{{"frame", frame}, {"transport", "bare memcpy"}};
  add_latency_to(row, copy, "");
  return row;
}

/// Of a reader that is no element, too.
Json latency_row(const std::string& frame, const std::string& transport, const Figures& found,
                 const Json& limit) {
  Json row{{"frame", frame}, {"transport", transport}};
  add_latency_to(row, found, "reader_");
  row["ratio_to_futex"] = ratio(row["latency_p50_us"], limit.at("latency_p50_us"));
  take_figures(found, {"writer_cpu_us", "reader_cpu_us", "writer_faults", "reader_faults"}, row);
  return row;
}

Json stream_row(const Comparison::Run& run, const Figures& found, const Json& limit) {
  Json row = latency_row(run.stream.picture.name, run.transport.name, found, limit);
  take_figures(found, {"reader_frames_per_s", "reader_skipped"}, row);
  add_zero_copy(found, row);
  return row;
}

}  // namespace

void compare_latency(const Plan& plan, Report& report) {
  Comparison comparison(plan, report);
  const std::size_t futex =
      comparison.add_limit("bare futex", [&plan] { return run_futex(plan, 1); });
  std::vector<std::pair<Picture, std::size_t>> copies;
  std::vector<std::pair<Picture, std::size_t>> library;
  for (const Picture& picture : {picture_720p, picture_4k, picture_8k}) {
    copies.emplace_back(picture, comparison.add_limit("memcpy " + picture.name, [&plan, picture] {
      return run_copy(plan, picture);
    }));
    library.emplace_back(picture, comparison.add_limit("library " + picture.name, [&plan, picture] {
      return run_library(plan, picture);
    }));
    comparison.add({.picture = picture}, "latency " + picture.name);
  }
  comparison.measure();

  Section section{
      "latency",
      "Latency at 60 frames/s",
      "From the source's stamp in the writer to the reader's probe. Frames are stamped, "
      "not filled; a transport that copies them moves all their bytes. The library is "
      "what mmap costs without elements around it. A socket is a Unix stream socket; Python mmap "
      "is the loop that looks at a counter in a mapped file and copies the frame when it has "
      "changed. Memcpy is how long one copy of the frame takes. Processor time and page faults are "
      "for each frame.",
      {}};
  const Json limit = limit_row(comparison.figures(futex));
  comparison.add_row(limit, futex, section);
  for (const auto& [picture, entry] : copies)
    comparison.add_row(copy_row(picture.name, comparison.figures(entry)), entry, section);
  for (const auto& [picture, entry] : library)
    comparison.add_row(
        latency_row(picture.name, "mmapvideo library", comparison.figures(entry), limit), entry,
        section);
  for (const auto& run : comparison.runs())
    comparison.add_row(stream_row(run, comparison.figures(run.entry), limit), run.entry, section);
  comparison.finish(section);
}

}  // namespace bench
