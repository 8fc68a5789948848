// SPDX-License-Identifier: MIT
// The watchdog of support/watchdog.hpp: one time limit for the process, and a thread that looks.
#pragma once

namespace mmapvideo_test {

/// Lives in a test body. The one made last counts. Wine is slow: it waits longer.
class Watchdog {
 public:
  explicit Watchdog(unsigned seconds = 240);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
};

}  // namespace mmapvideo_test
