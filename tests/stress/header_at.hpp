// SPDX-License-Identifier: MIT
// The header of whatever file has a path now, read as a tool would.
#pragma once

#include <fcntl.h>
#include <mmapvideo/layout.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>

namespace mmapvideo_test {

struct FoundHeader {
  mmapvideo_file_header header;
  std::uint64_t inode;
};

/// Nothing: no file, or one that is shorter than a header.
inline std::optional<FoundHeader> header_at(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  FoundHeader found = {};
  struct stat status = {};
  const bool whole = ::fstat(fd, &status) == 0 &&
                     ::pread(fd, &found.header, sizeof found.header, 0) == sizeof found.header;
  ::close(fd);
  found.inode = status.st_ino;
  return whole ? std::optional(found) : std::nullopt;
}

}  // namespace mmapvideo_test
