// SPDX-License-Identifier: MIT
// Files on Windows: opening without following links, extending, and who a file is.
//
// All handles share reading, writing and deletion, so that a writer may remove a file that others
// have open.
#include <windows.h>

#include <algorithm>
#include <filesystem>

#include "../failure.hpp"
#include "os_failure_windows.hpp"
#include "platform.hpp"
#include "utf8_windows.hpp"

namespace mmapvideo::core::platform {
namespace {

constexpr DWORD share_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
// A link is opened itself, and refused. Temporary: the cache manager keeps it in memory.
constexpr DWORD open_flags = FILE_FLAG_OPEN_REPARSE_POINT | FILE_ATTRIBUTE_TEMPORARY;

HANDLE handle_of(const File& file) noexcept { return reinterpret_cast<HANDLE>(file.handle()); }

std::intptr_t number_of(HANDLE handle) noexcept { return reinterpret_cast<std::intptr_t>(handle); }

bool means_absent(DWORD os_error) noexcept {
  return os_error == ERROR_FILE_NOT_FOUND || os_error == ERROR_PATH_NOT_FOUND;
}

/// ERROR_PATH_NOT_FOUND stands for both: a directory that may come, and a file in its place.
bool leads_through_a_file(const std::string& path) {
  std::filesystem::path place(to_windows_path(path));
  while (place.has_relative_path()) {
    place = place.parent_path();
    const DWORD attributes = GetFileAttributesW(place.c_str());
    if (attributes != INVALID_FILE_ATTRIBUTES) return (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
  }
  return false;
}

HANDLE open_handle(const std::string& path, DWORD access, DWORD disposition) {
  return CreateFileW(to_windows_path(path).c_str(), access, share_all, nullptr, disposition,
                     open_flags, nullptr);
}

Failure not_regular(const std::string& path, const char* what) {
  return Failure(MMAPVIDEO_NOT_A_REGULAR_FILE,
                 "\"" + path + "\" is " + what + "; give the path of a regular file.",
                 "CreateFile");
}

[[noreturn]] void throw_open_failure(const std::string& path, bool writing, DWORD os_error) {
  const DWORD attributes = GetFileAttributesW(to_windows_path(path).c_str());
  if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
    throw not_regular(path, "a directory");
  if (os_error == ERROR_PATH_NOT_FOUND && leads_through_a_file(path)) os_error = ERROR_DIRECTORY;
  throw os_failure(writing ? "write" : "read", path, "CreateFile", os_error);
}

BY_HANDLE_FILE_INFORMATION information_of(const File& file) {
  BY_HANDLE_FILE_INFORMATION information{};
  if (GetFileInformationByHandle(handle_of(file), &information) == 0)
    throw os_failure("read", file.path(), "GetFileInformationByHandle", GetLastError());
  return information;
}

FileIdentity identity_of(const BY_HANDLE_FILE_INFORMATION& information) noexcept {
  return {information.dwVolumeSerialNumber,
          std::uint64_t{information.nFileIndexHigh} << 32 | information.nFileIndexLow};
}

void require_regular(const File& file) {
  if (GetFileType(handle_of(file)) != FILE_TYPE_DISK) throw not_regular(file.path(), "a device");
  const DWORD attributes = information_of(file).dwFileAttributes;
  if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0)
    throw not_regular(file.path(), "a symbolic link, which is not followed");
}

OVERLAPPED at_offset(std::uint64_t offset) noexcept {
  OVERLAPPED place{};
  place.Offset = static_cast<DWORD>(offset);
  place.OffsetHigh = static_cast<DWORD>(offset >> 32);
  return place;
}

std::string mebibytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 / (1024 * 1024);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

Failure no_space(const std::string& path, std::uint64_t needed, const char* call, DWORD os_error) {
  std::wstring directory = std::filesystem::path(to_windows_path(path)).parent_path().native();
  if (directory.empty()) directory = L".";
  ULARGE_INTEGER available{};
  const bool known = GetDiskFreeSpaceExW(directory.c_str(), &available, nullptr, nullptr) != 0;
  return Failure(MMAPVIDEO_NO_SPACE,
                 "No room for \"" + path + "\": it needs " + mebibytes(needed) + ", " +
                     (known ? mebibytes(available.QuadPart) : "an unknown amount") +
                     " is free in " + to_utf8(directory) +
                     ". Use fewer slots, or another directory.",
                 os_detail(call, os_error), static_cast<int>(os_error));
}

bool means_no_space(DWORD os_error) noexcept {
  return os_error == ERROR_DISK_FULL || os_error == ERROR_HANDLE_DISK_FULL ||
         os_error == ERROR_FILE_TOO_LARGE;
}

}  // namespace

File File::open_for_reading(const std::string& path) {
  const HANDLE handle = open_handle(path, GENERIC_READ, OPEN_EXISTING);
  if (handle == INVALID_HANDLE_VALUE) {
    const DWORD os_error = GetLastError();
    if (means_absent(os_error) && !leads_through_a_file(path)) return {};
    throw_open_failure(path, false, os_error);
  }
  File file(number_of(handle), path);
  require_regular(file);
  return file;
}

/// `permissions` are those of the directory: files inherit them.
File File::open_for_writing(const std::string& path, std::uint32_t, bool& created) {
  const HANDLE handle = open_handle(path, GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS);
  const DWORD os_error = GetLastError();
  if (handle == INVALID_HANDLE_VALUE) throw_open_failure(path, true, os_error);
  created = os_error != ERROR_ALREADY_EXISTS;
  File file(number_of(handle), path);
  require_regular(file);
  return file;
}

void File::close() noexcept {
  if (valid()) CloseHandle(reinterpret_cast<HANDLE>(std::exchange(handle_, none)));
}

std::uint64_t File::size() const {
  LARGE_INTEGER size{};
  if (GetFileSizeEx(handle_of(*this), &size) == 0)
    throw os_failure("read", path_, "GetFileSizeEx", GetLastError());
  return static_cast<std::uint64_t>(size.QuadPart);
}

FileIdentity File::identity() const { return identity_of(information_of(*this)); }

std::size_t File::read_at(std::uint64_t offset, void* to, std::size_t bytes) const {
  std::size_t total = 0;
  while (total < bytes) {
    OVERLAPPED place = at_offset(offset + total);
    const auto wanted = static_cast<DWORD>(std::min<std::size_t>(bytes - total, 1u << 30));
    DWORD got = 0;
    if (ReadFile(handle_of(*this), static_cast<char*>(to) + total, wanted, &got, &place) == 0) {
      const DWORD os_error = GetLastError();
      if (os_error == ERROR_HANDLE_EOF) break;
      throw os_failure("read", path_, "ReadFile", os_error);
    }
    if (got == 0) break;
    total += got;
  }
  return total;
}

void File::write_start(const void* from, std::size_t bytes) {
  OVERLAPPED place = at_offset(0);
  DWORD put = 0;
  const bool written =
      WriteFile(handle_of(*this), from, static_cast<DWORD>(bytes), &put, &place) != 0;
  if (written && put == bytes) return;
  const DWORD os_error = written ? ERROR_DISK_FULL : GetLastError();
  if (means_no_space(os_error)) throw no_space(path_, bytes, "WriteFile", os_error);
  throw os_failure("write", path_, "WriteFile", os_error);
}

/// A longer file gets its clusters at once, unless it is sparse or compressed. Only ever longer: a
/// mapped file cannot be cut.
void File::reserve(std::uint64_t offset, std::uint64_t bytes) {
  if (offset + bytes <= size()) return;
  FILE_END_OF_FILE_INFO end{};
  end.EndOfFile.QuadPart = static_cast<LONGLONG>(offset + bytes);
  if (SetFileInformationByHandle(handle_of(*this), FileEndOfFileInfo, &end, sizeof end) != 0)
    return;
  const DWORD os_error = GetLastError();
  if (means_no_space(os_error))
    throw no_space(path_, bytes, "SetFileInformationByHandle", os_error);
  throw os_failure("reserve space for", path_, "SetFileInformationByHandle", os_error);
}

/// The clusters of a mapped file cannot be given back.
void File::give_back(std::uint64_t, std::uint64_t) noexcept {}

/// As far as Windows has that: nothing is written to disk while there is memory.
bool File::in_memory() const noexcept {
  FILE_BASIC_INFO information{};
  return GetFileInformationByHandleEx(handle_of(*this), FileBasicInfo, &information,
                                      sizeof information) != 0 &&
         (information.FileAttributes & FILE_ATTRIBUTE_TEMPORARY) != 0;
}

std::optional<FileIdentity> identity_at(const std::string& path) {
  const HANDLE handle = CreateFileW(
      to_windows_path(path).c_str(), FILE_READ_ATTRIBUTES, share_all, nullptr, OPEN_EXISTING,
      FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, nullptr);
  if (handle == INVALID_HANDLE_VALUE) {
    const DWORD os_error = GetLastError();
    if (means_absent(os_error)) return std::nullopt;
    throw os_failure("look at", path, "CreateFile", os_error);
  }
  return File::adopt(number_of(handle), path).identity();
}

/// Another name first: a file that others have open may keep its own until they close it.
void remove_file(const std::string& path) noexcept {
  try {
    std::uint64_t unique = 0;
    fill_random(&unique, sizeof unique);
    const std::wstring name = to_windows_path(path);
    const std::wstring aside = to_windows_path(path + ".removed-" + std::to_string(unique));
    const bool moved = MoveFileExW(name.c_str(), aside.c_str(), 0) != 0;
    static_cast<void>(DeleteFileW(moved ? aside.c_str() : name.c_str()));
  } catch (...) {
    // Out of memory: the file stays, as after a crash.
    return;
  }
}

}  // namespace mmapvideo::core::platform
