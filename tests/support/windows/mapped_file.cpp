// SPDX-License-Identifier: MIT
// Mapped files of the tests on Windows.
#include "mapped_file.hpp"

#include <sys/stat.h>

#include <atomic>

#include "open_file.hpp"

namespace mmapvideo_test {
namespace {

HANDLE handle_of(std::intptr_t number) { return reinterpret_cast<HANDLE>(number); }

}  // namespace

FileStatus stat_of(const std::string& path) {
  const HANDLE handle = CreateFileA(path.c_str(), FILE_READ_ATTRIBUTES,
                                    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr);
  BY_HANDLE_FILE_INFORMATION found{};
  const bool told = GetFileInformationByHandle(handle, &found) != 0;
  CloseHandle(handle);
  if (!told) throw std::runtime_error("cannot stat " + path);
  const bool directory = (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
  return {std::uint64_t{found.nFileIndexHigh} << 32 | found.nFileIndexLow,
          static_cast<std::int64_t>(std::uint64_t{found.nFileSizeHigh} << 32 | found.nFileSizeLow),
          directory ? unsigned{S_IFDIR} : unsigned{S_IFREG}};
}

std::string access_of(const void* address) {
  MEMORY_BASIC_INFORMATION found{};
  if (VirtualQuery(address, &found, sizeof found) == 0 || found.Type != MEM_MAPPED) return "";
  return found.Protect == PAGE_READONLY ? "r--s" : "rw-s";
}

bool exists(const std::string& path) {
  return GetFileAttributesA(path.c_str()) != INVALID_FILE_ATTRIBUTES;
}

/// What somebody has open keeps its name until he closes it, so it gets another one first.
bool remove_name(const std::string& path) {
  static std::atomic<unsigned> count{0};
  const std::string aside = path + ".aside-" + std::to_string(++count);
  return MoveFileA(path.c_str(), aside.c_str()) != 0 && DeleteFileA(aside.c_str()) != 0;
}

void put_in_place(const std::string& from, const std::string& to) {
  if (exists(to)) remove_name(to);
  if (MoveFileA(from.c_str(), to.c_str()) == 0) throw std::runtime_error("cannot replace " + to);
}

MappedFile::MappedFile(const std::string& path, int open_flags)
    : file_(open_file(path, open_flags)), writable_((open_flags & O_RDWR) != 0) {
  remap();
}

MappedFile::~MappedFile() {
  unmap();
  CloseHandle(handle_of(file_));
}

std::uint64_t MappedFile::number() const {
  BY_HANDLE_FILE_INFORMATION found{};
  if (GetFileInformationByHandle(handle_of(file_), &found) == 0)
    throw std::runtime_error("GetFileInformationByHandle");
  return std::uint64_t{found.nFileIndexHigh} << 32 | found.nFileIndexLow;
}

void MappedFile::remap() {
  unmap();
  LARGE_INTEGER size{};
  GetFileSizeEx(handle_of(file_), &size);
  size_ = static_cast<std::uint64_t>(size.QuadPart);
  if (size_ == 0) return;
  const HANDLE section = CreateFileMappingW(
      handle_of(file_), nullptr, writable_ ? PAGE_READWRITE : PAGE_READONLY, 0, 0, nullptr);
  if (section == nullptr) throw std::runtime_error("CreateFileMapping");
  bytes_ = static_cast<std::byte*>(
      MapViewOfFile(section, writable_ ? FILE_MAP_WRITE : FILE_MAP_READ, 0, 0, 0));
  CloseHandle(section);
  if (bytes_ == nullptr) throw std::runtime_error("MapViewOfFile");
}

void MappedFile::resize(std::uint64_t size) {
  unmap();
  LARGE_INTEGER end{};
  end.QuadPart = static_cast<LONGLONG>(size);
  if (SetFilePointerEx(handle_of(file_), end, nullptr, FILE_BEGIN) == 0 ||
      SetEndOfFile(handle_of(file_)) == 0)
    throw std::runtime_error("SetEndOfFile: " + std::to_string(GetLastError()));
  remap();
}

void MappedFile::unmap() {
  if (bytes_ != nullptr) UnmapViewOfFile(bytes_);
  bytes_ = nullptr;
}

}  // namespace mmapvideo_test
