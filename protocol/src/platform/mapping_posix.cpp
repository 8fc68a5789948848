// SPDX-License-Identifier: MIT
// Mapped ranges on POSIX systems.
#include <sys/mman.h>

#include <cerrno>

#include "os_failure_posix.hpp"
#include "platform.hpp"

namespace mmapvideo::core::platform {

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

}  // namespace mmapvideo::core::platform
