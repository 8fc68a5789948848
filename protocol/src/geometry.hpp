// SPDX-License-Identifier: MIT
// Header bytes to validated geometry (SPEC.md 12). Pure: works on private copies, never on the
// mapping. All bounds checks of the library live here.
#pragma once

#include <mmapvideo/layout.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace mmapvideo::core {

/// What the first bytes of a file say about it.
enum class FileKind {
  forming,      ///< nothing, or a beginning of a valid preamble: its creator is not done
  foreign,      ///< another kind of file
  unsupported,  ///< another version, or incompatible flags this library does not know
  broken,       ///< of this version, but with a header size it cannot have
  ours,         ///< magic and version are right
};

/// Classifies a file by its first `bytes` bytes (the preamble, or all there are).
FileKind classify_preamble(const void* preamble, std::uint64_t bytes) noexcept;

/// Why a copied header is invalid, or nothing. The ring descriptors are not looked at.
std::optional<std::string> header_problem(const mmapvideo_file_header& header);

/// Why a copied descriptor of generation `generation` is invalid for a file of `file_bytes`.
std::optional<std::string> ring_problem(const mmapvideo_ring& ring, std::uint64_t generation,
                                        std::uint64_t file_bytes);

/// Why a copied slot header with stamp `stamp` is invalid in `ring`, or nothing.
std::optional<std::string> slot_problem(const mmapvideo_slot_header& slot, std::uint64_t stamp,
                                        const mmapvideo_ring& ring);

/// Are the caller's sizes and planes fit to be published at all? Why not, or nothing.
std::optional<std::string> info_problem(const mmapvideo_frame_info& info);

/// Why a copied caps string of `bytes` bytes is invalid, or nothing.
std::optional<std::string> caps_problem(const char* caps, std::size_t bytes);

/// Sets to 0 what SPEC.md reserves, unused planes, and what follows the NUL of a text. `info` is
/// valid.
void clear_reserved(mmapvideo_frame_info& info) noexcept;

/// Slots that are not lent out ahead of need: the head's, one to copy into, two for readers.
inline constexpr std::uint32_t lending_reserve_slots = 4;

/// How many slots of `slot_stride` bytes a ring gets whose writer is going to have `held_slots` of
/// them taken at a time, beyond the one it writes.
std::uint32_t planned_slot_count(std::uint64_t slot_stride, std::uint32_t held_slots) noexcept;

/// The smallest ring whose slots take a frame of these sizes; of metadata there is at least some
/// room, and twice as much with each step. `slot_count` 0: planned for `held_slots`. offset,
/// generation and first_slot_id are left 0. Nothing: sizes overflow.
std::optional<mmapvideo_ring> plan_ring(std::uint64_t payload_bytes, std::uint32_t caps_bytes,
                                        std::uint64_t metadata_bytes, std::uint32_t slot_count,
                                        std::uint32_t held_slots);

/// Does a frame of these sizes fit a slot of `ring`?
bool frame_fits(const mmapvideo_ring& ring, std::uint64_t payload_bytes, std::uint32_t caps_bytes,
                std::uint64_t metadata_bytes) noexcept;

/// How many frames a turn holds, the one it is on and those after it (SPEC.md 7.4).
constexpr std::uint32_t quarter_of(const mmapvideo_ring& ring) noexcept {
  return ring.slot_count / 4;
}

/// The bytes of a ring from its first to beyond its last slot. `ring` is valid.
constexpr std::uint64_t ring_bytes(const mmapvideo_ring& ring) noexcept {
  return ring.slot_stride * ring.slot_count;
}

constexpr std::uint32_t slot_id_of(const mmapvideo_ring& ring, std::uint32_t index) noexcept {
  return static_cast<std::uint32_t>((std::uint64_t{ring.first_slot_id} + index) %
                                    MMAPVIDEO_LOCK_INDEX_COUNT);
}

/// The index of a slot id in `ring`, or nothing if it belongs to another ring.
constexpr std::optional<std::uint32_t> slot_index_of(const mmapvideo_ring& ring,
                                                     std::uint64_t slot_id) noexcept {
  if (slot_id >= MMAPVIDEO_LOCK_INDEX_COUNT) return std::nullopt;
  const auto index =
      (slot_id + MMAPVIDEO_LOCK_INDEX_COUNT - ring.first_slot_id) % MMAPVIDEO_LOCK_INDEX_COUNT;
  if (index >= ring.slot_count) return std::nullopt;
  return static_cast<std::uint32_t>(index);
}

}  // namespace mmapvideo::core
