// SPDX-License-Identifier: MIT
// Files as Windows shows them to the tests: opened, mapped, looked at.
#pragma once

#include <fcntl.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace mmapvideo_test {

/// Named as elsewhere: which file, what it is, and how long.
struct FileStatus {
  std::uint64_t st_ino;
  std::int64_t st_size;
  unsigned st_mode;
  std::uint64_t st_blocks = 0;  // Windows does not tell
};
FileStatus stat_of(const std::string& path);
bool exists(const std::string& path);
/// Its name is free afterwards, whoever has it open.
bool remove_name(const std::string& path);
/// A file in the place of another one, whoever has that open.
void put_in_place(const std::string& from, const std::string& to);
/// Windows does not tell of holes.
inline std::uint64_t allocated_bytes(const std::string& path) {
  return static_cast<std::uint64_t>(stat_of(path).st_size);
}
/// The access of the mapping that an address lies in, as Linux writes it, e.g. "r--s".
std::string access_of(const void* address);
/// A reader finds out by itself: the events of SPEC 6 belong to the library's writer.
inline void wake_sleepers(std::uint32_t&) {}

/// The file, mapped shared and whole. Throws where the test itself could not go on.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path, int open_flags = O_RDWR);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::uint64_t size() const { return size_; }
  /// Which file it is, whatever its name.
  std::uint64_t number() const;
  /// Maps again, after the file grew.
  void remap();
  void resize(std::uint64_t size);
  std::byte* bytes() const { return bytes_; }
  std::uint64_t allocated_bytes_between(std::uint64_t first, std::uint64_t last) const {
    return last - first;
  }

 private:
  void unmap();

  std::intptr_t file_;
  bool writable_;
  std::byte* bytes_ = nullptr;
  std::uint64_t size_ = 0;
};

/// Longer by `bytes`.
inline void append_space(const std::string& path, std::uint64_t bytes) {
  MappedFile file(path);
  file.resize(file.size() + bytes);
}

}  // namespace mmapvideo_test
