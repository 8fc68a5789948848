// SPDX-License-Identifier: MIT
// Parts of a file that somebody may be writing, read by system calls alone.
#include "file_snapshot.hpp"

#include <cstddef>

#include "geometry.hpp"
#include "seqlock.hpp"

namespace mmapvideo::core {
namespace {

constexpr int max_attempts = 100;

bool read_all(const platform::File& file, std::uint64_t offset, void* to, std::size_t bytes) {
  return file.read_at(offset, to, bytes) == bytes;
}

bool same_moment(const mmapvideo_file_header& before, const mmapvideo_file_header& after) {
  return before.session_id == after.session_id && before.state == after.state &&
         before.ring_generation == after.ring_generation;
}

std::uint64_t slot_offset(const mmapvideo_ring& ring, std::uint32_t index) {
  return ring.offset + ring.slot_stride * index;
}

/// Of the frame that is in the slot, claimed or not; 0: there is none.
std::uint64_t read_frame_stamp(const platform::File& file, const mmapvideo_ring& ring,
                               std::uint32_t index) {
  return read_stamp(file, ring, index) & ~std::uint64_t{1};
}

}  // namespace

std::optional<mmapvideo_file_header> snapshot_header(const platform::File& file) {
  mmapvideo_file_header before{}, after{};
  if (!read_all(file, 0, &before, sizeof before)) return std::nullopt;
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    fence_after_copying();  // (E, F): between two copies, each of one system call
    if (!read_all(file, 0, &after, sizeof after)) return std::nullopt;
    if (same_moment(before, after)) return after;
    before = after;
  }
  return std::nullopt;
}

std::uint64_t read_stamp(const platform::File& file, const mmapvideo_ring& ring,
                         std::uint32_t index) {
  std::uint64_t stamp = 0;
  const std::uint64_t offset = slot_offset(ring, index) + offsetof(mmapvideo_slot_header, stamp);
  return read_all(file, offset, &stamp, sizeof stamp) ? stamp : 0;
}

SlotState snapshot_slot(const platform::File& file, const mmapvideo_ring& ring, std::uint32_t index,
                        SlotSnapshot& snapshot) {
  const std::uint64_t stamp = read_frame_stamp(file, ring, index);
  if (stamp == 0) return SlotState::empty;
  fence_after_copying();  // (A, B): what the stamp vouches for is read after it
  const std::uint64_t offset = slot_offset(ring, index);
  snapshot = {};
  if (!read_all(file, offset, &snapshot.header, sizeof snapshot.header)) return SlotState::empty;
  snapshot.problem = slot_problem(snapshot.header, stamp, ring);
  if (!snapshot.problem) {
    snapshot.caps.resize(snapshot.header.info.caps_bytes);
    if (!read_all(file, offset + MMAPVIDEO_CAPS_OFFSET, snapshot.caps.data(), snapshot.caps.size()))
      return SlotState::empty;
    snapshot.problem = caps_problem(snapshot.caps.data(), snapshot.caps.size());
  }
  fence_after_copying();  // (A): the stamp is read again after all that it vouches for
  return read_frame_stamp(file, ring, index) == stamp ? SlotState::steady : SlotState::moving;
}

std::optional<std::string> snapshot_metadata(const platform::File& file, const mmapvideo_ring& ring,
                                             std::uint32_t index, const SlotSnapshot& snapshot) {
  std::string metadata(snapshot.header.info.metadata_bytes, '\0');
  const std::uint64_t offset =
      slot_offset(ring, index) + ring.payload_offset + ring.payload_capacity;
  if (!read_all(file, offset, metadata.data(), metadata.size())) return std::nullopt;
  fence_after_copying();  // (A): the stamp is read again after what it vouches for
  if (read_frame_stamp(file, ring, index) != 2 * snapshot.header.number) return std::nullopt;
  return metadata;
}

}  // namespace mmapvideo::core
