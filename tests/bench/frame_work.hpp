// SPDX-License-Identifier: MIT
// What is done to the bytes of a frame: its head, filling all of it, reading all of it. The limits
// and the transports do the same work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bench {

/// The first bytes of every frame.
struct FrameHead {
  std::uint64_t number = 0;
  std::uint64_t stamp_ns = 0;
};

inline unsigned char fill_byte(std::uint64_t number) {
  return static_cast<unsigned char>(1 + number % 255);
}

inline void fill_frame(unsigned char* data, std::size_t bytes, std::uint64_t number) {
  std::memset(data, fill_byte(number), bytes);
}

inline std::uint64_t word_at(const unsigned char* data, std::size_t index) {
  std::uint64_t word;
  std::memcpy(&word, data + index * sizeof word, sizeof word);
  return word;
}

/// Reads every whole word. Several sums, so that no addition waits for the one before.
inline std::uint64_t sum_words(const unsigned char* data, std::size_t bytes) {
  const std::size_t count = bytes / sizeof(std::uint64_t);
  std::uint64_t sums[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += word_at(data, i + lane);
  for (; i < count; ++i) sums[0] += word_at(data, i);
  return sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
}

/// What a whole frame adds up to that was filled and then got its head.
inline std::uint64_t expected_sum(const FrameHead& head, std::size_t bytes) {
  const std::size_t filled_words = (bytes - sizeof head) / sizeof(std::uint64_t);
  return head.number + head.stamp_ns +
         filled_words * (0x0101010101010101U * std::uint64_t{fill_byte(head.number)});
}

}  // namespace bench
