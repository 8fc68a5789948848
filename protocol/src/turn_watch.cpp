// SPDX-License-Identifier: MIT
// Which frames lossless readers still need.
#include "turn_watch.hpp"

#include <algorithm>
#include <array>
#include <set>

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
  return platform::query_lock(file, range) == platform::LockAnswer::held;
}

std::uint64_t lane_of(const LockRange& turn) { return turn.offset % MMAPVIDEO_LOCK_INDEX_BYTES; }

std::set<std::uint64_t> lanes_of(const std::vector<LockRange>& turns) {
  std::set<std::uint64_t> lanes;
  for (const LockRange& turn : turns) lanes.insert(lane_of(turn));
  return lanes;
}

}  // namespace

bool TurnWatch::is_needed(std::uint64_t number) {
  const TurnRanges ranges = turns_up_to(number);
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const LockRange& range) { return is_locked_by_others(range); });
}

/// Asks about what lies between the turns that were passed over, from the lowest up: one that moves
/// meanwhile is found behind its former place.
bool TurnWatch::is_locked_by_others(const LockRange& range) const {
  const std::uint64_t end = range.offset + range.bytes;
  std::uint64_t at = range.offset;
  for (const LockRange& passed : passed_) {
    if (passed.offset < at || passed.offset >= end) continue;
    if (passed.offset > at && is_locked(file_, {at, passed.offset - at})) return true;
    at = passed.offset + passed.bytes;
  }
  return at < end && is_locked(file_, {at, end - at});
}

std::uint32_t TurnWatch::pass_over(std::uint64_t number) {
  const std::set<std::uint64_t> lanes = lanes_of(blocking_turns(number));
  // A reader that was stopped while it moved has two turns.
  for (const LockRange& turn : list_locks(file_, all_turns()))
    if (lanes.contains(lane_of(turn)) && !is_passed(turn)) passed_.push_back(turn);
  std::sort(passed_.begin(), passed_.end(),
            [](const LockRange& a, const LockRange& b) { return a.offset < b.offset; });
  return static_cast<std::uint32_t>(lanes.size());
}

std::uint32_t TurnWatch::passed_count() const {
  return static_cast<std::uint32_t>(lanes_of(passed_).size());
}

bool TurnWatch::is_passed(const LockRange& turn) const {
  return std::find(passed_.begin(), passed_.end(), turn) != passed_.end();
}

void TurnWatch::forget_moved() {
  std::erase_if(passed_, [&](const LockRange& turn) { return !is_locked(file_, turn); });
}

std::vector<LockRange> TurnWatch::blocking_turns(std::uint64_t number) const {
  std::vector<LockRange> blocking;
  for (const LockRange& range : turns_up_to(number))
    for (const LockRange& turn : list_locks(file_, range))
      if (!is_passed(turn)) blocking.push_back(turn);
  return blocking;
}

}  // namespace mmapvideo::core
