// SPDX-License-Identifier: MIT
// What is printed: sections of a heading, a sentence and a table.
#pragma once

#include <string>
#include <vector>

#include "bench_figures.hpp"

namespace bench {

struct Section {
  std::string name;  // its key in the JSON text
  std::string title;
  std::string note;
  std::vector<Json> rows;  // a column for every key, in the order of their first appearance
};

/// Markdown, to stdout.
void print(const Section& section);

Json to_json(const std::vector<Section>& sections);

}  // namespace bench
