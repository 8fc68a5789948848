// SPDX-License-Identifier: MIT
// Frames whose every word is their number, so that a frame that is torn, rewritten or in the wrong
// place shows; and where in memory and in a file a buffer lies.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "pipeline.hpp"
#include "support/frames.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"
#if defined(_WIN32)
#include "windows/mapped_at.hpp"
#else
#include "posix/mapped_at.hpp"
#endif

namespace mmapvideo_test {

constexpr int kNumberWidth = 256;
constexpr int kNumberHeight = 32;
constexpr std::size_t kNumberBytes = kNumberWidth * kNumberHeight;
inline const std::string kNumberCaps = grey_caps(kNumberWidth, kNumberHeight);

// Results of number_of() that are no number.
constexpr std::int64_t kMixed = -1;
constexpr std::int64_t kNotThere = -2;

inline Bytes numbered_bytes(std::uint64_t number, std::size_t bytes = kNumberBytes) {
  Bytes result(bytes);
  fill_words(result.data(), bytes, number);
  return result;
}

/// The number that all words are, or kMixed.
inline std::int64_t number_of(const void* data, std::size_t bytes) {
  std::uint64_t first = 0;
  if (bytes < sizeof first) return kMixed;
  std::memcpy(&first, data, sizeof first);
  for (std::size_t at = 0; at + sizeof first <= bytes; at += sizeof first)
    if (std::memcmp(static_cast<const char*>(data) + at, &first, sizeof first) != 0) return kMixed;
  return static_cast<std::int64_t>(first);
}
inline std::int64_t number_of(GstBuffer* buffer) {
  const Bytes bytes = bytes_of(buffer);
  return number_of(bytes.data(), bytes.size());
}
inline std::int64_t number_of(const Sample& sample) {
  return sample ? number_of(gst_sample_get_buffer(sample.get())) : kNotThere;
}

/// As a producer fills a buffer: mapped for writing, then unmapped.
inline void write_number(GstBuffer* buffer, std::uint64_t number) {
  GstMapInfo map;
  ASSERT_TRUE(gst_buffer_map(buffer, &map, GST_MAP_WRITE));
  fill_words(map.data, map.size, number);
  gst_buffer_unmap(buffer, &map);
}

// ---- What the file holds ----------------------------------------------------------------------

/// The number in the payload of the frame `frame`, kMixed, or kNotThere.
inline std::int64_t number_in_file(const std::string& path, std::uint64_t frame) {
  const RawFile file(path, O_RDONLY);
  const int index = file.find(frame);
  if (index < 0) return kNotThere;
  const auto slot = static_cast<unsigned>(index);
  return number_of(file.payload(slot), file.slot(slot).info.payload_bytes);
}

inline std::uint64_t newest_in_file(const std::string& path) {
  return load(RawFile(path, O_RDONLY).header().head_number);
}

/// Every complete frame of the ring has its own number in all its words. Slots that are taken
/// meanwhile do not count.
inline void expect_every_frame_is_its_number(const std::string& path) {
  const RawFile file(path, O_RDONLY);
  for (unsigned index = 0; index < file.ring().slot_count; ++index) {
    const std::uint64_t stamp = load(file.slot(index).stamp);
    if (stamp == 0 || stamp % 2 != 0) continue;
    const std::int64_t number = number_of(file.payload(index), file.slot(index).info.payload_bytes);
    if (load(file.slot(index).stamp) != stamp) continue;
    EXPECT_EQ(number, static_cast<std::int64_t>(stamp / 2)) << "in slot " << index;
  }
}

/// Locks of readers on slots, of all rings.
inline std::size_t leases_in(const std::string& path) {
  const LockRange all = {lock_offset(Family::slot, 0, 0), 1ull << 60};
  std::size_t count = 0;
  for (const FoundLock& lock : LockFile(path, O_RDONLY).list(all))
    if (lock.type == F_RDLCK) ++count;
  return count;
}
inline void wait_for_leases(const std::string& path, std::size_t count) {
  while (leases_in(path) != count) g_usleep(1000);
}

// ---- Where a buffer lies ----------------------------------------------------------------------

inline const void* address_of(GstBuffer* buffer) {
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) throw std::runtime_error("cannot map a buffer");
  gst_buffer_unmap(buffer, &map);
  return map.data;
}

/// Is the buffer one memory that lies in the file?
inline bool lies_in(const std::string& path, GstBuffer* buffer) {
  if (gst_buffer_n_memory(buffer) != 1) return false;
  const auto found = mapped_at(address_of(buffer));
  return found && found->path.compare(0, path.size(), path) == 0;
}

inline bool is_page_aligned(GstBuffer* buffer) {
  constexpr std::uintptr_t page_bytes = 4096;
  return reinterpret_cast<std::uintptr_t>(address_of(buffer)) % page_bytes == 0;
}

}  // namespace mmapvideo_test
