// SPDX-License-Identifier: MIT
// What a process occupies, and what must not grow while it runs.
#pragma once

#include <cstdint>

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
