// SPDX-License-Identifier: MIT
// What a process occupies, on Windows.
#include "process_footprint.hpp"

#include <windows.h>
// After windows.h.
#include <psapi.h>

#include <stdexcept>

namespace mmapvideo_test {

Footprint footprint_of(const Child& child) {
  const HANDLE process = reinterpret_cast<HANDLE>(child.process());
  PROCESS_MEMORY_COUNTERS memory{};
  DWORD handles = 0;
  if (GetProcessMemoryInfo(process, &memory, sizeof memory) == 0 ||
      GetProcessHandleCount(process, &handles) == 0)
    throw std::runtime_error("cannot ask about a child");
  return {memory.WorkingSetSize / 1024, handles, 0};
}

}  // namespace mmapvideo_test
