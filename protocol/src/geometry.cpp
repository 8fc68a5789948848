// SPDX-License-Identifier: MIT
// Header bytes to validated geometry (SPEC.md 12).
#include "geometry.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace mmapvideo::core {
namespace {

// A ring is planned to take about this much, within 6 to 16 slots: with 1080p RGBA it stays below
// the 64 MiB that container engines give /dev/shm by default. Of six slots one is the head's, one
// is being written, and two readers lease two each.
constexpr std::uint64_t planned_ring_bytes = std::uint64_t{48} << 20;
constexpr std::uint64_t planned_min_slots = 6;
constexpr std::uint64_t planned_max_slots = 16;
// For slots that are taken ahead of need a ring grows up to this.
constexpr std::uint64_t planned_lending_ring_bytes = std::uint64_t{256} << 20;

// Room for metadata in each slot, also of a writer that has none yet: most of it fits.
constexpr std::uint64_t planned_min_metadata_bytes = 4096;

// No size in a file comes near this; sums of a few such numbers cannot overflow.
constexpr std::uint64_t max_bytes = std::uint64_t{1} << 60;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t multiple) noexcept {
  return (value + multiple - 1) / multiple * multiple;
}

template <std::size_t N>
bool holds_nul(const char (&text)[N]) noexcept {
  return std::memchr(text, 0, N) != nullptr;
}

template <std::size_t N>
void clear_behind_nul(char (&text)[N]) noexcept {
  const std::size_t length = strnlen(text, N);
  std::memset(text + length, 0, N - length);
}

/// Metadata changes its size from frame to frame; a ring for each new maximum would be too many.
std::uint64_t planned_metadata_bytes(std::uint64_t metadata_bytes) noexcept {
  return std::bit_ceil(std::max(metadata_bytes, planned_min_metadata_bytes));
}

std::string numbered(const char* what, std::uint64_t value) {
  return std::string(what) + " is " + std::to_string(value);
}

bool plane_within(const mmapvideo_plane& plane, std::uint64_t payload_bytes) noexcept {
  if (payload_bytes > max_bytes || plane.offset > payload_bytes || plane.row_bytes > payload_bytes)
    return false;
  if (plane.rows == 0 || plane.row_bytes == 0) return true;
  const std::uint64_t steps = plane.rows - 1;
  const auto stride = static_cast<std::uint64_t>(plane.stride);
  const std::uint64_t step = steps == 0 ? 0 : plane.stride < 0 ? 0 - stride : stride;
  if (step != 0 && steps > payload_bytes / step) return false;
  const std::uint64_t reach = steps * step;
  if (plane.stride < 0)
    return reach <= plane.offset && plane.offset + plane.row_bytes <= payload_bytes;
  return plane.offset + reach + plane.row_bytes <= payload_bytes;
}

std::optional<std::string> planes_problem(const mmapvideo_frame_info& info) {
  if (info.plane_count > MMAPVIDEO_MAX_PLANES) return numbered("plane_count", info.plane_count);
  for (std::uint32_t i = 0; i < info.plane_count; ++i) {
    if (!plane_within(info.planes[i], info.payload_bytes))
      return "plane " + std::to_string(i) + " exceeds the payload";
  }
  return std::nullopt;
}

}  // namespace

FileKind classify_preamble(const void* preamble, std::uint64_t bytes) noexcept {
  // What is missing of a short preamble is taken to be right.
  mmapvideo_file_header header{};
  header.magic = MMAPVIDEO_MAGIC;
  header.version = MMAPVIDEO_VERSION;
  header.header_bytes = MMAPVIDEO_HEADER_BYTES;
  std::memcpy(&header, preamble, std::min<std::uint64_t>(bytes, MMAPVIDEO_PREAMBLE_BYTES));
  if (header.magic != MMAPVIDEO_MAGIC) return FileKind::foreign;
  if (header.version != MMAPVIDEO_VERSION) return FileKind::unsupported;
  if ((header.incompatible_flags & ~MMAPVIDEO_INCOMPATIBLE_KNOWN) != 0)
    return FileKind::unsupported;
  if (header.header_bytes != MMAPVIDEO_HEADER_BYTES) return FileKind::broken;
  return bytes < MMAPVIDEO_PREAMBLE_BYTES ? FileKind::forming : FileKind::ours;
}

std::optional<std::string> header_problem(const mmapvideo_file_header& header) {
  if (header.header_bytes != MMAPVIDEO_HEADER_BYTES)
    return numbered("header_bytes", header.header_bytes);
  if (header.state > MMAPVIDEO_STATE_ENDED) return numbered("state", header.state);
  if (header.head_number > MMAPVIDEO_MAX_FRAME_NUMBER)
    return numbered("head_number", header.head_number);
  if (header.session_id == 0 && header.state != MMAPVIDEO_STATE_FORMING)
    return std::string("session_id is 0");
  return std::nullopt;
}

std::optional<std::string> ring_problem(const mmapvideo_ring& ring, std::uint64_t generation,
                                        std::uint64_t file_bytes) {
  if (ring.generation != generation) return numbered("ring generation", ring.generation);
  if (ring.offset < MMAPVIDEO_SLOT_ALIGNMENT || ring.offset % MMAPVIDEO_SLOT_ALIGNMENT != 0 ||
      ring.offset > max_bytes)
    return numbered("ring offset", ring.offset);
  if (ring.slot_stride == 0 || ring.slot_stride % MMAPVIDEO_SLOT_ALIGNMENT != 0 ||
      ring.slot_stride > max_bytes)
    return numbered("slot_stride", ring.slot_stride);
  if (ring.payload_offset < MMAPVIDEO_PAYLOAD_ALIGNMENT ||
      ring.payload_offset % MMAPVIDEO_PAYLOAD_ALIGNMENT != 0 ||
      ring.payload_offset > ring.slot_stride)
    return numbered("payload_offset", ring.payload_offset);
  if (ring.payload_capacity == 0 || ring.payload_capacity % MMAPVIDEO_METADATA_ALIGNMENT != 0 ||
      ring.payload_capacity > ring.slot_stride - ring.payload_offset)
    return numbered("payload_capacity", ring.payload_capacity);
  if (ring.metadata_capacity > ring.slot_stride - ring.payload_offset - ring.payload_capacity)
    return numbered("metadata_capacity", ring.metadata_capacity);
  if (ring.slot_count < MMAPVIDEO_MIN_SLOTS || ring.slot_count > MMAPVIDEO_MAX_SLOTS)
    return numbered("slot_count", ring.slot_count);
  if (ring.first_slot_id >= MMAPVIDEO_LOCK_INDEX_COUNT)
    return numbered("first_slot_id", ring.first_slot_id);
  if (ring.offset > file_bytes || ring.slot_stride > (file_bytes - ring.offset) / ring.slot_count)
    return "the ring exceeds the file's " + std::to_string(file_bytes) + " bytes";
  if (ring_bytes(ring) > SIZE_MAX / 2) return std::string("the ring exceeds the address space");
  return std::nullopt;
}

std::optional<std::string> slot_problem(const mmapvideo_slot_header& slot, std::uint64_t stamp,
                                        const mmapvideo_ring& ring) {
  if (slot.number == 0 || slot.number > MMAPVIDEO_MAX_FRAME_NUMBER || stamp != 2 * slot.number)
    return numbered("number", slot.number);
  if (!frame_fits(ring, slot.info.payload_bytes, slot.info.caps_bytes, slot.info.metadata_bytes))
    return std::string("the frame's sizes exceed the slot");
  return info_problem(slot.info);
}

std::optional<std::string> info_problem(const mmapvideo_frame_info& info) {
  if (info.payload_bytes == 0) return std::string("payload_bytes is 0");
  if (!holds_nul(info.format) || !holds_nul(info.colorimetry) || !holds_nul(info.chroma_site))
    return std::string("a text field is not terminated");
  return planes_problem(info);
}

std::optional<std::string> caps_problem(const char* caps, std::size_t bytes) {
  if (std::memchr(caps, 0, bytes) == nullptr) return std::nullopt;
  return std::string("the caps string holds a NUL");
}

void clear_reserved(mmapvideo_frame_info& info) noexcept {
  info.reserved_140 = 0;
  std::memset(info.reserved_400, 0, sizeof info.reserved_400);
  clear_behind_nul(info.format);
  clear_behind_nul(info.colorimetry);
  clear_behind_nul(info.chroma_site);
  for (std::uint32_t i = 0; i < MMAPVIDEO_MAX_PLANES; ++i) {
    if (i >= info.plane_count) info.planes[i] = mmapvideo_plane{};
    info.planes[i].reserved = 0;
  }
}

std::uint32_t planned_slot_count(std::uint64_t slot_stride, std::uint32_t held_slots) noexcept {
  const std::uint64_t plain =
      std::clamp(planned_ring_bytes / slot_stride, planned_min_slots, planned_max_slots);
  const std::uint64_t wanted = std::uint64_t{held_slots} + lending_reserve_slots;
  const std::uint64_t affordable =
      std::min<std::uint64_t>(planned_lending_ring_bytes / slot_stride, MMAPVIDEO_MAX_SLOTS);
  return static_cast<std::uint32_t>(std::max(plain, std::min(wanted, affordable)));
}

std::optional<mmapvideo_ring> plan_ring(std::uint64_t payload_bytes, std::uint32_t caps_bytes,
                                        std::uint64_t metadata_bytes, std::uint32_t slot_count,
                                        std::uint32_t held_slots) {
  if (payload_bytes > max_bytes || metadata_bytes > MMAPVIDEO_MAX_METADATA_BYTES ||
      caps_bytes > MMAPVIDEO_MAX_CAPS_BYTES)
    return std::nullopt;
  mmapvideo_ring ring{};
  ring.payload_offset =
      round_up(std::uint64_t{MMAPVIDEO_CAPS_OFFSET} + caps_bytes + 1, MMAPVIDEO_PAYLOAD_ALIGNMENT);
  ring.payload_capacity =
      round_up(std::max<std::uint64_t>(payload_bytes, 1), MMAPVIDEO_METADATA_ALIGNMENT);
  ring.metadata_capacity = planned_metadata_bytes(metadata_bytes);
  ring.slot_stride = round_up(ring.payload_offset + ring.payload_capacity + ring.metadata_capacity,
                              MMAPVIDEO_SLOT_ALIGNMENT);
  // What the alignment leaves is given to the payload, so that a slightly larger frame fits.
  ring.payload_capacity = (ring.slot_stride - ring.payload_offset - ring.metadata_capacity) /
                          MMAPVIDEO_METADATA_ALIGNMENT * MMAPVIDEO_METADATA_ALIGNMENT;
  ring.slot_count = slot_count != 0 ? slot_count : planned_slot_count(ring.slot_stride, held_slots);
  if (ring.slot_stride > max_bytes / ring.slot_count) return std::nullopt;
  return ring;
}

bool frame_fits(const mmapvideo_ring& ring, std::uint64_t payload_bytes, std::uint32_t caps_bytes,
                std::uint64_t metadata_bytes) noexcept {
  return caps_bytes <= MMAPVIDEO_MAX_CAPS_BYTES && metadata_bytes <= MMAPVIDEO_MAX_METADATA_BYTES &&
         payload_bytes <= ring.payload_capacity && metadata_bytes <= ring.metadata_capacity &&
         caps_bytes < ring.payload_offset - MMAPVIDEO_CAPS_OFFSET;
}

}  // namespace mmapvideo::core
