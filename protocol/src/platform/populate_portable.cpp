// SPDX-License-Identifier: MIT
// Touching pages of a mapping ahead of use, without a call for it.
#include "platform.hpp"
#include "touch_pages.hpp"

namespace mmapvideo::core::platform {

void Mapping::populate_for_writing() noexcept { touch_pages(data_, bytes_); }

/// Reading a page that cannot be had would fault.
void Mapping::populate_for_reading(std::size_t, std::size_t) const noexcept {}

}  // namespace mmapvideo::core::platform
