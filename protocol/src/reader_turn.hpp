// SPDX-License-Identifier: MIT
// A lossless reader's turn: the frame it has not finished (SPEC.md 8.4).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "mutex.hpp"
#include "platform/platform.hpp"
#include "released.hpp"

namespace mmapvideo::core {

/// What a reader's turn does for its leases: it holds frames, so that leases on them need no lock
/// of their own while it stays. Any thread; leases keep it alive.
class TurnHold {
 public:
  explicit TurnHold(std::shared_ptr<const platform::File> file) : file_(std::move(file)) {}

  /// Does the turn keep the writer from this frame anyway?
  bool keeps(std::uint64_t number) const noexcept { return number >= kept_from_.load(); }
  /// Leases a frame of which there is no lease, if the turn, which holds `frames` frames, holds
  /// this one.
  bool lease(std::uint32_t slot_id, std::uint64_t number, std::uint32_t frames);
  /// The last lease of a slot has ended. False: it has a lock.
  bool end_lease(std::uint32_t slot_id) noexcept;
  bool has_lease_on(std::uint64_t number) const noexcept;

 private:
  friend class ReaderTurn;
  static constexpr std::uint64_t none = UINT64_MAX;
  struct Unlocked {
    std::uint32_t slot_id;
    std::uint64_t number;
  };

  bool gets_lock(std::uint32_t slot_id, std::uint32_t lane) const noexcept;
  bool lock_leases_below(std::uint64_t number, std::uint32_t lane) noexcept;
  void set(std::uint64_t kept_from, bool holds) noexcept;

  const std::shared_ptr<const platform::File> file_;
  std::atomic<std::uint64_t> kept_from_{none};
  mutable Mutex mutex_;  // taken after that of a ring
  std::uint64_t held_from_ MMAPVIDEO_GUARDED_BY(mutex_) = none;
  std::vector<Unlocked> unlocked_ MMAPVIDEO_GUARDED_BY(mutex_);  // leases without a lock
};

/// At most one turn of one reader in one file. The reader's thread only.
class ReaderTurn {
 public:
  ReaderTurn(std::shared_ptr<const platform::File> file, std::shared_ptr<TurnHold> hold,
             ReleasedBell bell)
      : file_(std::move(file)), hold_(std::move(hold)), bell_(std::move(bell)) {}
  ~ReaderTurn() { leave(); }
  ReaderTurn(const ReaderTurn&) = delete;
  ReaderTurn& operator=(const ReaderTurn&) = delete;

  bool held() const noexcept { return number_ != 0; }
  /// The number it is on; 0: there is none.
  std::uint64_t number() const noexcept { return number_; }
  bool writer_waits() const noexcept { return bell_.writer_waits(); }
  /// Was it moved so long ago that a writer who waits should not be kept waiting any more?
  bool is_old() const noexcept;
  /// Does it hold the frame of a lease that has no lock?
  bool has_lease_on(std::uint64_t number) const noexcept { return hold_->has_lease_on(number); }
  /// Takes the turn, or moves it. What is looked at afterwards stays, if it was not claimed before
  /// (H). It stays where it is if a lease below `number` cannot get a lock. Throws Failure.
  void move_to(std::uint64_t number, std::uint32_t lane);
  /// Stays, as long as the file is open, if a lease cannot get a lock.
  void leave() noexcept;

 private:
  bool is_waited_for() const noexcept;

  const std::shared_ptr<const platform::File> file_;
  const std::shared_ptr<TurnHold> hold_;
  const ReleasedBell bell_;
  std::uint64_t number_ = 0;
  std::uint64_t moved_time_ns_ = 0;  // on the monotonic clock
  std::uint32_t lane_ = 0;
};

}  // namespace mmapvideo::core
