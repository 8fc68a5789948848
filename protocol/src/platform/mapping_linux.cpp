// SPDX-License-Identifier: MIT
// Mapped ranges on Linux, and touching their pages ahead of use.
#include <sys/mman.h>

#include <cerrno>

#include "os_failure_linux.hpp"
#include "platform.hpp"

namespace mmapvideo::core::platform {
namespace {

constexpr std::size_t page_bytes = 4096;
// Since Linux 5.14; the C library may be older.
constexpr int populate_read_advice = 22;   // MADV_POPULATE_READ
constexpr int populate_write_advice = 23;  // MADV_POPULATE_WRITE

/// For kernels before 5.14: an atomic "or 0" makes the page writable without changing it.
void touch_pages(std::byte* data, std::size_t bytes) noexcept {
  for (std::size_t at = 0; at < bytes; at += page_bytes)
    std::atomic_ref<std::uint8_t>(reinterpret_cast<std::uint8_t&>(data[at])).fetch_or(0);
}

}  // namespace

Mapping::Mapping(const File& file, std::uint64_t offset, std::uint64_t bytes, Access access) {
  const int protection = access == Access::write ? PROT_READ | PROT_WRITE : PROT_READ;
  void* at = mmap(nullptr, bytes, protection, MAP_SHARED, static_cast<int>(file.handle()),
                  static_cast<off_t>(offset));
  if (at == MAP_FAILED) throw os_failure("map", file.path(), "mmap", errno);
  data_ = static_cast<std::byte*>(at);
  bytes_ = bytes;
}

Mapping::~Mapping() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

void Mapping::populate_for_writing() noexcept {
  if (madvise(data_, bytes_, populate_write_advice) != 0) touch_pages(data_, bytes_);
}

void Mapping::populate_for_reading(std::size_t offset, std::size_t bytes) const noexcept {
  static_cast<void>(madvise(data_ + offset, bytes, populate_read_advice));
}

}  // namespace mmapvideo::core::platform
