// SPDX-License-Identifier: MIT
// Touching pages of a mapping ahead of use, on Linux.
#include <sys/mman.h>

#include "platform.hpp"
#include "touch_pages.hpp"

namespace mmapvideo::core::platform {
namespace {

// Since Linux 5.14; the C library may be older.
constexpr int populate_read_advice = 22;   // MADV_POPULATE_READ
constexpr int populate_write_advice = 23;  // MADV_POPULATE_WRITE

}  // namespace

void Mapping::populate_for_writing() noexcept {
  if (madvise(data_, bytes_, populate_write_advice) != 0) touch_pages(data_, bytes_);
}

void Mapping::populate_for_reading(std::size_t offset, std::size_t bytes) const noexcept {
  static_cast<void>(madvise(data_ + offset, bytes, populate_read_advice));
}

}  // namespace mmapvideo::core::platform
