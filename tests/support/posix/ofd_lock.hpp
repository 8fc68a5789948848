// SPDX-License-Identifier: MIT
// The byte-range locks of SPEC 5 by raw fcntl.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/lock_items.hpp"

namespace mmapvideo_test {

inline struct flock to_flock(LockRange range, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(range.offset);
  lock.l_len = static_cast<off_t>(range.bytes);
  return lock;
}

/// The lock of somebody else that a lock of `type` on this range would meet.
struct FoundLock {
  short type;  // F_RDLCK or F_WRLCK
  LockRange range;
};

/// Its own open file description of a file, and the locks it holds. Closing drops them.
class LockFile {
 public:
  explicit LockFile(const std::string& path, int open_flags = O_RDWR)
      : fd_(::open(path.c_str(), open_flags | O_CLOEXEC)) {
    if (fd_ < 0) throw std::runtime_error("cannot open " + path);
  }
  ~LockFile() { ::close(fd_); }
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  bool try_shared(LockRange range) { return set(range, F_RDLCK); }
  bool try_exclusive(LockRange range) { return set(range, F_WRLCK); }
  void unlock(LockRange range) { set(range, F_UNLCK); }

  /// Meets shared and exclusive locks alike.
  std::optional<FoundLock> query(LockRange range) const { return get(range, F_WRLCK); }
  /// Meets exclusive locks only.
  std::optional<FoundLock> query_exclusive(LockRange range) const { return get(range, F_RDLCK); }

  /// All locks of others in the range, as SPEC 5 "Listing" says.
  std::vector<FoundLock> list(LockRange range) const {
    std::vector<FoundLock> found;
    list_into(range, found);
    return found;
  }

 private:
  bool set(LockRange range, short type) {
    struct flock lock = to_flock(range, type);
    return ::fcntl(fd_, F_OFD_SETLK, &lock) == 0;
  }
  std::optional<FoundLock> get(LockRange range, short type) const {
    struct flock lock = to_flock(range, type);
    if (::fcntl(fd_, F_OFD_GETLK, &lock) != 0) throw std::runtime_error("F_OFD_GETLK");
    if (lock.l_type == F_UNLCK) return std::nullopt;
    return FoundLock{
        lock.l_type,
        {static_cast<std::uint64_t>(lock.l_start), static_cast<std::uint64_t>(lock.l_len)}};
  }
  void list_into(LockRange range, std::vector<FoundLock>& found) const {
    if (range.bytes == 0) return;
    auto lock = query(range);
    if (!lock) return;
    found.push_back(*lock);
    std::uint64_t begin = lock->range.offset, end = begin + lock->range.bytes;
    std::uint64_t range_end = range.offset + range.bytes;
    if (begin > range.offset) list_into({range.offset, begin - range.offset}, found);
    if (end < range_end) list_into({end, range_end - end}, found);
  }

  int fd_;
};

}  // namespace mmapvideo_test
