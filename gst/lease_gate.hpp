// SPDX-License-Identifier: MIT
// Waiting until downstream lets go of a leased frame.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>

#include "mutex.hpp"

namespace gstmmap {

/// Counts leases that ended. Any thread.
class LeaseGate {
 public:
  std::uint64_t ended_count() {
    const MutexLock lock(mutex_);
    return ended_count_;
  }
  void count_end() {
    {
      const MutexLock lock(mutex_);
      ++ended_count_;
    }
    changed_.notify_all();
  }
  /// Waits until more than `count` have ended. False: cancelled.
  bool wait_beyond(std::uint64_t count) {
    const MutexLock lock(mutex_);
    mutex_.wait(changed_, [&] { return done(count); });
    return !cancelled_;
  }
  /// The same, but not for longer than `limit`.
  bool wait_beyond(std::uint64_t count, std::chrono::nanoseconds limit) {
    const MutexLock lock(mutex_);
    mutex_.wait_for(changed_, limit, [&] { return done(count); });
    return !cancelled_;
  }
  bool cancelled() {
    const MutexLock lock(mutex_);
    return cancelled_;
  }
  void set_cancelled(bool cancelled) {
    {
      const MutexLock lock(mutex_);
      cancelled_ = cancelled;
    }
    changed_.notify_all();
  }

 private:
  bool done(std::uint64_t count) const {
    mutex_.held_by_caller();
    return cancelled_ || ended_count_ > count;
  }

  Mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t ended_count_ GSTMMAP_GUARDED_BY(mutex_) = 0;
  bool cancelled_ GSTMMAP_GUARDED_BY(mutex_) = false;
};

}  // namespace gstmmap
