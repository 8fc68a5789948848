// SPDX-License-Identifier: MIT
// Touching pages ahead of use, where a system has no call for it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace mmapvideo::core::platform {

/// An atomic "or 0" makes each page writable without changing it.
inline void touch_pages(std::byte* data, std::size_t bytes) noexcept {
  constexpr std::size_t page_bytes = 4096;
  for (std::size_t at = 0; at < bytes; at += page_bytes)
    std::atomic_ref<std::uint8_t>(reinterpret_cast<std::uint8_t&>(data[at])).fetch_or(0);
}

}  // namespace mmapvideo::core::platform
