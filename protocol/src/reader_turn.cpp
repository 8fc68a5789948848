// SPDX-License-Identifier: MIT
// A lossless reader's turn. Numbers like 8.4.2 are steps of SPEC.md.
#include "reader_turn.hpp"

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

/// Steps 8.4.1 and 8.4.2.
void ReaderTurn::move_to(std::uint64_t number, std::uint32_t lane) {
  if (held() && turn_lock(number, lane) == turn_lock(number_, lane_)) {
    number_ = number;
    kept_->first_.store(number);
    return;
  }
  // Refused, by somebody who locked it exclusively: the reader goes on without, as `latest` would.
  const bool locked =
      lock_shared_patiently(*file_, turn_lock(number, lane)) == platform::LockResult::acquired;
  if (held()) unlock();
  number_ = locked ? number : 0;
  lane_ = lane;
  moved_time_ns_ = platform::monotonic_ns();
  // Before the bell: who ends a lease looks at it after unlocking, and leaves the ringing to this.
  kept_->first_.store(locked ? number : KeptFrames::none);
  bell_.ring();
}

void ReaderTurn::leave() noexcept {
  if (!held()) return;
  unlock();
  number_ = 0;
  kept_->first_.store(KeptFrames::none);
  bell_.ring();
}

void ReaderTurn::unlock() noexcept { platform::unlock(*file_, turn_lock(number_, lane_)); }

}  // namespace mmapvideo::core
