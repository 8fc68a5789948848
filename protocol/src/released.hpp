// SPDX-License-Identifier: MIT
// The futex word `released` (SPEC.md 6, 7.4): the writer waits on it, readers only wake it.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "deadline.hpp"
#include "mapped_header.hpp"
#include "mutex.hpp"
#include "platform/platform.hpp"
#include "seqlock.hpp"

namespace mmapvideo::core {

/// The reader's side: told after each unlock of a lease or turn. Leases keep it alive.
class ReleasedBell {
 public:
  explicit ReleasedBell(std::shared_ptr<MappedHeader> header) : header_(std::move(header)) {}

  const mmapvideo_file_header& header() const noexcept { return header_->header(); }
  bool writer_waits() const noexcept { return (load_relaxed(header_->header().released) & 1) != 0; }
  /// One system call, and only if the writer waits (H).
  void ring() const noexcept {
    ring_unless([] { return false; });
  }
  /// `is_no_news` is looked at when the unlock is visible.
  template <typename IsNoNews>
  void ring_unless(IsNoNews is_no_news) const noexcept {
    fence_between_lock_and_word();
    if (!is_no_news() && writer_waits()) header_->signals().wake_writer();
  }

 private:
  std::shared_ptr<MappedHeader> header_;
};

enum class WaitOutcome { met, timed_out, cancelled };

/// The writer's side. Guarded by the writer's mutex, which a wait lets go of while it sleeps.
class ReleasedWait {
 public:
  void cancel() noexcept { canceller_.cancel(); }
  void resume() noexcept { canceller_.reset(); }

  /// Until met() is true. Negative timeout: no limit. `word` is the header's, as are the signals.
  /// The mutex is held while met() is called, and on return.
  template <typename Met>
  WaitOutcome wait(std::uint32_t& word, platform::Signals& signals, Mutex& mutex,
                   std::int64_t timeout_ns, Met met) MMAPVIDEO_REQUIRES(mutex) {
    const Announcement announcement(*this, word);
    const Deadline deadline(timeout_ns);
    for (;;) {
      const std::uint32_t value = load_relaxed(word);
      if (met()) return WaitOutcome::met;
      if (canceller_.cancelled()) return WaitOutcome::cancelled;
      const std::uint64_t limit_ns = deadline.limit(platform::monotonic_ns(), longest_sleep_ns);
      if (limit_ns == 0) return WaitOutcome::timed_out;
      mutex.unlock();
      signals.wait_for_released(value, canceller_, limit_ns);
      mutex.lock();
    }
  }

 private:
  // A reader's wake may be lost: it cannot change the word.
  static constexpr std::uint64_t longest_sleep_ns = ns_per_ms;

  /// The word is odd while anybody waits; then the lock table is looked at (H).
  class Announcement {
   public:
    Announcement(ReleasedWait& wait, std::uint32_t& word) noexcept : wait_(wait), word_(word) {
      if (wait_.waiting_count_++ == 0) increment_release(word_);
      fence_between_lock_and_word();
    }
    ~Announcement() {
      if (--wait_.waiting_count_ == 0) increment_release(word_);
    }
    Announcement(const Announcement&) = delete;
    Announcement& operator=(const Announcement&) = delete;

   private:
    ReleasedWait& wait_;
    std::uint32_t& word_;
  };

  platform::Canceller canceller_;
  int waiting_count_ = 0;
};

}  // namespace mmapvideo::core
