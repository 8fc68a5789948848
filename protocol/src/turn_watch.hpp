// SPDX-License-Identifier: MIT
// Which frames lossless readers still need, as their writer sees it (SPEC.md 7.4).
#pragma once

#include <cstdint>
#include <vector>

#include "lock_table.hpp"
#include "platform/platform.hpp"

namespace mmapvideo::core {

/// The turns in a file, less those that were passed over. The writer's mutex guards it.
class TurnWatch {
 public:
  /// `file` outlives it.
  explicit TurnWatch(const platform::File& file) : file_(file) {}

  /// Has a reader not finished this frame or an earlier one? One system call, and one more for
  /// each reader that is passed over.
  bool is_needed(std::uint64_t number);
  /// Ignores from now on all turns of the readers that need this frame. Returns how many readers.
  std::uint32_t pass_over(std::uint64_t number);
  /// Forgets what was passed over and has moved or gone since: a system call for each.
  void forget_moved();
  /// Readers that are passed over now, as far as is known.
  std::uint32_t passed_count() const;

 private:
  bool is_passed(const LockRange& turn) const;
  bool is_locked_by_others(const LockRange& range) const;
  std::vector<LockRange> blocking_turns(std::uint64_t number) const;

  const platform::File& file_;
  std::vector<LockRange> passed_;  // by offset
};

}  // namespace mmapvideo::core
