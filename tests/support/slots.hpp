// SPDX-License-Identifier: MIT
// The writer's slots as its user has them: taking, filling, publishing, and their locks in the
// file.
#pragma once

#include <gtest/gtest.h>
#include <mmapvideo/mmapvideo.h>

#include <optional>
#include <vector>

#include "support/frames.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {

inline const auto kCapsBytes = static_cast<std::uint32_t>(kCaps.size());

inline mmapvideo_status begin_slot(const Writer& writer, mmapvideo_slot_view& view,
                                   std::uint64_t bytes = kFrameBytes) {
  return mmapvideo_writer_begin(writer.get(), bytes, kCapsBytes, 0, &view, nullptr);
}
inline mmapvideo_status lend_slot(const Writer& writer, mmapvideo_slot_view& view,
                                  std::uint64_t bytes = kFrameBytes) {
  return mmapvideo_writer_lend(writer.get(), bytes, kCapsBytes, 0, &view, nullptr);
}

/// A taken slot whose every word is `word`. Throws where none is free.
inline mmapvideo_slot_view take_slot(const Writer& writer, std::uint64_t word = 0,
                                     std::uint64_t bytes = kFrameBytes) {
  mmapvideo_slot_view view = {};
  if (begin_slot(writer, view, bytes) != MMAPVIDEO_OK) throw std::runtime_error("no slot to take");
  fill_words(view.payload, bytes, word);
  return view;
}

inline mmapvideo_status commit_slot(const Writer& writer, const mmapvideo_slot_view& view,
                                    std::uint64_t* number = nullptr,
                                    std::uint64_t bytes = kFrameBytes) {
  mmapvideo_frame_info info = grey_info(bytes);
  return mmapvideo_writer_commit(writer.get(), &view, &info, kCaps.c_str(), number, nullptr);
}
inline mmapvideo_status commit_and_hold_slot(const Writer& writer, const mmapvideo_slot_view& view,
                                             std::uint64_t* number = nullptr,
                                             std::uint64_t bytes = kFrameBytes) {
  mmapvideo_frame_info info = grey_info(bytes);
  return mmapvideo_writer_commit_and_hold(writer.get(), &view, &info, kCaps.c_str(), number,
                                          nullptr);
}
inline void abort_slot(const Writer& writer, const mmapvideo_slot_view& view) {
  mmapvideo_writer_abort(writer.get(), &view);
}
inline void release_slot(const Writer& writer, const mmapvideo_slot_view& view) {
  mmapvideo_writer_release(writer.get(), &view);
}

/// Publishes one frame in place and keeps its slot. Throws where that fails.
inline mmapvideo_slot_view hold_slot(const Writer& writer, std::uint64_t word = 0,
                                     std::uint64_t bytes = kFrameBytes) {
  mmapvideo_slot_view view = take_slot(writer, word, bytes);
  if (commit_and_hold_slot(writer, view, nullptr, bytes) != MMAPVIDEO_OK) {
    throw std::runtime_error("cannot commit and hold");
  }
  return view;
}

/// Takes until there is none, and gives them all back: how many were free.
inline std::size_t free_slots(const Writer& writer) {
  std::vector<mmapvideo_slot_view> views;
  mmapvideo_slot_view view = {};
  while (begin_slot(writer, view) == MMAPVIDEO_OK) views.push_back(view);
  for (const auto& each : views) abort_slot(writer, each);
  return views.size();
}

inline bool memory_is(const void* memory, std::uint64_t word, std::uint64_t bytes = kFrameBytes) {
  const auto* begin = static_cast<const std::byte*>(memory);
  return all_words_are({begin, begin + bytes}, word);
}

/// The lock that somebody else than `looker` has on any lane of a slot.
inline std::optional<FoundLock> lock_of_slot(const LockFile& looker, const RawFile& raw,
                                             const mmapvideo_ring& ring, unsigned index) {
  return looker.query(all_lanes(Family::slot, raw.slot_id(ring, index)));
}
inline std::optional<FoundLock> lock_of_slot(const std::string& path, unsigned index) {
  RawFile raw(path);
  return lock_of_slot(LockFile(path), raw, raw.ring(), index);
}

/// The stamp tells so; a live writer's slots are not locked (SPEC 4, 7.2).
inline ::testing::AssertionResult is_taken(const std::string& path, unsigned index) {
  const std::uint64_t stamp = load(RawFile(path).slot(index).stamp);
  if (stamp != MMAPVIDEO_STAMP_WRITING)
    return ::testing::AssertionFailure() << "slot " << index << " has the stamp " << stamp;
  if (lock_of_slot(path, index))
    return ::testing::AssertionFailure() << "slot " << index << " is locked";
  return ::testing::AssertionSuccess();
}
/// The shared lock on lane 0 that a closed writer leaves for what its user still has (SPEC 7.3).
inline ::testing::AssertionResult is_left_to_its_user(const std::string& path, unsigned index) {
  auto found = LockFile(path).list(all_lanes(Family::slot, RawFile(path).slot_id(index)));
  if (found.size() != 1) {
    return ::testing::AssertionFailure()
           << "slot " << index << " has " << found.size() << " locks instead of one";
  }
  const LockRange item = lock_item(Family::slot, RawFile(path).slot_id(index), 0);
  if (found[0].type != F_RDLCK || found[0].range.offset != item.offset ||
      found[0].range.bytes != item.bytes) {
    return ::testing::AssertionFailure()
           << "slot " << index << " is locked otherwise: type " << found[0].type << ", "
           << found[0].range.bytes << " bytes";
  }
  return ::testing::AssertionSuccess();
}
inline bool is_unlocked(const std::string& path, unsigned index) {
  return !lock_of_slot(path, index);
}
/// Slots of the ring in use that somebody has a lock on.
inline unsigned locked_slot_count(const std::string& path) {
  unsigned count = 0;
  for (unsigned index = 0; index < RawFile(path).ring().slot_count; ++index) {
    count += !is_unlocked(path, index);
  }
  return count;
}

}  // namespace mmapvideo_test
