// SPDX-License-Identifier: MIT
// A real file: what the kernel does with mappings and locks is part of the test.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "fuzz_target.hpp"
#include "image_file.hpp"
#include "support/temp_dir.hpp"

namespace mmapvideo_fuzz {
namespace {

mmapvideo_test::TempDir& directory() {
  static mmapvideo_test::TempDir directory;
  return directory;
}

int descriptor(const std::string& path) {
  static const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  return fd;
}

void write_part(int fd, std::uint64_t offset, const void* from, std::size_t bytes,
                std::uint64_t file_bytes) {
  if (offset >= file_bytes) return;
  const std::size_t room = std::min<std::uint64_t>(bytes, file_bytes - offset);
  require(::pwrite(fd, from, room, static_cast<off_t>(offset)) == static_cast<ssize_t>(room),
          "the test's file can be written");
}

}  // namespace

ImageFile::ImageFile() : path_(directory() / "file") {}

void ImageFile::put(const Image& image, const std::uint8_t* raw, std::size_t raw_bytes) {
  const int fd = descriptor(path_);
  require(::ftruncate(fd, static_cast<off_t>(image.file_bytes)) == 0,
          "the test's file can be made");
  write_part(fd, 0, &image.header, sizeof image.header, image.file_bytes);
  std::byte page[MMAPVIDEO_PAYLOAD_ALIGNMENT] = {};
  for (std::size_t index = 0; index < slot_total; ++index) {
    std::memcpy(page, image.slots[index], sizeof image.slots[index]);
    write_part(fd, Image::slot_offset(index), page, sizeof page, image.file_bytes);
  }
  write_part(fd, 0, raw, raw_bytes, image.file_bytes);
}

const std::string& ImageFile::kept_parts(Moment moment) const {
  static std::string kept[2];
  std::string& all = kept[static_cast<int>(moment)];
  all.clear();
  const int fd = descriptor(path_);
  for (std::size_t part = 0; part <= slot_total; ++part) {
    char bytes[MMAPVIDEO_PAYLOAD_ALIGNMENT];
    const ssize_t got =
        ::pread(fd, bytes, sizeof bytes, static_cast<off_t>(part * MMAPVIDEO_SLOT_ALIGNMENT));
    if (got > 0) all.append(bytes, static_cast<std::size_t>(got));
  }
  return all += std::to_string(::lseek(fd, 0, SEEK_END));
}

/// Descriptors of the process are not only ours: the disk's file is not asked.
void ImageFile::require_let_go() const {}

}  // namespace mmapvideo_fuzz
