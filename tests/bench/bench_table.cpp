// SPDX-License-Identifier: MIT
// Rows of JSON values as a Markdown table of even columns.
#include "bench_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace bench {
namespace {

std::vector<std::string> columns_of(const std::vector<Json>& rows) {
  std::vector<std::string> columns;
  for (const Json& row : rows)
    for (const auto& [key, value] : row.items())
      // Distributions are for plots.
      if (!value.is_object() && std::find(columns.begin(), columns.end(), key) == columns.end())
        columns.push_back(key);
  return columns;
}

std::string heading(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  return key;
}

/// Three significant digits; whole numbers where these are more.
std::string number(double value) {
  const double size = std::fabs(value);
  const int decimals = size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : 2;
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string cell(const Json& row, const std::string& key) {
  if (!row.contains(key) || row.at(key).is_null()) return "-";
  const Json& value = row.at(key);
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_integer() ? value.dump() : number(value.get<double>());
}

/// Right-aligned where there are figures.
struct Column {
  std::size_t width = 3;
  bool figures = false;
};

void print_cell(const std::string& text, const Column& column) {
  const auto width = static_cast<int>(column.width);
  std::printf(column.figures ? " %*s |" : " %-*s |", width, text.c_str());
}

Column shape(const std::vector<Json>& rows, const std::string& key) {
  Column column;
  column.width = std::max(column.width, key.size());
  for (const Json& row : rows) {
    column.width = std::max(column.width, cell(row, key).size());
    if (row.contains(key) && row.at(key).is_number()) column.figures = true;
  }
  return column;
}

}  // namespace

void print(const Section& section) {
  std::printf("\n## %s\n\n%s\n\n", section.title.c_str(), section.note.c_str());
  const std::vector<std::string> keys = columns_of(section.rows);
  std::vector<Column> columns;
  for (const std::string& key : keys) columns.push_back(shape(section.rows, key));
  std::printf("|");
  for (std::size_t i = 0; i < keys.size(); ++i) print_cell(heading(keys[i]), columns[i]);
  std::printf("\n|");
  for (const Column& column : columns)
    std::printf("%s%s|", std::string(column.width + 1, '-').c_str(), column.figures ? ":" : "-");
  for (const Json& row : section.rows) {
    std::printf("\n|");
    for (std::size_t i = 0; i < keys.size(); ++i) print_cell(cell(row, keys[i]), columns[i]);
  }
  std::printf("\n");
}

Json to_json(const std::vector<Section>& sections) {
  Json all = Json::object();
  for (const Section& section : sections)
    all[section.name] = {{"title", section.title}, {"note", section.note}, {"rows", section.rows}};
  return all;
}

}  // namespace bench
