// SPDX-License-Identifier: MIT
// Ctrl-C, Ctrl-Break and a closed window on Windows: a request to finish in good order.
//
// Windows calls the handler in a thread of its own, which ends what the main thread is reading or
// writing. The main thread is the one that is interrupted.
#include "interrupt.hpp"

#include <windows.h>

#include <algorithm>
#include <atomic>
#include <system_error>

namespace mmapvideo::tools {
namespace {

constexpr std::uint64_t ns_per_ms = 1'000'000;

std::atomic<bool> was_requested{false};

}  // namespace

struct Interrupt::State {
  explicit State(std::function<void()> action) : on_request(std::move(action)) {
    DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &main_thread, 0,
                    FALSE, DUPLICATE_SAME_ACCESS);
    requested = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    if (main_thread == nullptr || requested == nullptr)
      throw std::system_error(static_cast<int>(GetLastError()), std::system_category(),
                              "CreateEvent");
    present = this;
    SetConsoleCtrlHandler(note_request, TRUE);
  }
  ~State() {
    SetConsoleCtrlHandler(note_request, FALSE);
    present = nullptr;
    CloseHandle(requested);
    CloseHandle(main_thread);
  }

  /// FALSE: this is the second one; Windows ends the process.
  static BOOL WINAPI note_request(DWORD) {
    State* const state = present;
    if (was_requested.exchange(true) || state == nullptr) return FALSE;
    SetEvent(state->requested);
    state->on_request();
    CancelSynchronousIo(state->main_thread);
    return TRUE;
  }

  static inline std::atomic<State*> present{nullptr};
  const std::function<void()> on_request;
  HANDLE main_thread = nullptr;
  HANDLE requested = nullptr;
};

Interrupt::Interrupt(std::function<void()> on_request) {
  was_requested = false;
  state_ = std::make_unique<State>(std::move(on_request));
}

Interrupt::~Interrupt() = default;

bool Interrupt::requested() const noexcept { return was_requested; }

bool Interrupt::wait(std::uint64_t limit_ns) const noexcept {
  const std::uint64_t limit_ms =
      std::min<std::uint64_t>((limit_ns + ns_per_ms - 1) / ns_per_ms, 60'000);
  return WaitForSingleObject(state_->requested, static_cast<DWORD>(limit_ms)) == WAIT_OBJECT_0;
}

int Interrupt::descriptor() const noexcept { return -1; }

/// Windows knows no such signal.
void expect_closed_pipes() {}

}  // namespace mmapvideo::tools
