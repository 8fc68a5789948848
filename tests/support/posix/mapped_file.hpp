// SPDX-License-Identifier: MIT
// Files as POSIX and Linux show them to the tests: opened, mapped, looked at.
#pragma once

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

namespace mmapvideo_test {

inline struct stat stat_of(const std::string& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) throw std::runtime_error("cannot stat " + path);
  return status;
}

inline bool exists(const std::string& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0;
}

/// Its name is free afterwards, whoever has it open.
inline bool remove_name(const std::string& path) { return ::unlink(path.c_str()) == 0; }

/// A file in the place of another one, whoever has that open.
inline void put_in_place(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) throw std::runtime_error("cannot replace " + to);
}

/// Bytes of memory or disk behind the file, holes not counted.
inline std::uint64_t allocated_bytes(const std::string& path) {
  return static_cast<std::uint64_t>(stat_of(path).st_blocks) * 512;
}

/// The access of the mapping that an address lies in, as /proc/self/maps tells it, e.g. "r--s".
inline std::string access_of(const void* address) {
  std::ifstream maps("/proc/self/maps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    char access[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, access) != 3) continue;
    if (begin <= wanted && wanted < end) return access;
  }
  return "";
}

/// Who sleeps on a futex word.
inline void wake_sleepers(std::uint32_t& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

/// Longer by `bytes`, which take room.
inline void append_space(const std::string& path, std::uint64_t bytes) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  const bool done =
      fd >= 0 && ::posix_fallocate(fd, stat_of(path).st_size, static_cast<off_t>(bytes)) == 0;
  if (fd >= 0) ::close(fd);
  if (!done) throw std::runtime_error("cannot append to " + path);
}

/// The file, mapped shared and whole. Throws where the test itself could not go on.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path, int open_flags = O_RDWR)
      : fd_(::open(path.c_str(), open_flags | O_CLOEXEC, 0600)), writable_(open_flags & O_RDWR) {
    if (fd_ < 0) throw std::runtime_error("cannot open " + path);
    remap();
  }
  ~MappedFile() {
    unmap();
    ::close(fd_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  int fd() const { return fd_; }
  /// Which file it is, whatever its name.
  std::uint64_t number() const {
    struct stat status = {};
    if (::fstat(fd_, &status) != 0) throw std::runtime_error("fstat");
    return status.st_ino;
  }
  std::uint64_t size() const { return size_; }

  /// Maps again, after the file grew.
  void remap() {
    unmap();
    struct stat status;
    if (::fstat(fd_, &status) != 0) throw std::runtime_error("fstat");
    size_ = static_cast<std::uint64_t>(status.st_size);
    if (size_ == 0) return;
    int protection = writable_ ? PROT_READ | PROT_WRITE : PROT_READ;
    void* mapped = ::mmap(nullptr, size_, protection, MAP_SHARED, fd_, 0);
    if (mapped == MAP_FAILED) throw std::runtime_error("mmap");
    bytes_ = static_cast<std::byte*>(mapped);
  }
  void resize(std::uint64_t size) {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) throw std::runtime_error("ftruncate");
    remap();
  }

  std::byte* bytes() const { return bytes_; }

  /// Holes not counted: the pages as seek finds them.
  std::uint64_t allocated_bytes_between(std::uint64_t first, std::uint64_t last) const {
    const auto end = static_cast<off_t>(last);
    std::uint64_t found = 0;
    for (auto at = static_cast<off_t>(first); at < end;) {
      const off_t data = ::lseek(fd_, at, SEEK_DATA);
      if (data < 0 || data >= end) break;
      const off_t hole = std::min(::lseek(fd_, data, SEEK_HOLE), end);
      found += static_cast<std::uint64_t>(hole - data);
      at = hole;
    }
    return found;
  }

 private:
  void unmap() {
    if (bytes_ != nullptr) ::munmap(bytes_, size_);
    bytes_ = nullptr;
  }

  int fd_;
  bool writable_;
  std::byte* bytes_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace mmapvideo_test
