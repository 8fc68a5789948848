// SPDX-License-Identifier: MIT
// A lossless reader's turn. Numbers like 8.4.2 are steps of SPEC.md.
#include "reader_turn.hpp"

#include <algorithm>

#include "failure.hpp"
#include "lock_patience.hpp"
#include "seqlock.hpp"

namespace mmapvideo::core {
namespace {

// What moving and waking cost, many times over. A reader that is faster than this lets go of
// several frames at once, a slower one of each.
constexpr std::uint64_t min_move_interval_ns = 100'000;

}  // namespace

bool ReaderTurn::is_old() const noexcept {
  return platform::monotonic_ns() - moved_time_ns_ >= min_move_interval_ns;
}

/// Steps 8.4.1 and 8.4.2. A reader that finds its next turn refused, by somebody who locked it
/// exclusively, goes on without, as `latest` would.
void ReaderTurn::move_to(std::uint64_t number, std::uint32_t lane) {
  if (!hold_->lock_leases_below(number, lane)) return;
  const LockRange next = turn_lock(number, lane);
  if (held() && next == turn_lock(number_, lane_)) {
    // Many rounds of the lock table later; the writer takes it for the former turn, if it has
    // passed that over.
    number_ = number;
    hold_->set(number, false);
    return;
  }
  const bool locked = lock_shared_patiently(*file_, next) == platform::LockResult::acquired;
  fence_between_lock_and_word();  // (H)
  const bool holds = locked && is_waited_for();
  if (!holds && !hold_->lock_leases_below(UINT64_MAX, lane)) {
    if (locked) platform::unlock(*file_, next);
    return;
  }
  if (held()) platform::unlock(*file_, turn_lock(number_, lane_));
  number_ = locked ? number : 0;
  lane_ = lane;
  moved_time_ns_ = platform::monotonic_ns();
  // Before the bell: who ends a lease looks at it after unlocking, and leaves the ringing to this.
  hold_->set(locked ? number : TurnHold::none, holds);
  bell_.ring();
}

void ReaderTurn::leave() noexcept {
  if (!held() || !hold_->lock_leases_below(UINT64_MAX, lane_)) return;
  platform::unlock(*file_, turn_lock(number_, lane_));
  number_ = 0;
  hold_->set(TurnHold::none, false);
  bell_.ring();
}

/// Does a writer respect this turn, which was locked and fenced before? (H)
bool ReaderTurn::is_waited_for() const noexcept {
  return load_relaxed(bell_.header().delivery) != MMAPVIDEO_DELIVERY_LATEST;
}

// ---- Leases that it holds ---------------------------------------------------------------------

bool TurnHold::gets_lock(std::uint32_t slot_id, std::uint32_t lane) const noexcept {
  try {
    return lock_shared_patiently(*file_, lease_lock(slot_id, lane)) ==
           platform::LockResult::acquired;
  } catch (const Failure&) {
    return false;
  }
}

bool TurnHold::lease(std::uint32_t slot_id, std::uint64_t number, std::uint32_t frames) {
  const MutexLock lock(mutex_);
  if (number < held_from_ || number - held_from_ >= frames) return false;
  unlocked_.push_back({slot_id, number});
  return true;
}

bool TurnHold::end_lease(std::uint32_t slot_id) noexcept {
  const MutexLock lock(mutex_);
  return std::erase_if(unlocked_,
                       [&](const Unlocked& lease) { return lease.slot_id == slot_id; }) != 0;
}

bool TurnHold::has_lease_on(std::uint64_t number) const noexcept {
  const MutexLock lock(mutex_);
  return std::any_of(unlocked_.begin(), unlocked_.end(),
                     [&](const Unlocked& lease) { return lease.number == number; });
}

/// Before the turn leaves them: nobody rewrites them meanwhile, so there is nothing to look at
/// afterwards. False: not all got their lock, and the turn has to stay.
bool TurnHold::lock_leases_below(std::uint64_t number, std::uint32_t lane) noexcept {
  const MutexLock lock(mutex_);
  std::erase_if(unlocked_, [&](const Unlocked& lease) {
    return lease.number < number && gets_lock(lease.slot_id, lane);
  });
  return std::none_of(unlocked_.begin(), unlocked_.end(),
                      [&](const Unlocked& lease) { return lease.number < number; });
}

void TurnHold::set(std::uint64_t kept_from, bool holds) noexcept {
  kept_from_.store(kept_from);
  const MutexLock lock(mutex_);
  held_from_ = holds ? kept_from : none;
}

}  // namespace mmapvideo::core
