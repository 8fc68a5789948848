// SPDX-License-Identifier: MIT
// A ring as its writer has it. Numbers like 7.2.3 are steps of SPEC.md.
#include "writer_ring.hpp"

#include <algorithm>

#include "failure.hpp"
#include "geometry.hpp"
#include "lock_patience.hpp"
#include "seqlock.hpp"

namespace mmapvideo::core {

WriterRing::WriterRing(platform::File& file, const mmapvideo_ring& ring, const TurnWatch* turns)
    : file_(file),
      ring_(ring),
      turns_(turns),
      mapping_(file, ring.offset, ring_bytes(ring), platform::Access::write),
      uses_(ring.slot_count, Use::free),
      tickets_(ring.slot_count, 0) {
  claimed_numbers_.reserve(ring.slot_count);
}

void WriterRing::set_generation(std::uint64_t generation, std::uint32_t first_slot_id) noexcept {
  ring_.generation = generation;
  ring_.first_slot_id = first_slot_id;
}

mmapvideo_slot_header& WriterRing::slot(std::uint32_t index) const noexcept {
  return *reinterpret_cast<mmapvideo_slot_header*>(mapping_.data() + ring_.slot_stride * index);
}

void WriterRing::set_head(std::uint32_t index) noexcept {
  head_index_ = index;
  next_index_ = (index + 1) % ring_.slot_count;
}

void WriterRing::populate() {
  if (populated_) return;
  mapping_.populate_for_writing();
  populated_ = true;
}

std::uint64_t WriterRing::number_in(std::uint32_t index) const noexcept {
  return stamp_number(load_relaxed(slot(index).stamp));
}

/// What cannot be asked counts as leased: it is left alone.
bool WriterRing::are_leased(std::uint32_t first, std::uint32_t count) const noexcept {
  return turns_ != nullptr &&
         platform::query_lock(file_, all_leases(slot_id_of(ring_, first), count)) !=
             platform::LockAnswer::free;
}

bool WriterRing::is_held_by_turn(std::uint32_t index) const noexcept {
  return turns_ != nullptr && turns_->is_held(number_in(index), quarter_of(ring_));
}

bool WriterRing::is_had_by_others(std::uint32_t index) const noexcept {
  return are_leased(index, 1) || is_held_by_turn(index);
}

void WriterRing::look_for_leases() noexcept {
  for (std::uint32_t index = 0; index < ring_.slot_count; ++index)
    if (uses_[index] == Use::free || uses_[index] == Use::elsewhere)
      uses_[index] = is_had_by_others(index) ? Use::elsewhere : Use::free;
}

/// Steps 7.2.2 and 7.4.1. Not ours: the slot is as it was.
WriterRing::Claim WriterRing::claim(std::uint32_t index) {
  if (uses_[index] == Use::claimed) return Claim::ours;
  // What others have for long is not claimed again and again.
  if (uses_[index] == Use::elsewhere && is_had_by_others(index)) return Claim::elsewhere;
  for (std::uint32_t count = claimable_together(index); count > 1; count /= 2)
    if (is_needed_by_nobody(index, count) && try_claim(index, count) == Claim::ours)
      return Claim::ours;
  return try_claim(index, 1);
}

/// Slots from `first` on that are next in line, so that one question is enough for all. A writer
/// that waits for no reader claims one at a time: who reads behind it can lease the others.
std::uint32_t WriterRing::claimable_together(std::uint32_t first) const noexcept {
  if (turns_ == nullptr || !turns_->waits()) return 1;
  const std::uint32_t end = std::min(first + ring_.slot_count / 2, ring_.slot_count);
  std::uint32_t next = first + 1;
  while (next < end && uses_[next] == Use::free && next != head_index_ &&
         slot_id_of(ring_, next) > slot_id_of(ring_, first) && follows(first, next))
    ++next;
  return next - first;
}

/// Are there frames in both, so close to each other that the question for turns of the newer one,
/// which reaches back MMAPVIDEO_TURN_WINDOW numbers, is one for the older one as well?
bool WriterRing::follows(std::uint32_t first, std::uint32_t next) const noexcept {
  const std::uint64_t older = number_in(first);
  const std::uint64_t newer = number_in(next);
  return older != 0 && newer > older && newer - older < MMAPVIDEO_MAX_SLOTS;
}

/// As far as can be told before the claim: a reader is spared the sight of a slot that is claimed
/// in vain just when its turn has moved up to it.
bool WriterRing::is_needed_by_nobody(std::uint32_t first, std::uint32_t count) const {
  return !turns_->is_needed(number_in(first + count - 1));
}

/// Claims all of these, or leaves them as they were.
WriterRing::Claim WriterRing::try_claim(std::uint32_t first, std::uint32_t count) {
  claimed_numbers_.clear();
  for (std::uint32_t index = first; index < first + count; ++index)
    claimed_numbers_.push_back(claim_slot(slot(index).stamp));
  fence_between_lock_and_word();  // (G, H)
  const auto claimable = turns_ != nullptr ? turns_->claimable(claimed_numbers_, quarter_of(ring_))
                                           : TurnWatch::Claimable::yes;
  const Claim outcome = claimable == TurnWatch::Claimable::needed ? Claim::needed
                        : claimable == TurnWatch::Claimable::held || are_leased(first, count)
                            ? Claim::elsewhere
                            : Claim::ours;
  for (std::uint32_t index = first; index < first + count; ++index) {
    if (outcome != Claim::ours) withdraw_slot(slot(index).stamp);
    uses_[index] = outcome == Claim::ours                      ? Use::claimed
                   : outcome == Claim::elsewhere && count == 1 ? Use::elsewhere
                                                               : Use::free;
  }
  return outcome;
}

void WriterRing::withdraw_claims() noexcept {
  for (std::uint32_t index = 0; index < ring_.slot_count; ++index) {
    if (uses_[index] != Use::claimed) continue;
    withdraw_slot(slot(index).stamp);
    uses_[index] = Use::free;
  }
}

/// Steps 7.2.2 and 7.2.3.
std::optional<mmapvideo_slot_view> WriterRing::take() {
  std::uint64_t needed_from = UINT64_MAX;  // who needs a frame needs all that came after it
  for (std::uint32_t step = 0; step < ring_.slot_count; ++step) {
    const std::uint32_t index = (next_index_ + step) % ring_.slot_count;
    const std::uint64_t number = number_in(index);
    if (index == head_index_ || !may_be_free(index)) continue;
    if (uses_[index] != Use::claimed && number >= needed_from) continue;
    const Claim outcome = claim(index);
    if (outcome == Claim::needed) needed_from = number;
    if (outcome != Claim::ours) continue;
    uses_[index] = Use::taken;
    ++out_count_;
    next_index_ = (index + 1) % ring_.slot_count;
    mmapvideo_slot_header& taken = slot(index);
    begin_slot(taken.stamp);
    auto* payload = reinterpret_cast<std::byte*>(&taken) + ring_.payload_offset;
    mmapvideo_slot_view view{};
    view.payload = payload;
    view.payload_capacity = ring_.payload_capacity;
    view.metadata = payload + ring_.payload_capacity;
    view.metadata_capacity = ring_.metadata_capacity;
    view.slot_index = index;
    view.ticket = ++tickets_[index];
    view.ring_generation = ring_.generation;
    return view;
  }
  return std::nullopt;
}

bool WriterRing::may_lend() const noexcept {
  const std::uint32_t lendable = ring_.slot_count > lending_reserve_slots
                                     ? ring_.slot_count - lending_reserve_slots
                                 : ring_.slot_count > 2 ? 1
                                                        : 0;
  return out_count_ < lendable;
}

std::optional<mmapvideo_slot_view> WriterRing::lend() {
  if (!may_lend()) return std::nullopt;
  if (!others_leave_enough()) look_for_leases();
  return others_leave_enough() ? take() : std::nullopt;
}

bool WriterRing::others_leave_enough() const noexcept {
  const auto elsewhere = std::count(uses_.begin(), uses_.end(), Use::elsewhere);
  return out_count_ + static_cast<std::uint32_t>(elsewhere) + 2 < ring_.slot_count;
}

bool WriterRing::is_held_by_turns() const noexcept {
  for (std::uint32_t index = 0; index < ring_.slot_count; ++index)
    if (uses_[index] == Use::elsewhere && is_held_by_turn(index)) return true;
  return false;
}

bool WriterRing::others_are_in_the_way() const noexcept {
  for (std::uint32_t index = 0; index < ring_.slot_count; ++index)
    if (index != head_index_ && may_be_free(index)) return true;
  return false;
}

std::uint64_t WriterRing::oldest_number() const noexcept {
  std::uint64_t oldest = 0;
  for (std::uint32_t index = 0; index < ring_.slot_count; ++index) {
    const std::uint64_t number = number_in(index);
    const bool can_be_taken = uses_[index] == Use::free || uses_[index] == Use::claimed;
    if (index == head_index_ || !can_be_taken || number == 0) continue;
    if (oldest == 0 || number < oldest) oldest = number;
  }
  return oldest;
}

/// The writer's part of step 7.2.6.
void WriterRing::publish(std::uint32_t index, bool hold) noexcept {
  head_index_ = index;
  if (hold)
    uses_[index] = Use::held;
  else
    set_free(index);
}

void WriterRing::abort(std::uint32_t index) noexcept {
  void_slot(slot(index).stamp);
  set_free(index);
  // Taken last, it is the next one again.
  if ((index + 1) % ring_.slot_count == next_index_) next_index_ = index;
}

void WriterRing::release(std::uint32_t index) noexcept { set_free(index); }

void WriterRing::set_free(std::uint32_t index) noexcept {
  uses_[index] = Use::free;
  --out_count_;
}

void WriterRing::lock_what_is_out() noexcept {
  if (turns_ == nullptr) return;
  for (std::uint32_t index = 0; index < ring_.slot_count; ++index) {
    if (uses_[index] != Use::held && uses_[index] != Use::taken) continue;
    try {
      static_cast<void>(lock_shared_patiently(file_, closed_writer_lock(slot_id_of(ring_, index))));
    } catch (const Failure&) {
      // Not locked, the slot may be rewritten by the next writer; there is no better way out.
    }
  }
}

void WriterRing::let_go(std::uint32_t index) noexcept {
  if (turns_ != nullptr) platform::unlock(file_, closed_writer_lock(slot_id_of(ring_, index)));
  set_free(index);
}

bool WriterRing::give_back() {
  bool all = true;
  for (std::uint32_t index = 0; index < ring_.slot_count; ++index) {
    if (may_be_free(index) && give_back_slot(index)) uses_[index] = Use::given_back;
    all &= uses_[index] == Use::given_back;
  }
  return all;
}

/// Step 11.6. False: a reader holds a lease.
bool WriterRing::give_back_slot(std::uint32_t index) {
  if (claim(index) != Claim::ours) return false;
  void_slot(slot(index).stamp);
  // Header and caps stay: readers that are behind may still look at the stamp, and touching a page
  // that was given back would need memory, which may be gone.
  file_.give_back(ring_.offset + ring_.slot_stride * index + ring_.payload_offset,
                  ring_.slot_stride - ring_.payload_offset);
  return true;
}

}  // namespace mmapvideo::core
