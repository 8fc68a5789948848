// SPDX-License-Identifier: MIT
// What a process occupies, as /proc tells it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "support/child.hpp"
#include "support/footprint.hpp"

namespace mmapvideo_test {

/// Of a child of this process, which lives.
inline Footprint footprint_of(const Child& child) {
  const std::string proc = "/proc/" + std::to_string(child.pid());
  Footprint found;
  std::ifstream status(proc + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.compare(0, 6, "VmRSS:") == 0) found.resident_kib = std::stoull(line.substr(6));
  std::ifstream maps(proc + "/maps");
  found.mappings = static_cast<std::uint64_t>(
      std::count(std::istreambuf_iterator<char>(maps), std::istreambuf_iterator<char>(), '\n'));
  const std::filesystem::directory_iterator descriptors(proc + "/fd");
  found.descriptors =
      static_cast<std::uint64_t>(std::distance(begin(descriptors), end(descriptors)));
  if (found.resident_kib == 0 || found.mappings == 0 || found.descriptors == 0)
    throw std::runtime_error("cannot read " + proc);
  return found;
}

}  // namespace mmapvideo_test
