// SPDX-License-Identifier: MIT
// A ring as a reader has it.
#include "reader_ring.hpp"

#include <algorithm>
#include <utility>

#include "geometry.hpp"
#include "lock_patience.hpp"
#include "seqlock.hpp"

namespace mmapvideo::core {
namespace {

// About as long as waking up takes; a frame that is published meanwhile is not kept waiting.
constexpr std::size_t populate_step_bytes = std::size_t{1} << 20;
constexpr int max_looks_at_claim = 200;

}  // namespace

bool LeaseBudget::take(std::uint32_t max) noexcept {
  std::uint32_t count = count_;
  do {
    if (count >= max) return false;
  } while (!count_.compare_exchange_weak(count, count + 1));
  return true;
}

ReaderRing::ReaderRing(std::shared_ptr<const platform::File> file, const mmapvideo_ring& ring,
                       std::uint32_t lane, std::shared_ptr<LeaseBudget> budget,
                       std::shared_ptr<TurnHold> hold, ReleasedBell bell)
    : file_(std::move(file)),
      ring_(ring),
      lane_(lane),
      budget_(std::move(budget)),
      hold_(std::move(hold)),
      bell_(std::move(bell)),
      mapping_(*file_, ring.offset, ring_bytes(ring), platform::Access::read),
      lease_counts_(ring.slot_count, 0) {}

const mmapvideo_slot_header& ReaderRing::slot(std::uint32_t index) const noexcept {
  return *reinterpret_cast<const mmapvideo_slot_header*>(mapping_.data() +
                                                         ring_.slot_stride * index);
}

const std::byte* ReaderRing::payload(std::uint32_t index) const noexcept {
  return reinterpret_cast<const std::byte*>(&slot(index)) + ring_.payload_offset;
}

bool ReaderRing::populate_more() noexcept {
  const std::size_t bytes = std::min(populate_step_bytes, mapping_.bytes() - populated_bytes_);
  if (bytes == 0) return false;
  mapping_.populate_for_reading(populated_bytes_, bytes);
  populated_bytes_ += bytes;
  return true;
}

ReaderRing::Lease ReaderRing::lease(std::uint32_t index, std::uint64_t stamp,
                                    std::uint32_t max_leases) {
  const MutexLock lock(mutex_);
  if (lease_counts_[index] == 0) {
    if (!budget_->take(max_leases)) return Lease::too_many;
    Lease outcome = Lease::unsupported;
    try {
      outcome = take_lease(index, stamp);
    } catch (...) {
      budget_->put_back();
      throw;
    }
    if (outcome != Lease::taken) {
      budget_->put_back();
      return outcome;
    }
    if (leased_slots_++ == 0) self_ = shared_from_this();
  }
  ++lease_counts_[index];
  return Lease::taken;
}

/// What the turn holds needs no lock. The turn was locked before this look at the stamp (H).
ReaderRing::Lease ReaderRing::take_lease(std::uint32_t index, std::uint64_t stamp) {
  const bool held = load_acquire(slot(index).stamp) == stamp &&
                    hold_->lease(slot_id_of(ring_, index), stamp_number(stamp), quarter_of(ring_));
  return held ? Lease::taken : lock_lease(index, stamp);
}

/// Locks first, then looks (G).
ReaderRing::Lease ReaderRing::lock_lease(std::uint32_t index, std::uint64_t stamp) {
  const LockRange range = lease_lock(slot_id_of(ring_, index), lane_);
  const std::uint64_t& word = slot(index).stamp;
  // Refused at a claimed slot: its writer asks by locking, and the frame can be copied.
  const platform::LockResult lock =
      lock_patiently([&] { return platform::try_lock_shared(*file_, range); },
                     [&] { return load_acquire(word) != stamp; });
  if (lock == platform::LockResult::unsupported) return Lease::unsupported;
  if (lock == platform::LockResult::held_by_other)
    return load_acquire(word) == (stamp | 1) ? Lease::claimed : Lease::gone;
  fence_between_lock_and_word();
  std::uint64_t found = load_acquire(word);
  // The writer, which looks for leases now, withdraws or writes within a microsecond if it runs.
  for (int look = 0; found == (stamp | 1) && look < max_looks_at_claim; ++look)
    found = load_acquire(word);
  if (found == stamp) return Lease::taken;
  platform::unlock(*file_, range);
  bell_.ring();
  return found == (stamp | 1) ? Lease::claimed : Lease::gone;
}

void ReaderRing::share(std::uint32_t index) noexcept {
  const MutexLock lock(mutex_);
  ++lease_counts_[index];
}

void ReaderRing::end_lease(std::uint32_t index) noexcept {
  std::shared_ptr<ReaderRing> last;  // destroyed after the mutex was unlocked
  const MutexLock lock(mutex_);
  if (--lease_counts_[index] != 0) return;
  unlock_lease(index);
  budget_->put_back();
  if (--leased_slots_ == 0) last = std::move(self_);
}

/// A frame that the reader's turn keeps anyway is no news to the writer; the turn rings when it
/// moves on. Looked at after unlocking, as the turn rings after it has moved (H).
void ReaderRing::unlock_lease(std::uint32_t index) noexcept {
  if (hold_->end_lease(slot_id_of(ring_, index))) return;
  const std::uint64_t number = stamp_number(load_relaxed(slot(index).stamp));
  platform::unlock(*file_, lease_lock(slot_id_of(ring_, index), lane_));
  bell_.ring_unless([&] { return hold_->keeps(number); });
}

}  // namespace mmapvideo::core
