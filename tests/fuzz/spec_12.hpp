// SPDX-License-Identifier: MIT
// SPEC.md 12, "what is valid", once more and in other words: in integers that nothing overflows,
// without a thought for speed. What geometry says has to be the same.
#pragma once

#include <mmapvideo/layout.h>

#include <algorithm>
#include <cstring>

namespace mmapvideo_fuzz::spec {

__extension__ typedef __int128 Wide;

inline bool valid_header(const mmapvideo_file_header& header) {
  return header.magic == MMAPVIDEO_MAGIC && header.version == 1 && header.header_bytes == 4096 &&
         header.incompatible_flags == 0 && header.state <= 3 &&
         header.head_number <= (std::uint64_t{1} << 62) - 1 &&
         (header.session_id != 0 || header.state == MMAPVIDEO_STATE_FORMING);
}

inline bool valid_ring(const mmapvideo_ring& ring, std::uint64_t generation,
                       std::uint64_t file_bytes) {
  const Wide all_slots = Wide{ring.slot_count} * ring.slot_stride;
  return ring.generation == generation && ring.offset % 65536 == 0 && ring.offset >= 65536 &&
         ring.slot_stride % 65536 == 0 && ring.slot_stride != 0 &&
         ring.payload_offset % 4096 == 0 && ring.payload_offset >= 4096 &&
         ring.payload_capacity % 64 == 0 && ring.payload_capacity != 0 &&
         Wide{ring.payload_offset} + ring.payload_capacity + ring.metadata_capacity <=
             ring.slot_stride &&
         ring.slot_count >= 2 && ring.slot_count <= 1024 && ring.first_slot_id < 1u << 24 &&
         ring.offset + all_slots <= file_bytes && all_slots <= PTRDIFF_MAX;
}

inline bool valid_plane(const mmapvideo_plane& plane, std::uint64_t payload_bytes) {
  if (plane.offset > payload_bytes) return false;
  if (plane.rows == 0 || plane.row_bytes == 0) return plane.row_bytes <= payload_bytes;
  const Wide first = plane.offset;
  const Wide last = first + Wide{plane.stride} * (Wide{plane.rows} - 1);
  return std::min(first, last) >= 0 && std::max(first, last) + plane.row_bytes <= payload_bytes;
}

inline bool valid_planes(const mmapvideo_frame_info& info) {
  return info.plane_count <= 4 && std::all_of(info.planes, info.planes + info.plane_count,
                                              [&](const mmapvideo_plane& plane) {
                                                return valid_plane(plane, info.payload_bytes);
                                              });
}

template <std::size_t N>
bool holds_nul(const char (&text)[N]) {
  return std::any_of(text, text + N, [](char c) { return c == 0; });
}

inline bool valid_slot(const mmapvideo_slot_header& slot, std::uint64_t stamp,
                       const mmapvideo_ring& ring) {
  const mmapvideo_frame_info& info = slot.info;
  return slot.number >= 1 && slot.number <= (std::uint64_t{1} << 62) - 1 &&
         stamp == 2 * slot.number && info.payload_bytes >= 1 &&
         info.payload_bytes <= ring.payload_capacity &&
         info.metadata_bytes <= ring.metadata_capacity && info.metadata_bytes <= 1u << 28 &&
         Wide{info.caps_bytes} < Wide{ring.payload_offset} - 512 && info.caps_bytes <= 1u << 20 &&
         valid_planes(info) && holds_nul(info.format) && holds_nul(info.colorimetry) &&
         holds_nul(info.chroma_site);
}

}  // namespace mmapvideo_fuzz::spec
