// SPDX-License-Identifier: MIT
// Who holds what: listing locks by queries alone (SPEC.md 5).
#pragma once

#include <cstddef>
#include <vector>

#include "platform/platform.hpp"

namespace mmapvideo::core {

/// So that a hostile holder of many locks costs bounded time.
inline constexpr std::size_t max_listed_locks = 4096;

/// The locks of others within `range`, each clipped to it, in order of offset. One system call for
/// each lock and two more; at most max_listed_locks.
std::vector<LockRange> list_locks(const platform::File& file, const LockRange& range);

}  // namespace mmapvideo::core
