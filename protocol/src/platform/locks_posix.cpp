// SPDX-License-Identifier: MIT
// POSIX has no locks that belong to a descriptor: those of fcntl vanish when a process closes any
// descriptor of the file. So there are none, and readers copy.
#include "platform.hpp"

namespace mmapvideo::core::platform {

LockResult try_lock_exclusive(const File&, const LockRange&) { return LockResult::unsupported; }

LockResult try_lock_shared(const File&, const LockRange&) { return LockResult::unsupported; }

void unlock(const File&, const LockRange&) noexcept {}

LockAnswer query_lock(const File&, const LockRange&) noexcept { return LockAnswer::unsupported; }

LockAnswer query_exclusive_lock(const File&, const LockRange&) noexcept {
  return LockAnswer::unsupported;
}

LockAnswer query_other_holder(const File&, const LockRange&) noexcept {
  return LockAnswer::unsupported;
}

bool is_lasting(const File&, const LockRange&) noexcept { return true; }

std::optional<LockRange> find_lock(const File&, const LockRange&) noexcept { return std::nullopt; }

}  // namespace mmapvideo::core::platform
