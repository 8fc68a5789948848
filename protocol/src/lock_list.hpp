// SPDX-License-Identifier: MIT
// Who holds what: listing locks by queries alone (SPEC.md 5).
#pragma once

#include <vector>

#include "platform/platform.hpp"

namespace mmapvideo::core {

/// The locks of others within `range`, each clipped to it, in order of offset. One system call for
/// each lock and two more; at most 4096 locks are listed, so that a hostile holder of many costs
/// bounded time.
std::vector<LockRange> list_locks(const platform::File& file, const LockRange& range);

}  // namespace mmapvideo::core
