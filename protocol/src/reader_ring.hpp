// SPDX-License-Identifier: MIT
// A ring as a reader has it: mapped read-only, with the leases on its slots (SPEC.md 8.2).
#pragma once

#include <mmapvideo/layout.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "mutex.hpp"
#include "platform/platform.hpp"
#include "reader_turn.hpp"
#include "released.hpp"

namespace mmapvideo::core {

/// How many frames one reader has leased, over all its rings and files. Any thread.
class LeaseBudget {
 public:
  /// One more, unless there are `max` already.
  bool take(std::uint32_t max) noexcept;
  void put_back() noexcept { --count_; }
  std::uint32_t count() const noexcept { return count_; }

 private:
  std::atomic<std::uint32_t> count_{0};
};

/// One generation of slots, and this reader's leases on them. A ring with leases keeps itself, its
/// mapping and its file's descriptor (which holds the locks) alive until the last one ends.
class ReaderRing : public std::enable_shared_from_this<ReaderRing> {
 public:
  enum class Lease { taken, gone, claimed, too_many, unsupported };

  /// Maps the ring. `lane` places its locks, `hold` is what the turn holds. Throws Failure.
  ReaderRing(std::shared_ptr<const platform::File> file, const mmapvideo_ring& ring,
             std::uint32_t lane, std::shared_ptr<LeaseBudget> budget,
             std::shared_ptr<TurnHold> hold, ReleasedBell bell);
  ReaderRing(const ReaderRing&) = delete;
  ReaderRing& operator=(const ReaderRing&) = delete;

  const mmapvideo_ring& ring() const noexcept { return ring_; }
  const mmapvideo_slot_header& slot(std::uint32_t index) const noexcept;
  const std::byte* payload(std::uint32_t index) const noexcept;
  /// Touches the next few pages, so that reading does not fault. False: all were touched.
  bool populate_more() noexcept;

  /// Leases the frame with that stamp, while fewer than `max_leases` are. `claimed`: the writer is
  /// looking at the slot; the frame can be copied. Throws Failure.
  Lease lease(std::uint32_t index, std::uint64_t stamp, std::uint32_t max_leases);
  /// One more lease of a leased slot. Any thread.
  void share(std::uint32_t index) noexcept;
  /// Ends a lease. Any thread. The ring may be gone afterwards.
  void end_lease(std::uint32_t index) noexcept;

 private:
  void unlock_lease(std::uint32_t index) noexcept MMAPVIDEO_REQUIRES(mutex_);
  Lease take_lease(std::uint32_t index, std::uint64_t stamp) MMAPVIDEO_REQUIRES(mutex_);
  Lease lock_lease(std::uint32_t index, std::uint64_t stamp) MMAPVIDEO_REQUIRES(mutex_);

  const std::shared_ptr<const platform::File> file_;
  const mmapvideo_ring ring_;
  const std::uint32_t lane_;
  const std::shared_ptr<LeaseBudget> budget_;
  const std::shared_ptr<TurnHold> hold_;
  const ReleasedBell bell_;
  const platform::Mapping mapping_;
  std::size_t populated_bytes_ = 0;  // the reader's thread only

  Mutex mutex_;  // also for the order of lock and unlock in the file
  std::vector<std::uint32_t> lease_counts_ MMAPVIDEO_GUARDED_BY(mutex_);  // of each slot
  std::uint32_t leased_slots_ MMAPVIDEO_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<ReaderRing> self_ MMAPVIDEO_GUARDED_BY(mutex_);  // while slots are leased
};

}  // namespace mmapvideo::core
