// SPDX-License-Identifier: MIT
// A reader's hold on one file: descriptor, mapped header and ring, presence lock (SPEC.md 8.1).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "mapped_header.hpp"
#include "platform/platform.hpp"
#include "reader_ring.hpp"
#include "reader_turn.hpp"

namespace mmapvideo::core {

/// From where on a reader wants every frame.
enum class Wanted { newest, all_from_head, all_of_session };

/// One file, opened and mapped read-only. Destroying it detaches; leases go on.
class Attachment {
 public:
  /// Opens `path`; nothing if there is no file or its writer is not ready yet. `budget` counts the
  /// leases. Throws Failure for a file that is foreign, broken, of another version, or must not be
  /// read.
  static std::unique_ptr<Attachment> attach(const std::string& path,
                                            std::shared_ptr<LeaseBudget> budget, Wanted wanted);
  ~Attachment();
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

  const mmapvideo_file_header& header() const noexcept { return mapped_header_->header(); }
  platform::Signals& signals() const noexcept { return mapped_header_->signals(); }
  const mmapvideo_ring& ring() const noexcept { return ring_->ring(); }
  /// The mapped slot; index below ring().slot_count.
  const mmapvideo_slot_header& slot(std::uint32_t index) const noexcept {
    return ring_->slot(index);
  }
  /// For leases and their payloads.
  ReaderRing& mapped_ring() const noexcept { return *ring_; }
  /// The first frame of a reader of every frame, as it was before others knew of this one. 0: it
  /// wants the newest.
  std::uint64_t first_number() const noexcept { return first_number_; }
  /// The turn of a reader that wants every frame of a writer that waits for it (SPEC.md 8.4).
  bool takes_turns() const noexcept;
  const ReaderTurn& turn() const noexcept { return *turn_; }
  void move_turn(std::uint64_t number) { turn_->move_to(number, lane_); }
  void leave_turn() noexcept { turn_->leave(); }
  /// Copies bytes of a slot while the writer may be changing them (payload_copy.hpp). Throws
  /// Failure.
  void copy_racing(std::uint32_t index, std::uint64_t offset, void* to, std::size_t bytes) const;
  /// Maps the ring after ring(), or the oldest one after it that can be found. False: ring() is the
  /// one in use. Throws Failure.
  bool follow_growth();
  /// Right after a first turn.
  void leave_former_ring();
  /// Touches a few more pages of the ring in use. False: there is nothing left to touch.
  bool populate_more() noexcept;

  /// Where that cannot be asked, a writer counts as alive.
  bool writer_alive() const noexcept;
  /// Has the file locks, as far as its writer says?
  bool has_locks() const noexcept;
  platform::FileIdentity identity() const { return file_->identity(); }

 private:
  Attachment(platform::File file, std::shared_ptr<LeaseBudget> budget);
  bool map_header();
  bool map_ring();
  bool map_generation(std::uint64_t generation);
  void choose_first_number(Wanted wanted) noexcept;
  void announce_presence(Wanted wanted);
  void take_first_turn(Wanted wanted);

  const std::shared_ptr<const platform::File> file_;
  const std::shared_ptr<LeaseBudget> budget_;
  const std::shared_ptr<TurnHold> hold_;
  std::shared_ptr<MappedHeader> mapped_header_;
  std::shared_ptr<ReaderRing> ring_;
  std::uint32_t lane_ = 0;
  bool announced_ = false;  // the READER lock is held
  std::unique_ptr<ReaderTurn> turn_;
  std::uint64_t first_number_ = 0;
};

}  // namespace mmapvideo::core
