// SPDX-License-Identifier: MIT
// `mmapvideo list`: the mapped files below directories, live and left over.
#include <algorithm>
#include <file_failure.hpp>
#include <inspector.hpp>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "commands.hpp"
#include "directory_scan.hpp"
#include "exit_status.hpp"
#include "file_json.hpp"
#include "file_text.hpp"
#include "text.hpp"

namespace mmapvideo::tools {
namespace {

/// A file, or why it could not be inspected.
struct Entry {
  std::string path;
  std::optional<core::Inspection> file;
  std::optional<core::Failure> failure;
};

/// Nothing: the file has gone meanwhile.
std::optional<Entry> look_at(const std::string& path) {
  try {
    return Entry{path, core::inspect(path), std::nullopt};
  } catch (const core::Failure& failure) {
    if (failure.status() == MMAPVIDEO_NOT_FOUND) return std::nullopt;
    return Entry{path, std::nullopt, failure};
  }
}

using Row = std::vector<std::string>;

std::string rate_cell(const core::Inspection& file) {
  const mmapvideo_frame_info& info = file.newest_slot->info;
  if (info.fps_numerator != 0) return nominal_rate_text(info);
  const auto average = average_rate(file);
  return average ? '~' + rate_text(*average) : "-";
}

Row row_of(const Entry& entry) {
  Row row = {printable_path(entry.path), "-", "-", "-", "-", "-", "-"};
  if (!entry.file) {
    row[6] = mmapvideo_status_name(entry.failure->status());
    return row;
  }
  const core::Inspection& file = *entry.file;
  if (file.newest_slot) {
    const mmapvideo_frame_info& info = file.newest_slot->info;
    row[1] = printable(info.format);
    row[2] = std::to_string(info.width) + 'x' + std::to_string(info.height);
    row[3] = rate_cell(file);
    if (const auto age = age_ns(file)) row[5] = age_text(*age);
  }
  row[4] = std::to_string(attached_count(file));
  row[6] = writer_word(file);
  return row;
}

std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::ostringstream text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      text << std::left << std::setw(static_cast<int>(widths[i]) + 2) << row[i];
    text << row.back() << '\n';
  }
  return text.str();
}

std::string list_text(const std::vector<Entry>& entries) {
  if (entries.empty()) return "no mapped files\n";
  std::vector<Row> rows = {{"FILE", "FORMAT", "SIZE", "FPS", "READERS", "NEWEST", "WRITER"}};
  for (const Entry& entry : entries) rows.push_back(row_of(entry));
  return table(rows);
}

nlohmann::ordered_json list_json(const std::vector<Entry>& entries) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Entry& entry : entries)
    list.push_back(entry.file
                       ? info_json(*entry.file)
                       : error_json(entry.path, mmapvideo_status_name(entry.failure->status()),
                                    entry.failure->message()));
  return list;
}

bool is_fine(const Entry& entry) { return entry.file && entry.file->findings.empty(); }

}  // namespace

int run(const ListRequest& request) {
  std::vector<std::string> paths;
  std::vector<ScanProblem> problems;
  for (const std::string& place : request.places) {
    const auto found = scan(place, [&](const FoundFile& file) { paths.push_back(file.path); });
    problems.insert(problems.end(), found.begin(), found.end());
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());

  std::vector<Entry> entries;
  for (const std::string& path : paths)
    if (auto entry = look_at(path)) entries.push_back(std::move(*entry));
  if (request.json)
    std::cout << pretty(list_json(entries)) << std::flush;
  else if (!entries.empty() || problems.empty())
    std::cout << list_text(entries) << std::flush;

  int status = std::all_of(entries.begin(), entries.end(), is_fine) ? fine : finding;
  for (const ScanProblem& problem : problems) {
    std::cerr << "mmapvideo: " << printable_path(problem.message) << '\n';
    status = problem.not_there ? not_there : finding;
  }
  return status;
}

}  // namespace mmapvideo::tools
