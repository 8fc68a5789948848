// SPDX-License-Identifier: MIT
// Mapped ranges on Windows.
#include <windows.h>

#include "os_failure_windows.hpp"
#include "platform.hpp"

namespace mmapvideo::core::platform {

Mapping::Mapping(const File& file, std::uint64_t offset, std::uint64_t bytes, Access access) {
  const bool writing = access == Access::write;
  const HANDLE section =
      CreateFileMappingW(reinterpret_cast<HANDLE>(file.handle()), nullptr,
                         writing ? PAGE_READWRITE : PAGE_READONLY, 0, 0, nullptr);
  if (section == nullptr) throw os_failure("map", file.path(), "CreateFileMapping", GetLastError());
  void* at = MapViewOfFile(section, writing ? FILE_MAP_WRITE : FILE_MAP_READ,
                           static_cast<DWORD>(offset >> 32), static_cast<DWORD>(offset), bytes);
  const DWORD os_error = GetLastError();
  CloseHandle(section);  // the view keeps it
  if (at == nullptr) throw os_failure("map", file.path(), "MapViewOfFile", os_error);
  data_ = static_cast<std::byte*>(at);
  bytes_ = bytes;
}

Mapping::~Mapping() {
  if (data_ != nullptr) UnmapViewOfFile(data_);
}

}  // namespace mmapvideo::core::platform
