// SPDX-License-Identifier: MIT
// What every fuzz target has: libFuzzer's entry point, and a check that ends the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes);

namespace mmapvideo_fuzz {

/// libFuzzer keeps the input of a process that aborts.
inline void require(bool condition, const char* promise) {
  if (condition) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

}  // namespace mmapvideo_fuzz
