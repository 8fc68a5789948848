// SPDX-License-Identifier: MIT
// POSIX knows nothing of the memory behind a file: none is given back, and there may be a disk.
#include "platform.hpp"

namespace mmapvideo::core::platform {

void File::give_back(std::uint64_t, std::uint64_t) noexcept {}

bool File::in_memory() const noexcept { return false; }

}  // namespace mmapvideo::core::platform
