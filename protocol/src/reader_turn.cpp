// SPDX-License-Identifier: MIT
// A lossless reader's turn. Numbers like 8.4.2 are steps of SPEC.md.
#include "reader_turn.hpp"

#include "seqlock.hpp"

namespace mmapvideo::core {

/// Steps 8.4.1 and 8.4.2.
void ReaderTurn::move_to(std::uint64_t number, std::uint32_t lane) {
  if (held() && turn_lock(number, lane) == turn_lock(number_, lane_)) {
    number_ = number;
    return;
  }
  // Refused, by somebody who locked it exclusively: the reader goes on without, as `latest` would.
  const bool locked =
      platform::try_lock_shared(*file_, turn_lock(number, lane)) == platform::LockResult::acquired;
  if (held()) unlock();
  number_ = locked ? number : 0;
  lane_ = lane;
  bell_.ring();
}

void ReaderTurn::leave() noexcept {
  if (!held()) return;
  unlock();
  number_ = 0;
  bell_.ring();
}

void ReaderTurn::unlock() noexcept { platform::unlock(*file_, turn_lock(number_, lane_)); }

}  // namespace mmapvideo::core
