// SPDX-License-Identifier: MIT
// Waiting until downstream lets go of a leased frame.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace gstmmap {

/// Counts leases that ended. Any thread.
class LeaseGate {
 public:
  std::uint64_t ended_count() {
    const std::lock_guard lock(mutex_);
    return ended_count_;
  }
  void count_end() {
    {
      const std::lock_guard lock(mutex_);
      ++ended_count_;
    }
    changed_.notify_all();
  }
  /// Waits until more than `count` have ended. False: cancelled.
  bool wait_beyond(std::uint64_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cancelled_ || ended_count_ > count; });
    return !cancelled_;
  }
  /// The same, but not for longer than `limit`.
  bool wait_beyond(std::uint64_t count, std::chrono::nanoseconds limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [&] { return cancelled_ || ended_count_ > count; });
    return !cancelled_;
  }
  void set_cancelled(bool cancelled) {
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = cancelled;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t ended_count_ = 0;
  bool cancelled_ = false;
};

}  // namespace gstmmap
