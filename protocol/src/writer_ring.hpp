// SPDX-License-Identifier: MIT
// A ring as its writer has it: mapped for writing, and who has which slot (SPEC.md 4, 7.2, 11).
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "platform/platform.hpp"
#include "turn_watch.hpp"

namespace mmapvideo::core {

/// One generation of slots. The writer's mutex guards it.
class WriterRing {
 public:
  /// Maps the ring. `file` outlives it, and so does `turns`, by which frames are kept for lossless
  /// readers; NULL: the file has no locks. Throws Failure.
  WriterRing(platform::File& file, const mmapvideo_ring& ring, const TurnWatch* turns);
  WriterRing(const WriterRing&) = delete;
  WriterRing& operator=(const WriterRing&) = delete;

  const mmapvideo_ring& ring() const noexcept { return ring_; }
  void set_generation(std::uint64_t generation, std::uint32_t first_slot_id) noexcept;
  mmapvideo_slot_header& slot(std::uint32_t index) const noexcept;
  /// Which slots others have: leases, and buffers that outlived a former writer.
  void look_for_leases() noexcept;
  /// What is in the file already, as a former writer left it: the newest frame's slot.
  void set_head(std::uint32_t index) noexcept;
  std::optional<std::uint32_t> head() const noexcept { return head_index_; }
  /// Touches every page once, so that writing does not fault.
  void populate();

  /// Takes the next free slot that nobody leases or needs; its stamp says so. Nothing: there is
  /// none.
  std::optional<mmapvideo_slot_view> take();
  /// Does the number of slots that are out allow for one more ahead of need?
  bool may_lend() const noexcept;
  /// The same ahead of need: leaves enough for the head, readers and frames that are copied.
  std::optional<mmapvideo_slot_view> lend();
  /// A view whose slot came back is neither, whoever has the slot now.
  bool is_taken(const mmapvideo_slot_view& view) const noexcept { return is(view, Use::taken); }
  bool is_held(const mmapvideo_slot_view& view) const noexcept { return is(view, Use::held); }
  /// Taken, its stamp is even by now: makes it the head; stays held if `hold`.
  void publish(std::uint32_t index, bool hold) noexcept;
  /// Taken: voids it.
  void abort(std::uint32_t index) noexcept;
  /// Held: it may be rewritten.
  void release(std::uint32_t index) noexcept;
  /// Nothing is taken for a while: what is claimed ahead can be leased again.
  void withdraw_claims() noexcept;
  /// May one of the slots that cannot be taken now become free without the writer's user?
  bool others_are_in_the_way() const noexcept;
  /// Is there a frame that stays only because of a turn that was passed over?
  bool is_held_by_turns() const noexcept;
  /// The oldest frame that is neither out nor leased. 0: there is none.
  std::uint64_t oldest_number() const noexcept;
  /// Taken and held slots.
  std::uint32_t out_count() const noexcept { return out_count_; }
  /// The writer lets the file go: what is out is locked for its user (7.3).
  void lock_what_is_out() noexcept;
  /// Unlocks one of those.
  void let_go(std::uint32_t index) noexcept;

  /// Gives the memory back of all slots that nobody uses; true: of all there were.
  bool give_back();

 private:
  /// elsewhere: somebody else had it when last looked at. claimed: its stamp warned of a rewrite
  /// before nobody was found to have it.
  enum class Use : std::uint8_t { free, elsewhere, claimed, taken, held, given_back };

  bool is(const mmapvideo_slot_view& view, Use use) const noexcept {
    return view.slot_index < uses_.size() && uses_[view.slot_index] == use &&
           tickets_[view.slot_index] == view.ticket;
  }
  bool may_be_free(std::uint32_t index) const noexcept {
    return uses_[index] == Use::free || uses_[index] == Use::elsewhere ||
           uses_[index] == Use::claimed;
  }
  std::uint64_t number_in(std::uint32_t index) const noexcept;
  /// The head and a slot to publish into remain, whatever others have.
  bool others_leave_enough() const noexcept;
  bool are_leased(std::uint32_t first, std::uint32_t count) const noexcept;
  /// By one that was passed over.
  bool is_held_by_turn(std::uint32_t index) const noexcept;
  /// By anybody but a reader that the writer waits for.
  bool is_had_by_others(std::uint32_t index) const noexcept;
  /// elsewhere: leased, or held by a turn that was passed over.
  enum class Claim { ours, elsewhere, needed };
  Claim claim(std::uint32_t index);
  std::uint32_t claimable_together(std::uint32_t first) const noexcept;
  bool follows(std::uint32_t first, std::uint32_t next) const noexcept;
  bool is_needed_by_nobody(std::uint32_t first, std::uint32_t count) const;
  Claim try_claim(std::uint32_t first, std::uint32_t count);
  void set_free(std::uint32_t index) noexcept;
  bool give_back_slot(std::uint32_t index);

  platform::File& file_;
  mmapvideo_ring ring_;
  const TurnWatch* const turns_;
  platform::Mapping mapping_;
  std::vector<Use> uses_;
  std::vector<std::uint32_t> tickets_;          // how often each slot was taken
  std::vector<std::uint64_t> claimed_numbers_;  // of try_claim(), which allocates no other memory
  std::uint32_t out_count_ = 0;
  std::uint32_t next_index_ = 0;  // where the search for a free slot begins
  std::optional<std::uint32_t> head_index_;
  bool populated_ = false;
};

}  // namespace mmapvideo::core
