// SPDX-License-Identifier: MIT
// Which frames lossless readers still need.
#include "turn_watch.hpp"

#include <algorithm>
#include <array>

#include "lock_list.hpp"

namespace mmapvideo::core {
namespace {

/// What to ask about for frame `number`. Where it wraps, the older numbers come first: a turn that
/// moves up between two questions is found by one of them.
struct TurnRanges {
  std::array<LockRange, 2> ranges;
  std::size_t count;
  const LockRange* begin() const { return ranges.data(); }
  const LockRange* end() const { return ranges.data() + count; }
};

TurnRanges turns_up_to(std::uint64_t number) {
  const std::uint64_t first =
      number >= MMAPVIDEO_TURN_WINDOW ? number - MMAPVIDEO_TURN_WINDOW + 1 : 1;
  const std::uint64_t first_index = first % MMAPVIDEO_TURN_COUNT;
  const std::uint64_t last_index = number % MMAPVIDEO_TURN_COUNT;
  if (first_index <= last_index) return {{turn_range(first_index, last_index)}, 1};
  return {{turn_range(first_index, MMAPVIDEO_TURN_COUNT - 1), turn_range(0, last_index)}, 2};
}

bool is_locked(const platform::File& file, const LockRange& range) {
  return platform::query_lock(file, range).answer == platform::LockQuery::Answer::held;
}

}  // namespace

bool TurnWatch::is_needed(std::uint64_t number) {
  const TurnRanges ranges = turns_up_to(number);
  const bool any = std::any_of(ranges.begin(), ranges.end(),
                               [&](const LockRange& range) { return is_locked(file_, range); });
  return any && (passed_.empty() || !blocking_turns(number).empty());
}

std::uint32_t TurnWatch::pass_over(std::uint64_t number) {
  const auto blocking = blocking_turns(number);
  passed_.insert(passed_.end(), blocking.begin(), blocking.end());
  return static_cast<std::uint32_t>(blocking.size());
}

void TurnWatch::forget_moved() {
  std::erase_if(passed_, [&](const LockRange& turn) { return !is_locked(file_, turn); });
}

std::vector<LockRange> TurnWatch::blocking_turns(std::uint64_t number) const {
  std::vector<LockRange> blocking;
  for (const LockRange& range : turns_up_to(number))
    for (const LockRange& turn : list_locks(file_, range))
      if (std::find(passed_.begin(), passed_.end(), turn) == passed_.end())
        blocking.push_back(turn);
  return blocking;
}

}  // namespace mmapvideo::core
