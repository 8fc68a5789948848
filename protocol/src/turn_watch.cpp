// SPDX-License-Identifier: MIT
// Which frames the turns of lossless readers keep.
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

/// What cannot be asked counts as locked: frames stay.
bool is_locked(const platform::File& file, const LockRange& range) {
  return platform::query_lock(file, range) != platform::LockAnswer::free;
}

std::uint64_t lane_of(const LockRange& turn) { return turn.offset % MMAPVIDEO_LOCK_INDEX_BYTES; }

std::set<std::uint64_t> lanes_of(const std::vector<LockRange>& turns) {
  std::set<std::uint64_t> lanes;
  for (const LockRange& turn : turns) lanes.insert(lane_of(turn));
  return lanes;
}

}  // namespace

/// Who needs a frame needs all that came after it. What a turn that moves up lets go of is held by
/// another lock before: that of the turn's next place, or a lease. So the turns that were passed
/// over are asked about first, then the others, and leases (by the caller) last (I).
TurnWatch::Claimable TurnWatch::claimable(std::span<const std::uint64_t> numbers,
                                          std::uint32_t frames_held_by_turn) const {
  const std::uint64_t newest = *std::max_element(numbers.begin(), numbers.end());
  if (newest == 0) return Claimable::yes;
  const bool held = std::any_of(numbers.begin(), numbers.end(), [&](std::uint64_t number) {
    return is_held(number, frames_held_by_turn);
  });
  if (held) return Claimable::held;
  return waits_ && is_needed(newest) ? Claimable::needed : Claimable::yes;
}

bool TurnWatch::is_needed(std::uint64_t number) const {
  const TurnRanges ranges = turns_up_to(number);
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const LockRange& range) { return is_locked_by_others(range); });
}

/// Asks about what lies between the turns that were passed over, from the lowest up: one that moves
/// meanwhile is found behind its former place.
bool TurnWatch::is_locked_by_others(const LockRange& range) const {
  const std::uint64_t end = range.offset + range.bytes;
  std::uint64_t at = range.offset;
  for (const auto& [turn, number] : passed_) {
    if (turn.offset < at || turn.offset >= end) continue;
    if (turn.offset > at && is_locked(file_, {at, turn.offset - at})) return true;
    at = turn.offset + turn.bytes;
  }
  return at < end && is_locked(file_, {at, end - at});
}

bool TurnWatch::is_held(std::uint64_t number, std::uint32_t frames_held_by_turn) const noexcept {
  return std::any_of(passed_.begin(), passed_.end(), [&](const Passed& passed) {
    return may_hold(passed, number, frames_held_by_turn) && is_locked(file_, passed.turn);
  });
}

/// A lock that is larger than a turn is somebody's who wants to be in the way; others' turns may
/// lie below it.
bool TurnWatch::may_hold(const Passed& passed, std::uint64_t number,
                         std::uint32_t frames_held_by_turn) const noexcept {
  if (passed.turn.bytes > MMAPVIDEO_LOCK_ITEM_BYTES) return true;
  const std::uint64_t behind = number - passed.number;
  const bool is_former = number <= former_head_;
  return (is_former ? behind % MMAPVIDEO_TURN_COUNT : behind) < frames_held_by_turn;
}

std::uint32_t TurnWatch::pass_over(std::uint64_t number, std::uint64_t head_number) {
  const std::set<std::uint64_t> lanes = lanes_of(blocking_turns(number));
  // A reader that was stopped while it moved has two turns.
  for (const LockRange& turn : list_locks(file_, all_turns()))
    if (lanes.contains(lane_of(turn)) && !is_passed(turn))
      passed_.push_back({turn, number_of_turn(turn, head_number)});
  std::sort(passed_.begin(), passed_.end(),
            [](const Passed& a, const Passed& b) { return a.turn.offset < b.turn.offset; });
  return static_cast<std::uint32_t>(lanes.size());
}

void TurnWatch::pass_over_all(std::uint64_t head_number) {
  passed_.clear();
  const std::vector<LockRange> turns = list_locks(file_, all_turns());
  for (const LockRange& turn : turns) passed_.push_back({turn, number_of_turn(turn, head_number)});
  // There may be more than can be listed.
  if (turns.size() >= max_listed_locks) passed_.push_back({all_turns(), 0});
}

std::uint32_t TurnWatch::passed_count() const {
  if (!waits_) return 0;
  std::set<std::uint64_t> lanes;
  for (const Passed& passed : passed_) lanes.insert(lane_of(passed.turn));
  return static_cast<std::uint32_t>(lanes.size());
}

bool TurnWatch::is_passed(const LockRange& turn) const {
  return std::any_of(passed_.begin(), passed_.end(),
                     [&](const Passed& passed) { return passed.turn == turn; });
}

void TurnWatch::forget_moved() {
  std::erase_if(passed_, [&](const Passed& passed) { return !is_locked(file_, passed.turn); });
}

std::vector<LockRange> TurnWatch::blocking_turns(std::uint64_t number) const {
  std::vector<LockRange> blocking;
  for (const LockRange& range : turns_up_to(number))
    for (const LockRange& turn : list_locks(file_, range))
      if (!is_passed(turn)) blocking.push_back(turn);
  return blocking;
}

}  // namespace mmapvideo::core
