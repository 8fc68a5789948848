// SPDX-License-Identifier: MIT
// The writer's algorithm (SPEC.md 7, 10, 11): one session from start to end.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mutex.hpp"
#include "platform/platform.hpp"
#include "released.hpp"
#include "turn_watch.hpp"
#include "writer_ring.hpp"

namespace mmapvideo::core {

/// Publishes frames into one file. From any thread: one mutex guards all but the figures.
///
/// Failures are thrown as Failure; a full ring is an ordinary outcome and returned.
class Writer {
 public:
  struct Options {
    std::string path;
    std::uint32_t permissions = 0600;
    std::uint32_t slot_count = 0;  // 0: chosen from the frame size
    std::uint32_t delivery = MMAPVIDEO_DELIVERY_LATEST;
    std::int64_t wait_timeout_ns = MMAPVIDEO_DEFAULT_WAIT_TIMEOUT_NS;  // negative: no limit
  };
  struct Sizes {
    std::uint64_t payload_bytes;
    std::uint32_t caps_bytes;
    std::uint64_t metadata_bytes;
  };

  explicit Writer(Options options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// OK or CANCELLED.
  mmapvideo_status reserve(const Sizes& sizes, std::uint32_t held_slots);
  /// OK, CANCELLED, or NO_FREE_SLOT: the frame was dropped and counted.
  mmapvideo_status begin(const Sizes& sizes, mmapvideo_slot_view& view);
  /// A slot ahead of need. OK, CANCELLED, or NO_FREE_SLOT: none can be spared.
  mmapvideo_status lend(const Sizes& sizes, mmapvideo_slot_view& view);
  /// The number. Nothing: the slot is of a former ring.
  std::optional<std::uint64_t> commit(const mmapvideo_slot_view& view,
                                      const mmapvideo_frame_info& info, const char* caps,
                                      bool hold);
  /// True: the writer is closed, and this was the last slot that was out: destroy it.
  bool abort(const mmapvideo_slot_view& view);
  bool release(const mmapvideo_slot_view& view);
  /// Ends the session; the next begin() or commit() starts another one.
  void end() noexcept;
  /// Ends, removes the file unless `keep_file`, and lets go of it. True: nothing is out, destroy
  /// the writer. False: only abort() and release() may follow. The destructor keeps the file.
  bool close(bool keep_file) noexcept;
  /// OK, TIMEOUT, CANCELLED or NO_LOCKS.
  mmapvideo_status wait_for_readers(std::uint32_t count, std::int64_t timeout_ns);
  /// Ends all waits, and those to come until resume().
  void cancel() noexcept { released_.cancel(); }
  void resume() noexcept { released_.resume(); }
  mmapvideo_writer_stats stats() const;

 private:
  void open_and_lock();
  void create_or_validate();
  void create();
  void validate();
  void take_over() MMAPVIDEO_REQUIRES(mutex_);
  void begin_forming() noexcept;
  void ignore_turns() MMAPVIDEO_REQUIRES(mutex_);
  void start_session() MMAPVIDEO_REQUIRES(mutex_);
  void repair() MMAPVIDEO_REQUIRES(mutex_);
  void give_back_unused_end();
  void repair_slots(WriterRing& present) MMAPVIDEO_REQUIRES(mutex_);
  bool ring_suits(const Sizes& sizes, std::uint32_t held_slots) const noexcept
      MMAPVIDEO_REQUIRES(mutex_);
  static void repair_former_slots(const WriterRing& former) noexcept;
  mmapvideo_status provide_ring(const Sizes& sizes, std::uint32_t held_slots)
      MMAPVIDEO_REQUIRES(mutex_);
  bool wait_until_former_ring_is_read() MMAPVIDEO_REQUIRES(mutex_);
  void grow(const Sizes& sizes, std::uint32_t held_slots) MMAPVIDEO_REQUIRES(mutex_);
  static void write_descriptor(mmapvideo_ring& descriptor, const mmapvideo_ring& ring) noexcept;
  std::unique_ptr<WriterRing> new_ring(const mmapvideo_ring& ring) MMAPVIDEO_REQUIRES(mutex_);
  std::unique_ptr<WriterRing> append_ring(mmapvideo_ring ring) MMAPVIDEO_REQUIRES(mutex_);
  void use_ring(std::unique_ptr<WriterRing> ring) noexcept MMAPVIDEO_REQUIRES(mutex_);
  void look_after_readers() MMAPVIDEO_REQUIRES(mutex_);
  void give_back_former_rings() MMAPVIDEO_REQUIRES(mutex_);
  void require_publishable(const Sizes& sizes) const MMAPVIDEO_REQUIRES(mutex_);
  void check_frame(const WriterRing& ring, const mmapvideo_frame_info& info,
                   const char* caps) const;
  void fill_header(mmapvideo_slot_header& slot, const mmapvideo_frame_info& info, const char* caps,
                   std::uint64_t number) const MMAPVIDEO_REQUIRES(mutex_);
  void move_head(const mmapvideo_frame_info& info, std::uint64_t number) noexcept
      MMAPVIDEO_REQUIRES(mutex_);

  bool waits_for_readers() const noexcept MMAPVIDEO_REQUIRES(mutex_) {
    return locked_ && turns_.waits();
  }
  template <typename TryTake, typename WorthWaiting>
  mmapvideo_status take(const Sizes& sizes, TryTake try_take, WorthWaiting worth_waiting,
                        mmapvideo_slot_view& view) MMAPVIDEO_REQUIRES(mutex_);
  mmapvideo_status leave_held_ring(const Sizes& sizes) MMAPVIDEO_REQUIRES(mutex_);
  void wait_until_finished(std::uint64_t number) MMAPVIDEO_REQUIRES(mutex_);
  template <typename Number, typename Enough>
  void pass_over_all(Number number, Enough enough) MMAPVIDEO_REQUIRES(mutex_);
  bool pass_over(std::uint64_t number) MMAPVIDEO_REQUIRES(mutex_);
  void count_wait() noexcept;
  bool has_readers(std::uint32_t count) const;
  std::uint32_t lossless_reader_count() const;

  WriterRing* find_ring(const mmapvideo_slot_view& view) const noexcept MMAPVIDEO_REQUIRES(mutex_);
  bool slot_came_back(WriterRing& ring, const mmapvideo_slot_view& view) noexcept
      MMAPVIDEO_REQUIRES(mutex_);
  bool nothing_out() const noexcept;
  void end_session() noexcept MMAPVIDEO_REQUIRES(mutex_);
  void remove_own_file() noexcept;
  void announce() noexcept;
  mmapvideo_file_header& header() const noexcept;

  const Options options_;
  mutable Mutex mutex_;
  // Set by the start and by close(), and read by anybody.
  platform::File file_;
  platform::Mapping header_mapping_;
  std::unique_ptr<platform::Signals> signals_;  // once the file is known to be good
  ReleasedWait released_;
  TurnWatch turns_ MMAPVIDEO_GUARDED_BY(mutex_){file_,
                                                options_.delivery != MMAPVIDEO_DELIVERY_LATEST};
  // None before the first frame.
  std::unique_ptr<WriterRing> current_ MMAPVIDEO_GUARDED_BY(mutex_);
  // With memory that was not given back yet.
  std::vector<std::unique_ptr<WriterRing>> former_rings_ MMAPVIDEO_GUARDED_BY(mutex_);
  bool created_ = false;
  bool locked_ = false;
  bool in_memory_ = false;
  bool ended_ MMAPVIDEO_GUARDED_BY(mutex_) = true;  // no session is open
  bool closed_ MMAPVIDEO_GUARDED_BY(mutex_) = false;
  std::uint64_t next_number_ MMAPVIDEO_GUARDED_BY(mutex_) = 1;
  std::uint64_t session_id_ MMAPVIDEO_GUARDED_BY(mutex_) = 0;
  // By this writer, in current_.
  std::uint64_t published_in_ring_ MMAPVIDEO_GUARDED_BY(mutex_) = 0;
  // Of current_, or a later one after a take-over.
  std::uint64_t first_number_in_ring_ MMAPVIDEO_GUARDED_BY(mutex_) = 1;
  // Figures for stats(), written under the mutex and read without it.
  std::uint64_t frame_count_ = 0;
  std::uint64_t dropped_count_ = 0;
  std::uint64_t byte_count_ = 0;
  std::uint64_t slot_count_ = 0;
  std::uint64_t payload_capacity_ = 0;
  std::uint64_t slots_out_ = 0;
  std::uint64_t wait_count_ = 0;
  std::uint64_t passed_over_count_ = 0;
  std::uint64_t passed_over_now_ = 0;
};

}  // namespace mmapvideo::core
