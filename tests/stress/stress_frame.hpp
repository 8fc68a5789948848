// SPDX-License-Identifier: MIT
// What the frames of the stress hold: every word follows from number, salt and position, so that no
// other frame, no part of one and no rubbish can be taken for it.
#pragma once

#include <mmapvideo/layout.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

namespace mmapvideo_test {

/// The salt is random and travels in pts_ns: numbers come again in another file, frames do not.
struct FrameKey {
  std::uint64_t number = 0;
  std::uint64_t salt = 0;

  std::uint64_t word(std::uint64_t index) const {
    return (number * 0x9e3779b97f4a7c15u ^ salt) + index * 0xd1342543de82ef95u;
  }
};

// The one exception from ThreadSanitizer's view in this program: a reader that copies without a
// lease may look at a slot while it is filled, and throws away what it got (SPEC.md 14, A). The
// library marks its own copies for the same reason (payload_copy.cpp).
__attribute__((noinline, no_sanitize("thread"))) inline void fill_frame(void* to,
                                                                        std::uint64_t bytes,
                                                                        const FrameKey& key) {
  auto* words = static_cast<std::uint64_t*>(to);
  for (std::uint64_t i = 0; i < bytes / sizeof *words; ++i) words[i] = key.word(i);
}

/// The index of the first word that is not the frame's.
inline std::optional<std::uint64_t> first_difference(const void* from, std::uint64_t bytes,
                                                     const FrameKey& key) {
  const auto* words = static_cast<const std::uint64_t*>(from);
  const std::uint64_t count = bytes / sizeof *words;
  std::uint64_t different = 0;
  for (std::uint64_t i = 0; i < count; ++i) different |= words[i] ^ key.word(i);
  if (different == 0) return std::nullopt;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (words[i] != key.word(i)) return i;
  }
  return count;  // it was different a moment ago
}

inline constexpr char kStressCaps[] = "video/x-raw, format=(string)GRAY8, stress=(int)1";
inline constexpr std::uint32_t kStressCapsBytes = sizeof kStressCaps - 1;

inline mmapvideo_frame_info stress_info(std::uint64_t bytes, std::uint64_t salt) {
  mmapvideo_frame_info info = {};
  info.pts_ns = salt;
  info.dts_ns = info.duration_ns = info.offset = info.offset_end = MMAPVIDEO_NONE;
  info.clock_time_ns = MMAPVIDEO_NONE;
  info.payload_bytes = bytes;
  info.caps_bytes = kStressCapsBytes;
  info.fps_denominator = info.par_numerator = info.par_denominator = info.view_count = 1;
  return info;
}

}  // namespace mmapvideo_test
