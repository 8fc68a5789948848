// SPDX-License-Identifier: MIT
// Open-file-description locks: they belong to the descriptor, not to the process, and die with it.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "os_failure_posix.hpp"
#include "platform.hpp"

namespace mmapvideo::core::platform {
namespace {

struct flock os_lock(short type, const LockRange& range) noexcept {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(range.offset);
  lock.l_len = static_cast<off_t>(range.bytes);
  return lock;
}

bool means_unsupported(int os_error) noexcept {
  return os_error == ENOLCK || os_error == EOPNOTSUPP || os_error == EINVAL || os_error == ENOSYS;
}

/// Where locks are kept elsewhere, as on network file systems, a signal may interrupt it.
int lock_call(const File& file, int command, struct flock& lock) noexcept {
  int result = 0;
  do {
    result = fcntl(static_cast<int>(file.handle()), command, &lock);
  } while (result != 0 && errno == EINTR);
  return result;
}

LockResult try_lock(const File& file, short type, const LockRange& range) {
  struct flock lock = os_lock(type, range);
  if (lock_call(file, F_OFD_SETLK, lock) == 0) return LockResult::acquired;
  if (errno == EAGAIN || errno == EACCES) return LockResult::held_by_other;
  if (means_unsupported(errno)) return LockResult::unsupported;
  throw os_failure("lock", file.path(), "fcntl(F_OFD_SETLK)", errno);
}

/// Held: `lock` tells of one that is in the way.
LockAnswer query(const File& file, struct flock& lock) noexcept {
  if (lock_call(file, F_OFD_GETLK, lock) != 0) return LockAnswer::unsupported;
  return lock.l_type == F_UNLCK ? LockAnswer::free : LockAnswer::held;
}

}  // namespace

LockResult try_lock_exclusive(const File& file, const LockRange& range) {
  return try_lock(file, F_WRLCK, range);
}

LockResult try_lock_shared(const File& file, const LockRange& range) {
  return try_lock(file, F_RDLCK, range);
}

void unlock(const File& file, const LockRange& range) noexcept {
  struct flock lock = os_lock(F_UNLCK, range);
  static_cast<void>(lock_call(file, F_OFD_SETLK, lock));
}

LockAnswer query_lock(const File& file, const LockRange& range) noexcept {
  struct flock lock = os_lock(F_WRLCK, range);
  return query(file, lock);
}

LockAnswer query_exclusive_lock(const File& file, const LockRange& range) noexcept {
  struct flock lock = os_lock(F_RDLCK, range);
  return query(file, lock);
}

/// A question never meets the locks of the description it is asked through.
LockAnswer query_other_holder(const File& file, const LockRange& range) noexcept {
  return query_lock(file, range);
}

bool is_lasting(const File&, const LockRange&) noexcept { return true; }

std::optional<LockRange> find_lock(const File& file, const LockRange& range) noexcept {
  struct flock lock = os_lock(F_WRLCK, range);
  if (query(file, lock) != LockAnswer::held) return std::nullopt;
  // A length of 0 means "to the end of all files"; somebody may have locked more than an item.
  const auto start = static_cast<std::uint64_t>(lock.l_start);
  const std::uint64_t end =
      lock.l_len == 0 ? std::uint64_t{1} << 63 : start + static_cast<std::uint64_t>(lock.l_len);
  const std::uint64_t clipped_start = std::max(start, range.offset);
  const std::uint64_t clipped_end = std::min(end, range.offset + range.bytes);
  return LockRange{clipped_start, clipped_end - clipped_start};
}

}  // namespace mmapvideo::core::platform
