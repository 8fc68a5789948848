// SPDX-License-Identifier: MIT
// Where the byte-range locks lie (SPEC.md 5). Pure arithmetic.
#pragma once

#include <mmapvideo/layout.h>

#include <cstdint>

namespace mmapvideo::core {

/// A byte range of the file, far beyond its end.
struct LockRange {
  std::uint64_t offset;
  std::uint64_t bytes;
  bool operator==(const LockRange&) const = default;
};

constexpr std::uint64_t lock_offset(std::uint64_t family, std::uint64_t index,
                                    std::uint64_t lane) noexcept {
  return MMAPVIDEO_LOCK_BASE + family * MMAPVIDEO_LOCK_FAMILY_BYTES +
         index * MMAPVIDEO_LOCK_INDEX_BYTES + lane * MMAPVIDEO_LOCK_ITEM_BYTES;
}

constexpr LockRange writer_lock() noexcept {
  return {lock_offset(MMAPVIDEO_LOCK_WRITER, 0, 0), MMAPVIDEO_LOCK_ITEM_BYTES};
}

constexpr LockRange reader_lock(std::uint32_t lane) noexcept {
  return {lock_offset(MMAPVIDEO_LOCK_READER, 0, lane), MMAPVIDEO_LOCK_ITEM_BYTES};
}

/// All READER items: what to query to list the readers.
constexpr LockRange all_reader_locks() noexcept {
  return {lock_offset(MMAPVIDEO_LOCK_READER, 0, 0), MMAPVIDEO_LOCK_INDEX_BYTES};
}

/// A lease: a reader's item of a slot.
constexpr LockRange lease_lock(std::uint32_t slot_id, std::uint32_t lane) noexcept {
  return {lock_offset(MMAPVIDEO_LOCK_SLOT, slot_id, lane), MMAPVIDEO_LOCK_ITEM_BYTES};
}

/// What a writer that has closed leaves locked of a slot that its user still has. Readers draw
/// other lanes.
constexpr LockRange closed_writer_lock(std::uint32_t slot_id) noexcept {
  return lease_lock(slot_id, 0);
}

/// Whole slots, every lane: where the writer looks for leases. The ids do not wrap.
constexpr LockRange all_leases(std::uint32_t first_slot_id, std::uint32_t slot_count) noexcept {
  return {lock_offset(MMAPVIDEO_LOCK_SLOT, first_slot_id, 0),
          slot_count * MMAPVIDEO_LOCK_INDEX_BYTES};
}

/// All SLOT items: what to query to list the leases.
constexpr LockRange all_slot_locks() noexcept {
  return {lock_offset(MMAPVIDEO_LOCK_SLOT, 0, 0), MMAPVIDEO_LOCK_FAMILY_BYTES};
}

/// A lossless reader's turn at a frame.
constexpr LockRange turn_lock(std::uint64_t number, std::uint32_t lane) noexcept {
  return {lock_offset(MMAPVIDEO_LOCK_TURN, number % MMAPVIDEO_TURN_COUNT, lane),
          MMAPVIDEO_LOCK_ITEM_BYTES};
}

/// The turns, of all lanes, with indices from `first` to `last`.
constexpr LockRange turn_range(std::uint64_t first, std::uint64_t last) noexcept {
  return {lock_offset(MMAPVIDEO_LOCK_TURN, first, 0),
          (last - first + 1) * MMAPVIDEO_LOCK_INDEX_BYTES};
}

/// All TURN items: what to query to list the lossless readers.
constexpr LockRange all_turns() noexcept { return turn_range(0, MMAPVIDEO_TURN_COUNT - 1); }

/// The number that a turn is on. The lock table tells it mod 65536 only; it is the highest one that
/// the turn can be on, where the newest frame is `head_number`.
constexpr std::uint64_t number_of_turn(const LockRange& turn, std::uint64_t head_number) noexcept {
  const std::uint64_t index =
      (turn.offset - all_turns().offset) / MMAPVIDEO_LOCK_INDEX_BYTES % MMAPVIDEO_TURN_COUNT;
  const std::uint64_t highest = head_number + 1;
  const std::uint64_t below = (highest - index) % MMAPVIDEO_TURN_COUNT;
  return highest > below ? highest - below : index;
}

static_assert(lock_offset(3, MMAPVIDEO_LOCK_INDEX_COUNT - 1, UINT32_MAX) +
                      MMAPVIDEO_LOCK_ITEM_BYTES - 1 ==
                  INT64_MAX,
              "the last item ends at the last lockable byte");

}  // namespace mmapvideo::core
