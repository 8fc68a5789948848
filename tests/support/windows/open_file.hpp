// SPDX-License-Identifier: MIT
// Opening a file for tests so that nobody else is kept from it.
#pragma once

#include <windows.h>
// After windows.h.
#include <fcntl.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace mmapvideo_test {

/// Flags as of open(). Throws where that fails.
inline std::intptr_t open_file(const std::string& path, int open_flags) {
  const DWORD access = (open_flags & O_RDWR) != 0 ? GENERIC_READ | GENERIC_WRITE : GENERIC_READ;
  const DWORD disposition = (open_flags & O_TRUNC) != 0   ? CREATE_ALWAYS
                            : (open_flags & O_CREAT) != 0 ? OPEN_ALWAYS
                                                          : OPEN_EXISTING;
  const HANDLE handle =
      CreateFileA(path.c_str(), access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                  nullptr, disposition, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (handle == INVALID_HANDLE_VALUE)
    throw std::runtime_error("cannot open " + path + ": " + std::to_string(GetLastError()));
  return reinterpret_cast<std::intptr_t>(handle);
}

}  // namespace mmapvideo_test
