// SPDX-License-Identifier: MIT
// Which file an address of this process lies in, on Windows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace mmapvideo_test {

struct Mapped {
  std::string permissions;     // as Linux writes them, "r--s" or "rw-s"
  std::string path;            // that can be compared with the one it was opened by
  std::uint64_t position = 0;  // in the file
};

std::optional<Mapped> mapped_at(const void* address);

}  // namespace mmapvideo_test
