// SPDX-License-Identifier: MIT
// Who holds what: listing locks by queries alone (SPEC.md 5).
#include "lock_list.hpp"

#include <algorithm>

namespace mmapvideo::core {

std::vector<LockRange> list_locks(const platform::File& file, const LockRange& range) {
  std::vector<LockRange> found;
  // A query returns any one of the locks in its range; what lies before it is asked next, then what
  // lies behind it: a lock that moves up meanwhile, the new one taken first, is seen (7.4).
  std::vector<LockRange> unasked{range};
  while (!unasked.empty() && found.size() < max_listed_locks) {
    const LockRange asked = unasked.back();
    unasked.pop_back();
    const std::optional<LockRange> answer = platform::find_lock(file, asked);
    if (!answer) continue;
    const LockRange lock = *answer;
    found.push_back(lock);
    const std::uint64_t lock_end = lock.offset + lock.bytes;
    const std::uint64_t asked_end = asked.offset + asked.bytes;
    if (lock_end < asked_end) unasked.push_back({lock_end, asked_end - lock_end});
    if (lock.offset > asked.offset) unasked.push_back({asked.offset, lock.offset - asked.offset});
  }
  std::sort(found.begin(), found.end(),
            [](const LockRange& a, const LockRange& b) { return a.offset < b.offset; });
  return found;
}

}  // namespace mmapvideo::core
