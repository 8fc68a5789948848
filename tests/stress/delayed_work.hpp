// SPDX-License-Identifier: MIT
// A thread that is given things to do later.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace mmapvideo_test {

/// Does what is left at once when it is destroyed.
template <typename Item>
class DelayedWork {
 public:
  explicit DelayedWork(std::function<void(Item)> work)
      : work_(std::move(work)), thread_([this] { run(); }) {}
  ~DelayedWork() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  DelayedWork(const DelayedWork&) = delete;
  DelayedWork& operator=(const DelayedWork&) = delete;

  void add(Item item, std::chrono::microseconds delay) {
    {
      const std::lock_guard lock(mutex_);
      items_.emplace(Clock::now() + delay, std::move(item));
    }
    changed_.notify_one();
  }
  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  using Clock = std::chrono::steady_clock;

  void run() {
    std::unique_lock lock(mutex_);
    while (!stop_ || !items_.empty()) {
      if (items_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const auto due = items_.begin()->first;
      if (!stop_ && due > Clock::now()) {
        changed_.wait_until(lock, due);
        continue;
      }
      Item item = std::move(items_.begin()->second);
      items_.erase(items_.begin());
      lock.unlock();
      work_(std::move(item));
      lock.lock();
    }
  }

  std::function<void(Item)> work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Clock::time_point, Item> items_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace mmapvideo_test
