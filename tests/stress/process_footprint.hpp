// SPDX-License-Identifier: MIT
// What a process occupies, as /proc tells it: what must not grow while it runs.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace mmapvideo_test {

// A sanitizer keeps what was freed, and so its process grows for a while.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMemoryTellsSomething = false;
#else
inline constexpr bool kMemoryTellsSomething = true;
#endif

struct Footprint {
  std::uint64_t resident_kib = 0;
  std::uint64_t descriptors = 0;
  std::uint64_t mappings = 0;
};

/// Of a child of this process, which lives.
inline Footprint footprint_of(pid_t process) {
  const std::string proc = "/proc/" + std::to_string(process);
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

/// What allocators and the page cache's habits may add after the start.
inline constexpr Footprint kFootprintAllowance = {4096, 2, 16};

inline bool has_grown(const Footprint& from, const Footprint& to) {
  const Footprint& allowed = kFootprintAllowance;
  const bool memory = to.resident_kib > from.resident_kib + allowed.resident_kib ||
                      to.mappings > from.mappings + allowed.mappings;
  return (memory && kMemoryTellsSomething) ||
         to.descriptors > from.descriptors + allowed.descriptors;
}

}  // namespace mmapvideo_test
