// SPDX-License-Identifier: MIT
// Which file an address of this process lies in, as /proc/self/maps tells it.
#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace mmapvideo_test {

struct Mapped {
  std::string permissions;
  std::string path;            // as it was when mapped
  std::uint64_t position = 0;  // in the file
};

inline std::optional<Mapped> mapped_at(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    std::uint64_t offset = 0;
    char dash = 0;
    std::string device, inode;
    Mapped found;
    std::istringstream in(line);
    in >> std::hex >> begin >> dash >> end >> found.permissions >> offset >> device >> inode;
    if (wanted < begin || wanted >= end) continue;
    std::getline(in >> std::ws, found.path);
    found.position = offset + (wanted - begin);
    return found;
  }
  return std::nullopt;
}

}  // namespace mmapvideo_test
