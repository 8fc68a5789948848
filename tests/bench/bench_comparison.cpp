// SPDX-License-Identifier: MIT
// From streams to figures, and from figures to the cells of a row.
#include "bench_comparison.hpp"

namespace bench {

std::vector<Transport> compared_transports() {
  std::vector<Transport> compared;
  for (const Transport& transport : all_transports())
    if (transport.name == "shm" || transport.name == "mmap" || is_installed(transport))
      compared.push_back(transport);
  return compared;
}

Json figure(const Figures& figures, const std::string& name) {
  const auto found = figures.find(name);
  return found == figures.end() ? Json() : Json(found->second);
}

Json ratio(const Json& value, const Json& base) {
  if (!value.is_number() || !base.is_number() || base.get<double>() == 0) return {};
  return value.get<double>() / base.get<double>();
}

void take_figures(const Figures& figures, const std::vector<std::string>& names, Json& row) {
  for (const std::string& name : names) row[name] = figure(figures, name);
}

void add_zero_copy(const Figures& figures, Json& row) {
  for (const std::string side : {"writer", "reader"}) {
    const Json copied = figure(figures, side + "_copied");
    const Json in_place = figure(figures, side + "_zero_copy");
    const double count = in_place.is_null() ? 0 : in_place.get<double>();
    row[side + "_zero_copy_%"] =
        copied.is_null() ? Json() : ratio(100 * count, count + copied.get<double>());
  }
}

void Comparison::add(const Stream& stream, const std::string& label) {
  for (const Transport& transport : compared_transports()) {
    const std::size_t entry = rounds_.add(
        label + ", " + transport.name,
        [&plan = plan_, transport, stream] { return run_stream(plan, transport, stream); });
    runs_.push_back({stream, transport, entry});
  }
}

void Comparison::measure() {
  rounds_.run(plan_.rounds);
  for (const Run& run : runs_)
    if (run.transport.name == "mmap" && !rounds_.problem(run.entry).empty())
      report_.mmap_worked = false;
}

void Comparison::add_row(Json row, std::size_t entry, Section& section) const {
  if (!rounds_.problem(entry).empty()) row["problem"] = rounds_.problem(entry);
  section.rows.push_back(std::move(row));
}

}  // namespace bench
