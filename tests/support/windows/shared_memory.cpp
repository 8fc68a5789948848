// SPDX-License-Identifier: MIT
// Shared pages on Windows.
#include "shared_memory.hpp"

#include <windows.h>

#include <stdexcept>

namespace mmapvideo_test {

SharedPages::SharedPages(std::size_t bytes) {
  SECURITY_ATTRIBUTES inheritable{sizeof inheritable, nullptr, TRUE};
  section_ = reinterpret_cast<std::intptr_t>(
      CreateFileMappingW(INVALID_HANDLE_VALUE, &inheritable, PAGE_READWRITE,
                         static_cast<DWORD>(bytes >> 32), static_cast<DWORD>(bytes), nullptr));
  if (section_ == 0) throw std::runtime_error("CreateFileMapping");
  map();
}

SharedPages::SharedPages(std::intptr_t inherited) : section_(inherited) { map(); }

SharedPages::~SharedPages() {
  if (memory_ != nullptr) UnmapViewOfFile(memory_);
  if (section_ != 0) CloseHandle(reinterpret_cast<HANDLE>(section_));
}

void SharedPages::map() {
  memory_ = MapViewOfFile(reinterpret_cast<HANDLE>(section_), FILE_MAP_WRITE, 0, 0, 0);
  if (memory_ == nullptr) throw std::runtime_error("MapViewOfFile");
}

}  // namespace mmapvideo_test
