// SPDX-License-Identifier: MIT
// Finding mapped files below directories, by paths, on Windows.
#include <io.h>
#include <windows.h>

#include <mmapvideo/layout.h>
#include <cstdint>
#include <failure.hpp>
#include <platform/os_failure_windows.hpp>
#include <platform/utf8_windows.hpp>

#include "directory_scan.hpp"

namespace mmapvideo::tools {
namespace {

namespace platform = core::platform;

constexpr int max_depth = 64;

using Visit = std::function<void(const FoundFile&)>;

bool means_absent(DWORD os_error) {
  return os_error == ERROR_FILE_NOT_FOUND || os_error == ERROR_PATH_NOT_FOUND;
}

bool is_mapped_file(const std::string& path) {
  try {
    const platform::File file = platform::File::open_for_reading(path);
    std::uint64_t magic = 0;
    return file.valid() && file.read_at(0, &magic, sizeof magic) == sizeof magic &&
           magic == MMAPVIDEO_MAGIC;
  } catch (const core::Failure&) {
    return false;  // may not be read, or is no regular file
  }
}

/// What is found is named the way `place` is: Windows takes both.
char separator_of(const std::string& place) {
  return place.find('/') != std::string::npos && place.find('\\') == std::string::npos ? '/' : '\\';
}

/// 0, or why the directory cannot be looked at.
DWORD enter(const std::string& path, char separator, const Visit& visit, int depth) {
  WIN32_FIND_DATAW entry{};
  const HANDLE search =
      FindFirstFileW(platform::to_windows_path(path + separator + '*').c_str(), &entry);
  if (search == INVALID_HANDLE_VALUE) return GetLastError();
  do {
    const std::string name = platform::to_utf8(entry.cFileName);
    const std::string below = path + separator + name;
    if (name == "." || name == ".." || (entry.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0)
      continue;
    if ((entry.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
      if (is_mapped_file(below)) visit({-1, name, below});
    } else if (depth < max_depth) {
      enter(below, separator, visit, depth + 1);
    }
  } while (FindNextFileW(search, &entry) != 0);
  FindClose(search);
  return 0;
}

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && (path.back() == '/' || path.back() == '\\')) path.pop_back();
  return path;
}

}  // namespace

bool has_magic(int descriptor) {
  std::uint64_t magic = 0;
  OVERLAPPED start{};
  DWORD got = 0;
  return ReadFile(reinterpret_cast<HANDLE>(::_get_osfhandle(descriptor)), &magic, sizeof magic,
                  &got, &start) != 0 &&
         got == sizeof magic && magic == MMAPVIDEO_MAGIC;
}

std::vector<ScanProblem> scan(const std::string& given_place, const Visit& visit) {
  const std::string place = without_trailing_slashes(given_place);
  const DWORD attributes = GetFileAttributesW(platform::to_windows_path(place).c_str());
  DWORD os_error = GetLastError();
  if (attributes != INVALID_FILE_ATTRIBUTES) {
    if ((attributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
      if (is_mapped_file(place)) visit({-1, place, place});
      return {};
    }
    os_error = enter(place, separator_of(place), visit, 0);
    if (os_error == 0) return {};
  }
  return {{place, '"' + place + "\": " + platform::os_message(os_error), means_absent(os_error)}};
}

// ---- What was found

Attempt open_found(const FoundFile& found, platform::Access access, platform::File& file) try {
  bool created = false;
  // Between the look and the opening it may go; then a file is made, and removed again.
  file = access == platform::Access::read
             ? platform::File::open_for_reading(found.path)
             : platform::File::open_for_writing(found.path, 0600, created);
  if (created) platform::remove_file(found.path);
  if (created || !file.valid()) return {false, true, ""};
  return {true, false, ""};
} catch (const core::Failure& failure) {
  return {false, failure.status() == MMAPVIDEO_NOT_FOUND, failure.message()};
}

bool still_names(const FoundFile& found, const platform::File& file) {
  return platform::identity_at(found.path) == file.identity();
}

Attempt remove_found(const FoundFile& found) {
  if (DeleteFileW(platform::to_windows_path(found.path).c_str()) != 0) return {true, false, ""};
  const DWORD os_error = GetLastError();
  return {false, means_absent(os_error), platform::os_message(os_error)};
}

}  // namespace mmapvideo::tools
