// SPDX-License-Identifier: MIT
// Views of this process, by what VirtualQuery tells of them.
#include "mapped_at.hpp"

#include <windows.h>
// After windows.h.
#include <psapi.h>

#include <mmapvideo/layout.h>

#include <algorithm>

#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

bool is_writable(DWORD protection) { return protection == PAGE_READWRITE; }

/// The path in the form of TempDir: a letter, a colon and slashes; nothing for other names.
std::string path_of(void* address) {
  wchar_t name[1024] = {};
  if (GetMappedFileNameW(GetCurrentProcess(), address, name, 1024) == 0) return "";
  char text[2048] = {};
  WideCharToMultiByte(CP_UTF8, 0, name, -1, text, sizeof text - 1, nullptr, nullptr);
  std::string path = text;
  std::replace(path.begin(), path.end(), '\\', '/');
  const std::size_t drive = path.find(':');
  return drive == std::string::npos || drive == 0 ? path : path.substr(drive - 1);
}

/// Where the view begins that is so large: at the header, or at one of the rings.
std::optional<std::uint64_t> begin_of_view(const std::string& path, std::uint64_t bytes) {
  const RawFile file(path, O_RDONLY);
  for (const mmapvideo_ring& ring : file.header().rings)
    if (ring.generation != 0 && ring.slot_count * ring.slot_stride == bytes) return ring.offset;
  return std::nullopt;
}

}  // namespace

std::optional<Mapped> mapped_at(const void* address) {
  MEMORY_BASIC_INFORMATION here{};
  if (VirtualQuery(address, &here, sizeof here) == 0 || here.Type != MEM_MAPPED)
    return std::nullopt;
  Mapped found;
  found.permissions = is_writable(here.Protect) ? "rw-s" : "r--s";
  found.path = path_of(here.AllocationBase);
  const auto* base = static_cast<const char*>(here.AllocationBase);
  // All pages of a view have one protection, so that its first region is the whole of it.
  MEMORY_BASIC_INFORMATION whole{};
  VirtualQuery(base, &whole, sizeof whole);
  const auto begin = begin_of_view(found.path, whole.RegionSize);
  if (begin)
    found.position = *begin + static_cast<std::uint64_t>(static_cast<const char*>(address) - base);
  return found;
}

}  // namespace mmapvideo_test
