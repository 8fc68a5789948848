// SPDX-License-Identifier: MIT
// The only functions that may race with another process.
#include "payload_copy.hpp"

#include <cstring>

namespace mmapvideo::core {

// Not inlined: the compiler must not merge the copy with accesses around it, and the sanitizer
// attribute applies to the function as such.
#define MMAPVIDEO_RACING __attribute__((noinline, no_sanitize("thread")))

MMAPVIDEO_RACING void copy_racing_from_mapping(void* to, const void* from,
                                               std::size_t bytes) noexcept {
  std::memcpy(to, from, bytes);
}

MMAPVIDEO_RACING void copy_racing_into_mapping(void* to, const void* from,
                                               std::size_t bytes) noexcept {
  std::memcpy(to, from, bytes);
}

}  // namespace mmapvideo::core
