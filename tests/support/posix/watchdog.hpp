// SPDX-License-Identifier: MIT
// Aborts a test that hangs. The only time limit in these tests: no test asserts that something is
// fast, since a busy machine would make it fail.
#pragma once

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

namespace mmapvideo_test {

/// Lives in a test body. An alarm needs no thread, so that tests may fork freely.
class Watchdog {
 public:
  explicit Watchdog(unsigned seconds = 240) {
    ::signal(SIGALRM, &Watchdog::bark);
    ::alarm(seconds);
  }
  ~Watchdog() { ::alarm(0); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  static void bark(int) {
    static const char message[] = "watchdog: the test body hangs, aborting\n";
    if (::write(STDERR_FILENO, message, sizeof message - 1) < 0) ::_exit(98);
    std::abort();
  }
};

}  // namespace mmapvideo_test
