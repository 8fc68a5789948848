// SPDX-License-Identifier: MIT
// The byte-range locks of SPEC 5 by raw LockFileEx.
#pragma once

#include <fcntl.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/lock_items.hpp"

namespace mmapvideo_test {

// As <fcntl.h> has them elsewhere.
inline constexpr short F_RDLCK = 0, F_WRLCK = 1;

/// The lock of somebody that an exclusive lock on this range would meet.
struct FoundLock {
  short type;  // F_RDLCK or F_WRLCK
  LockRange range;
};

/// Its own handle of a file, and the locks it holds. Closing drops them. It asks by trying, so it
/// meets its own locks as well, and whoever tries at the same moment meets it.
class LockFile {
 public:
  explicit LockFile(const std::string& path, int open_flags = O_RDWR);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  bool try_shared(LockRange range);
  bool try_exclusive(LockRange range);
  void unlock(LockRange range);

  /// Meets shared and exclusive locks alike.
  std::optional<FoundLock> query(LockRange range) const;
  /// All locks in the range, found by halving it.
  std::vector<FoundLock> list(LockRange range) const;

 private:
  bool is_free_for(unsigned long kind, LockRange range) const;
  void list_into(LockRange range, std::vector<FoundLock>& found) const;

  std::intptr_t file_;
};

}  // namespace mmapvideo_test
