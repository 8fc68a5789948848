// SPDX-License-Identifier: MIT
// A thread that sleeps on a futex word for as long as nobody wakes it: shows that a wake was sent,
// which bounded sleeps would hide.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>

namespace mmapvideo_test {

class FutexWaiter {
 public:
  /// Returns when the thread sleeps in the kernel.
  explicit FutexWaiter(std::uint32_t& word) : thread_([this, &word] { sleep_on(word); }) {
    while (!asleep()) ::usleep(500);
  }
  ~FutexWaiter() {
    if (thread_.joinable()) thread_.join();
  }

  /// Waits, under the watchdog of the test, until somebody wakes the thread.
  bool was_woken() {
    thread_.join();
    return woken_;
  }

 private:
  void sleep_on(std::uint32_t& word) {
    std::uint32_t value = std::atomic_ref<std::uint32_t>(word).load();
    task_ = static_cast<pid_t>(::syscall(SYS_gettid));
    long result;
    do {
      result = ::syscall(SYS_futex, &word, FUTEX_WAIT, value, nullptr, nullptr, 0);
    } while (result != 0 && errno == EINTR);
    woken_ = result == 0;
  }
  bool asleep() const {
    pid_t task = task_;
    if (task == 0) return false;
    std::ifstream in("/proc/self/task/" + std::to_string(task) + "/stat");
    std::string line;
    std::getline(in, line);
    std::size_t name_end = line.rfind(')');
    return name_end != std::string::npos && line.compare(name_end, 3, ") S") == 0;
  }

  std::atomic<pid_t> task_ = 0;
  std::atomic<bool> woken_ = false;
  std::thread thread_;
};

}  // namespace mmapvideo_test
