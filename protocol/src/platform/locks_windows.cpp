// SPDX-License-Identifier: MIT
// Byte-range locks on Windows: they belong to the handle and die with it. A lock cannot be asked
// about, only tried; so a question takes it for a moment (SPEC.md 5).
#include <windows.h>

#include <mutex>

#include "os_failure_windows.hpp"
#include "platform.hpp"

namespace mmapvideo::core::platform {
namespace {

constexpr DWORD low(std::uint64_t value) noexcept { return static_cast<DWORD>(value); }
constexpr DWORD high(std::uint64_t value) noexcept { return static_cast<DWORD>(value >> 32); }

OVERLAPPED place_of(const LockRange& range) noexcept {
  OVERLAPPED place{};
  place.Offset = low(range.offset);
  place.OffsetHigh = high(range.offset);
  return place;
}

/// 0, or why not.
DWORD lock(const File& file, DWORD kind, const LockRange& range) noexcept {
  OVERLAPPED place = place_of(range);
  if (LockFileEx(reinterpret_cast<HANDLE>(file.handle()), kind | LOCKFILE_FAIL_IMMEDIATELY, 0,
                 low(range.bytes), high(range.bytes), &place) != 0)
    return 0;
  return GetLastError();
}

bool means_held(DWORD os_error) noexcept {
  return os_error == ERROR_LOCK_VIOLATION || os_error == ERROR_IO_PENDING;
}

bool means_unsupported(DWORD os_error) noexcept {
  return os_error == ERROR_NOT_SUPPORTED || os_error == ERROR_INVALID_FUNCTION ||
         os_error == ERROR_INVALID_PARAMETER;
}

LockResult try_lock(const File& file, DWORD kind, const LockRange& range) {
  const DWORD os_error = lock(file, kind, range);
  if (os_error == 0) return LockResult::acquired;
  if (means_held(os_error)) return LockResult::held_by_other;
  if (means_unsupported(os_error)) return LockResult::unsupported;
  throw os_failure("lock", file.path(), "LockFileEx", os_error);
}

constexpr DWORD shared = 0;
constexpr DWORD exclusive = LOCKFILE_EXCLUSIVE_LOCK;

// Held while asking: a question of another thread would be met like a lock.
std::mutex one_question;

LockAnswer ask(const File& file, DWORD kind, const LockRange& range) noexcept {
  const std::lock_guard alone(one_question);
  const DWORD os_error = lock(file, kind, range);
  if (os_error == 0) {
    unlock(file, range);
    return LockAnswer::free;
  }
  return means_held(os_error) ? LockAnswer::held : LockAnswer::unsupported;
}

constexpr std::uint64_t item_bytes = MMAPVIDEO_LOCK_ITEM_BYTES;
constexpr int max_descents = 100;
constexpr int looks_at_a_lasting_lock = 3;

// Readers draw their lanes from 2^32, and do not come to lie side by side.
constexpr std::uint64_t items_of_one_lock = 8;

/// Halves a locked range until one item is left, the lower half first. Nothing: the lock moved.
std::optional<LockRange> descend(const File& file, const LockRange& range) noexcept {
  LockRange part = range;
  while (part.bytes > item_bytes) {
    const std::uint64_t half_bytes = part.bytes / 2 / item_bytes * item_bytes;
    const LockRange lower{part.offset, half_bytes};
    const LockRange upper{part.offset + half_bytes, part.bytes - half_bytes};
    if (query_lock(file, lower) == LockAnswer::held)
      part = lower;
    else if (query_lock(file, upper) == LockAnswer::held)
      part = upper;
    else
      return std::nullopt;
  }
  return part;
}

/// The lock that begins with a locked item, at most up to `end`: the item itself, or, where those
/// behind it are locked as well, all up to the first that is not, by halving.
LockRange whole_lock(const File& file, const LockRange& item, std::uint64_t end) noexcept {
  const auto is_locked = [&](std::uint64_t index) {
    return query_lock(file, {item.offset + index * item_bytes, item_bytes}) == LockAnswer::held;
  };
  const std::uint64_t limit = (end - item.offset) / item_bytes;
  for (std::uint64_t index = 1; index < items_of_one_lock; ++index)
    if (index >= limit || !is_locked(index)) return item;
  std::uint64_t locked = items_of_one_lock;
  for (std::uint64_t unlocked = limit; locked < unlocked;) {
    const std::uint64_t middle = locked + (unlocked - locked) / 2;
    if (is_locked(middle))
      locked = middle + 1;
    else
      unlocked = middle;
  }
  return {item.offset, locked * item_bytes};
}

}  // namespace

LockResult try_lock_exclusive(const File& file, const LockRange& range) {
  return try_lock(file, exclusive, range);
}

LockResult try_lock_shared(const File& file, const LockRange& range) {
  return try_lock(file, shared, range);
}

void unlock(const File& file, const LockRange& range) noexcept {
  OVERLAPPED place = place_of(range);
  UnlockFileEx(reinterpret_cast<HANDLE>(file.handle()), 0, low(range.bytes), high(range.bytes),
               &place);
}

LockAnswer query_lock(const File& file, const LockRange& range) noexcept {
  return ask(file, exclusive, range);
}

LockAnswer query_exclusive_lock(const File& file, const LockRange& range) noexcept {
  return ask(file, shared, range);
}

/// The lock of `file` itself would be in the way of the question.
LockAnswer query_other_holder(const File&, const LockRange&) noexcept { return LockAnswer::free; }

bool is_lasting(const File& file, const LockRange& range) noexcept {
  for (int look = 0; look < looks_at_a_lasting_lock; ++look) {
    Sleep(1);
    if (query_lock(file, range) != LockAnswer::held) return false;
  }
  return true;
}

/// A lock that moves up while the halves are asked about may be in neither: then all is asked
/// again.
std::optional<LockRange> find_lock(const File& file, const LockRange& range) noexcept {
  for (int attempt = 0; attempt < max_descents; ++attempt) {
    if (query_lock(file, range) != LockAnswer::held) return std::nullopt;
    if (const auto item = descend(file, range))
      return whole_lock(file, *item, range.offset + range.bytes);
  }
  return range;
}

}  // namespace mmapvideo::core::platform
