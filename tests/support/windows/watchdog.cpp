// SPDX-License-Identifier: MIT
// The watchdog on Windows.
#include "watchdog.hpp"

#include <windows.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

namespace mmapvideo_test {
namespace {

constexpr unsigned kPatience = 4;
std::atomic<ULONGLONG> due_ms{0};  // 0: never

void watch() {
  for (;;) {
    Sleep(500);
    const ULONGLONG due = due_ms;
    if (due == 0 || GetTickCount64() < due) continue;
    std::fputs("watchdog: the test body hangs, aborting\n", stderr);
    std::fflush(stderr);
    TerminateProcess(GetCurrentProcess(), 98);
  }
}

}  // namespace

Watchdog::Watchdog(unsigned seconds) {
  static std::once_flag once;
  std::call_once(once, [] { std::thread(watch).detach(); });
  due_ms = GetTickCount64() + 1000ull * kPatience * seconds;
}

Watchdog::~Watchdog() { due_ms = 0; }

}  // namespace mmapvideo_test
