// SPDX-License-Identifier: MIT
// Something that happens while the main thread waits.
#pragma once

#include <chrono>
#include <thread>

namespace mmapvideo_test {

/// Runs `action` after the reader of the main thread had time to fall asleep. The delay decides
/// only which path is taken, never whether the test passes: where that depends on it, the action
/// waits for what it needs, and there is no delay.
class Later {
 public:
  template <typename Action>
  explicit Later(Action action, std::chrono::milliseconds delay = std::chrono::milliseconds(60))
      : thread_([=] {
          std::this_thread::sleep_for(delay);
          action();
        }) {}
  ~Later() { thread_.join(); }

 private:
  std::thread thread_;
};

}  // namespace mmapvideo_test
