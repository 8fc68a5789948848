// SPDX-License-Identifier: MIT
// The reader's algorithm (SPEC.md 8): finding the next frame, waiting for it, copying it.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attachment.hpp"

namespace mmapvideo::core {

/// Takes frames out of one path, whatever happens to the file there. One thread uses it, except
/// for cancel(), resume() and stats().
class Reader {
 public:
  struct Options {
    std::string path;
    mmapvideo_delivery delivery = MMAPVIDEO_DELIVERY_LATEST;
    bool accept_leftover = false;
    std::uint32_t max_leases = MMAPVIDEO_DEFAULT_MAX_LEASES;
  };

  explicit Reader(Options options) : options_(std::move(options)) {}

  /// OK, TIMEOUT, CANCELLED, ENDED or WRITER_LOST; throws Failure for anything else.
  mmapvideo_status next(std::int64_t timeout_ns, mmapvideo_frame& frame);
  /// OK or OVERWRITTEN; throws Failure when there is no frame or it is smaller.
  mmapvideo_status copy_range(std::uint64_t offset, void* to, std::uint64_t bytes);
  /// OK, OVERWRITTEN, NO_LOCKS or TOO_MANY_LEASES; throws Failure when there is no frame.
  mmapvideo_status lease(mmapvideo_lease& lease);

  void cancel() noexcept { canceller_.cancel(); }
  void resume() noexcept { canceller_.reset(); }
  mmapvideo_reader_stats stats() const noexcept;

 private:
  /// Where the next frame is expected to be, and the stamp that says so.
  struct Candidate {
    std::uint32_t index;
    std::uint64_t stamp;
  };
  /// What happened in one look at the file.
  enum class Look { frame, nothing, ended };
  enum class Snapshot { taken, changed };

  bool attach();
  Wanted wanted() const noexcept;
  void choose_start();
  bool try_choose_start();
  void keep_turn();
  bool is_turn_due() const noexcept;
  void move_turn_up();
  void give_up_until(std::uint64_t head);
  Look look(mmapvideo_frame& frame);
  std::optional<Candidate> choose() const;
  std::optional<Candidate> choose_newest() const;
  std::optional<Candidate> choose_next() const;
  std::optional<Candidate> search_ring() const;
  Snapshot take_snapshot(const Candidate& candidate);
  void accept(const Candidate& candidate, mmapvideo_frame& frame);
  std::optional<mmapvideo_status> look_after_file();
  bool writer_lost();
  bool drained() const;
  void follow_path();
  void require_frame() const;
  void lose_frame() noexcept;
  void count_torn() noexcept;

  const Options options_;
  platform::Canceller canceller_;
  const std::shared_ptr<LeaseBudget> lease_budget_ = std::make_shared<LeaseBudget>();
  std::unique_ptr<Attachment> attachment_;
  std::uint64_t last_care_ns_ = 0;  // when look_after_file() was last due

  bool waited_for_file_ = false;       // it was not there, or not ready, when first looked for
  std::uint64_t position_ = 0;         // number of the last frame taken
  std::uint64_t seen_head_ = 0;        // head_number in the last look
  std::uint64_t pending_skipped_ = 0;  // missed, and not yet told with a frame
  std::uint64_t session_ = 0;          // of the last frame that arrived whole
  std::uint64_t former_session_ = 0;   // what session_ was before the current frame
  std::uint64_t told_ended_session_ = 0;
  std::uint64_t told_lost_session_ = 0;
  std::uint32_t last_index_ = 0;  // slot taken last, in the attached ring

  // The current frame: a private, validated copy of all but the payload.
  bool has_frame_ = false;
  Candidate current_{};
  mmapvideo_slot_header snapshot_{};
  std::vector<char> caps_;
  std::vector<std::byte> metadata_;

  std::atomic<std::uint64_t> frame_count_{0};
  std::atomic<std::uint64_t> skipped_count_{0};
  std::atomic<std::uint64_t> torn_retry_count_{0};
  std::atomic<std::uint64_t> attach_count_{0};
  std::atomic<std::uint64_t> leased_count_{0};
  std::atomic<std::uint32_t> lease_limit_{options_.max_leases};
  std::atomic<bool> attached_{false};
  std::atomic<bool> writer_alive_{false};
  std::atomic<bool> clock_comparable_{false};
};

}  // namespace mmapvideo::core
