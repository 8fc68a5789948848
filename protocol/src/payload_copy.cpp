// SPDX-License-Identifier: MIT
// The only functions that may race with another process.
#include "payload_copy.hpp"

#include <cstring>

namespace mmapvideo::core {

// Not inlined: the compiler must not merge the copy with accesses around it, and the sanitizer
// attribute applies to the function as such.
#ifdef __GNUC__
#define MMAPVIDEO_RACING __attribute__((noinline, no_sanitize("thread")))
#else
#define MMAPVIDEO_RACING __declspec(noinline)
#endif

MMAPVIDEO_RACING void copy_racing_from_mapping(void* to, const void* from,
                                               std::size_t bytes) noexcept {
  if (bytes != 0) std::memcpy(to, from, bytes);  // memcpy forbids null pointers even then
}

MMAPVIDEO_RACING void copy_racing_into_mapping(void* to, const void* from,
                                               std::size_t bytes) noexcept {
  if (bytes != 0) std::memcpy(to, from, bytes);  // memcpy forbids null pointers even then
}

}  // namespace mmapvideo::core
