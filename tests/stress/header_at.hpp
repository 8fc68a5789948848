// SPDX-License-Identifier: MIT
// The header of whatever file has a path now, read as a tool would.
#pragma once

#include <mmapvideo/layout.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>

#include "support/mapped_file.hpp"

namespace mmapvideo_test {

struct FoundHeader {
  mmapvideo_file_header header;
  std::uint64_t inode;
};

/// Nothing: no file, or one that is shorter than a header.
inline std::optional<FoundHeader> header_at(const std::string& path) try {
  const MappedFile file(path, O_RDONLY);
  if (file.size() < sizeof(mmapvideo_file_header)) return std::nullopt;
  FoundHeader found = {};
  std::memcpy(&found.header, file.bytes(), sizeof found.header);
  found.inode = file.number();
  return found;
} catch (const std::runtime_error&) {
  return std::nullopt;
}

}  // namespace mmapvideo_test
