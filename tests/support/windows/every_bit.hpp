// SPDX-License-Identifier: MIT
// One test for each bit of a range, in this process: a crash ends it, and the output names the bit.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <string>

namespace mmapvideo_test {

/// Runs `body` for each bit of [first, last). `body` returns what is wrong, or "".
inline void for_each_bit(std::size_t first_byte, std::size_t last_byte,
                         const std::function<std::string(std::size_t byte, int bit)>& body) {
  for (std::size_t at = first_byte * 8; at < last_byte * 8; ++at) {
    SCOPED_TRACE(testing::Message() << "byte " << at / 8 << ", bit " << at % 8);
    ASSERT_EQ(body(at / 8, static_cast<int>(at % 8)), "");
  }
}

}  // namespace mmapvideo_test
