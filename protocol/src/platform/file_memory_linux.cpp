// SPDX-License-Identifier: MIT
// What Linux knows of the memory behind a file: giving parts of it back, and whether there is a
// disk.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include <cerrno>

#include "platform.hpp"

namespace mmapvideo::core::platform {

void File::give_back(std::uint64_t offset, std::uint64_t bytes) noexcept {
  int result = 0;
  do {
    result = fallocate(static_cast<int>(handle_), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                       static_cast<off_t>(offset), static_cast<off_t>(bytes));
  } while (result != 0 && errno == EINTR);
}

bool File::in_memory() const noexcept {
  struct statfs fs {};
  if (fstatfs(static_cast<int>(handle_), &fs) != 0) return false;
  const auto type = static_cast<std::uint32_t>(fs.f_type);
  return type == TMPFS_MAGIC || type == RAMFS_MAGIC || type == HUGETLBFS_MAGIC;
}

}  // namespace mmapvideo::core::platform
