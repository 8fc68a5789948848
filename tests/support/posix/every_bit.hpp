// SPDX-License-Identifier: MIT
// One test for each bit of a range, in a process that may crash.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstddef>
#include <functional>
#include <string>

#include "support/child.hpp"

namespace mmapvideo_test {

/// Runs `body` for each bit of [first, last) in a child, so that a crash names the bit. `body`
/// returns what is wrong, or "".
inline void for_each_bit(std::size_t first_byte, std::size_t last_byte,
                         const std::function<std::string(std::size_t byte, int bit)>& body) {
  void* shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto* current = static_cast<volatile std::size_t*>(shared);
  Child child([&](const Results& results) {
    for (std::size_t at = first_byte * 8; at < last_byte * 8; ++at) {
      *current = at;
      std::string problem = body(at / 8, static_cast<int>(at % 8));
      if (problem.empty()) continue;
      results.send_text(problem);
      return 1;
    }
    return 0;
  });
  std::string problem;
  child.receive_text(problem);
  int status = child.exit_status();
  EXPECT_EQ(status, 0) << "byte " << *current / 8 << ", bit " << *current % 8 << ": " << problem;
  ::munmap(shared, 4096);
}

}  // namespace mmapvideo_test
