// SPDX-License-Identifier: MIT
// Which frames the turns of lossless readers keep, as their writer sees it (SPEC.md 7.4).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lock_table.hpp"
#include "platform/platform.hpp"

namespace mmapvideo::core {

/// The turns in a file, and which of them were passed over. The writer's mutex guards it.
class TurnWatch {
 public:
  /// needed: the writer waits for a reader. held: it does not, but must leave the frame alone.
  enum class Claimable { yes, held, needed };

  /// `file` outlives it. `waits`: the writer waits for lossless readers.
  TurnWatch(const platform::File& file, bool waits) : file_(file), waits_(waits) {}

  bool waits() const noexcept { return waits_; }
  /// May the slots of these frames be rewritten? A turn that was passed over holds
  /// `frames_held_by_turn` frames. One system call if the writer waits, and one more for each
  /// reader that is passed over.
  Claimable claimable(std::span<const std::uint64_t> numbers,
                      std::uint32_t frames_held_by_turn) const;
  /// Has a reader that was not passed over not finished this frame or an earlier one?
  bool is_needed(std::uint64_t number) const;
  /// Does a turn that was passed over, and is there still, hold this frame?
  bool is_held(std::uint64_t number, std::uint32_t frames_held_by_turn) const noexcept;
  /// A former writer's frames end with this number: of a turn on one of those the lock table tells
  /// the number mod 65536 only.
  void set_former_head(std::uint64_t number) noexcept { former_head_ = number; }
  /// Waits no more for the turns of the readers that need this frame. Returns how many readers.
  std::uint32_t pass_over(std::uint64_t number, std::uint64_t head_number);
  /// The same for all turns there are.
  void pass_over_all(std::uint64_t head_number);
  /// Forgets what was passed over and has moved or gone since: a system call for each.
  void forget_moved();
  /// Readers that the writer would wait for and passes over now, as far as is known.
  std::uint32_t passed_count() const;

 private:
  struct Passed {
    LockRange turn;
    std::uint64_t number;
  };

  bool may_hold(const Passed& passed, std::uint64_t number,
                std::uint32_t frames_held_by_turn) const noexcept;
  bool is_passed(const LockRange& turn) const;
  bool is_locked_by_others(const LockRange& range) const;
  std::vector<LockRange> blocking_turns(std::uint64_t number) const;

  const platform::File& file_;
  const bool waits_;
  std::uint64_t former_head_ = 0;
  std::vector<Passed> passed_;  // by offset
};

}  // namespace mmapvideo::core
