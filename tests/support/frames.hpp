// SPDX-License-Identifier: MIT
// Frames for tests: a grey picture whose every 64-bit word is one number, so that a mixture of two
// frames shows.
#pragma once

#include <mmapvideo/layout.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace mmapvideo_test {

inline constexpr std::uint64_t kFrameBytes = 4096;
inline const std::string kCaps = "video/x-raw, format=(string)GRAY8, width=(int)64";

inline void set_text(char* field, std::size_t size, const std::string& text) {
  std::memset(field, 0, size);
  std::memcpy(field, text.data(), std::min(size - 1, text.size()));
}

/// A valid description of `payload_bytes` (a multiple of 64) of GRAY8, 64 pixels wide.
inline mmapvideo_frame_info grey_info(std::uint64_t payload_bytes = kFrameBytes,
                                      const std::string& caps = kCaps) {
  mmapvideo_frame_info info = {};
  info.pts_ns = info.dts_ns = info.duration_ns = MMAPVIDEO_NONE;
  info.offset = info.offset_end = info.clock_time_ns = MMAPVIDEO_NONE;
  info.payload_bytes = payload_bytes;
  info.caps_bytes = static_cast<std::uint32_t>(caps.size());
  info.width = 64;
  info.height = static_cast<std::uint32_t>(payload_bytes / 64);
  info.fps_denominator = 1;
  info.par_numerator = info.par_denominator = 1;
  info.plane_count = 1;
  info.view_count = 1;
  set_text(info.format, sizeof info.format, "GRAY8");
  info.planes[0].stride = 64;
  info.planes[0].row_bytes = 64;
  info.planes[0].rows = info.height;
  return info;
}

inline void fill_words(void* to, std::uint64_t bytes, std::uint64_t word) {
  auto* out = static_cast<std::byte*>(to);
  for (std::uint64_t at = 0; at + sizeof word <= bytes; at += sizeof word) {
    std::memcpy(out + at, &word, sizeof word);
  }
}

inline std::uint64_t first_word(const std::vector<std::byte>& payload) {
  std::uint64_t word = 0;
  std::memcpy(&word, payload.data(), std::min(sizeof word, payload.size()));
  return word;
}

inline bool all_words_are(std::span<const std::byte> payload, std::uint64_t word) {
  std::vector<std::byte> expected(payload.size());
  fill_words(expected.data(), expected.size(), word);
  return std::equal(payload.begin(), payload.end(), expected.begin());
}

}  // namespace mmapvideo_test
