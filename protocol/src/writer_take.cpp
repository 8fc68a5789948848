// SPDX-License-Identifier: MIT
// The writer takes slots, and waits for readers. Numbers like 7.4.2 are steps of SPEC.md.
#include <algorithm>
#include <set>
#include <utility>

#include "failure.hpp"
#include "lock_list.hpp"
#include "writer.hpp"

namespace mmapvideo::core {
namespace {

constexpr int max_passes = 16;

}  // namespace

mmapvideo_status Writer::begin(const Sizes& sizes, mmapvideo_slot_view& view) {
  const MutexLock lock(mutex_);
  require_publishable(sizes);
  if (ended_) start_session();
  mmapvideo_status status = MMAPVIDEO_RING_REPLACED;
  bool may_replace = waits_for_readers();
  while (status == MMAPVIDEO_RING_REPLACED) {
    status = provide_ring(sizes, 0);
    if (status != MMAPVIDEO_OK) return status;
    status = take(
        sizes,
        [&] {
          mutex_.held_by_caller();
          return current_->take();
        },
        [&] {
          mutex_.held_by_caller();
          return current_->others_are_in_the_way();
        },
        view);
    if (status == MMAPVIDEO_NO_FREE_SLOT && std::exchange(may_replace, false))
      status = leave_held_ring(sizes);
  }
  if (status != MMAPVIDEO_NO_FREE_SLOT) return status;
  ++next_number_;
  increment_relaxed(dropped_count_, 1);
  increment_relaxed(header().dropped_count, 1);
  return status;
}

/// Readers that stand still may hold a whole ring, each a part of it. Another ring goes on without
/// them; the former one is given back as they let go of it (7.4.2).
mmapvideo_status Writer::leave_held_ring(const Sizes& sizes) {
  if (!current_->is_held_by_turns()) return MMAPVIDEO_NO_FREE_SLOT;
  if (!wait_until_former_ring_is_read()) return MMAPVIDEO_CANCELLED;
  // Another thread may have left it meanwhile.
  if (!current_->is_held_by_turns()) return MMAPVIDEO_RING_REPLACED;
  try {
    grow(sizes, 0);
  } catch (const Failure&) {
    return MMAPVIDEO_NO_FREE_SLOT;  // there is no room for one
  }
  return MMAPVIDEO_RING_REPLACED;
}

mmapvideo_status Writer::lend(const Sizes& sizes, mmapvideo_slot_view& view) {
  const MutexLock lock(mutex_);
  if (closed_ || !ring_suits(sizes, 0)) return MMAPVIDEO_NO_FREE_SLOT;
  const mmapvideo_status status = take(
      sizes,
      [&] {
        mutex_.held_by_caller();
        return current_->lend();
      },
      [&] {
        mutex_.held_by_caller();
        return current_->may_lend() && current_->others_are_in_the_way();
      },
      view);
  return status == MMAPVIDEO_RING_REPLACED ? MMAPVIDEO_NO_FREE_SLOT : status;
}

/// Until enough() is true, or nobody is in the way of frame number() any more: a reader that is
/// passed over may take another turn before the writer has looked again.
template <typename Number, typename Enough>
void Writer::pass_over_all(Number number, Enough enough) {
  for (int pass = 0; pass < max_passes; ++pass)
    if (!pass_over(number()) || enough()) return;
}

/// A slot now, or, while that is worth waiting for, when readers have let go of one (7.4.2).
/// RING_REPLACED: another thread made a larger one meanwhile, or closed the writer.
template <typename TryTake, typename WorthWaiting>
mmapvideo_status Writer::take(const Sizes& sizes, TryTake try_take, WorthWaiting worth_waiting,
                              mmapvideo_slot_view& view) {
  std::optional<mmapvideo_slot_view> taken = try_take();
  if (!taken && waits_for_readers() && worth_waiting()) {
    count_wait();
    const WaitOutcome outcome =
        released_.wait(header().released, *signals_, mutex_, options_.wait_timeout_ns, [&] {
          mutex_.held_by_caller();
          if (closed_ || !ring_suits(sizes, 0)) return true;
          taken = try_take();
          return taken || !worth_waiting();
        });
    if (outcome == WaitOutcome::cancelled || closed_) return MMAPVIDEO_CANCELLED;
    if (!taken && !ring_suits(sizes, 0)) return MMAPVIDEO_RING_REPLACED;
    if (outcome == WaitOutcome::timed_out)
      pass_over_all(
          [&] {
            mutex_.held_by_caller();
            return current_->oldest_number();
          },
          [&] { return (taken = try_take()).has_value(); });
  }
  if (!taken) return MMAPVIDEO_NO_FREE_SLOT;
  increment_relaxed(slots_out_, 1);
  view = *taken;
  return MMAPVIDEO_OK;
}

/// Step 7.4.5: the next descriptor takes the place of the former ring's. False: cancelled.
bool Writer::wait_until_former_ring_is_read() {
  const auto is_read = [&] {
    mutex_.held_by_caller();
    const std::uint64_t last_number = first_number_in_ring_ - 1;
    return closed_ || !current_ || current_->ring().generation < 2 ||
           next_number_ - last_number > MMAPVIDEO_TURN_WINDOW || !turns_.is_needed(last_number);
  };
  if (!waits_for_readers() || is_read()) return !closed_;
  count_wait();
  const WaitOutcome outcome =
      released_.wait(header().released, *signals_, mutex_, options_.wait_timeout_ns, is_read);
  if (outcome == WaitOutcome::timed_out)
    pass_over_all(
        [&] {
          mutex_.held_by_caller();
          return first_number_in_ring_ - 1;
        },
        is_read);
  return outcome != WaitOutcome::cancelled && !closed_;
}

/// Step 7.4.3. The frame is out in any case.
void Writer::wait_until_finished(std::uint64_t number) {
  if (!waits_for_readers() || !turns_.is_needed(number)) return;
  count_wait();
  const WaitOutcome outcome =
      released_.wait(header().released, *signals_, mutex_, options_.wait_timeout_ns, [&] {
        mutex_.held_by_caller();
        return closed_ || !turns_.is_needed(number);
      });
  if (outcome == WaitOutcome::timed_out) pass_over(number);
}

/// Nobody's question is counted for a reader (SPEC.md 5).
bool Writer::has_readers(std::uint32_t count) const {
  const std::vector<LockRange> found = list_locks(file_, all_reader_locks());
  if (found.size() < count) return false;
  const auto lasting = std::count_if(found.begin(), found.end(), [&](const LockRange& lock) {
    return platform::is_lasting(file_, lock);
  });
  return lasting >= static_cast<std::ptrdiff_t>(count);
}

mmapvideo_status Writer::wait_for_readers(std::uint32_t count, std::int64_t timeout_ns) {
  const MutexLock lock(mutex_);
  if (!locked_) return MMAPVIDEO_NO_LOCKS;
  const WaitOutcome outcome = released_.wait(header().released, *signals_, mutex_, timeout_ns, [&] {
    mutex_.held_by_caller();
    return closed_ || has_readers(count);
  });
  if (outcome == WaitOutcome::cancelled || closed_) return MMAPVIDEO_CANCELLED;
  return outcome == WaitOutcome::met ? MMAPVIDEO_OK : MMAPVIDEO_TIMEOUT;
}

/// False: nobody is in the way of this frame.
bool Writer::pass_over(std::uint64_t number) {
  if (number == 0) return false;
  const std::uint32_t passed = turns_.pass_over(number, next_number_ - 1);
  increment_relaxed(passed_over_count_, passed);
  increment_relaxed(header().passed_over_count, passed);
  store_relaxed(passed_over_now_, std::uint64_t{turns_.passed_count()});
  return passed != 0;
}

void Writer::count_wait() noexcept {
  increment_relaxed(wait_count_, 1);
  increment_relaxed(header().wait_count, 1);
}

/// A reader that moves holds two turns for a moment.
std::uint32_t Writer::lossless_reader_count() const {
  std::set<std::uint64_t> lanes;
  for (const LockRange& turn : list_locks(file_, all_turns()))
    lanes.insert(turn.offset % MMAPVIDEO_LOCK_INDEX_BYTES);
  return static_cast<std::uint32_t>(lanes.size());
}

}  // namespace mmapvideo::core
