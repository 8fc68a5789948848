// SPDX-License-Identifier: MIT
// Named events on Windows (SPEC.md 6). Event `n mod 16` is set when `published` has become n, and
// reset before it becomes n; so who last saw n - 1 waits for it, and cannot miss it unless 15 more
// frames were published between the look and the wait. That one is found when the wait ends.
#include <windows.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <mutex>

#include "../seqlock.hpp"
#include "os_failure_windows.hpp"
#include "platform.hpp"

namespace mmapvideo::core::platform {
namespace {

constexpr std::uint32_t event_count = 16;
constexpr std::uint64_t ns_per_ms = 1'000'000;
// How long a wait lasts that nobody ends.
constexpr std::uint64_t unwoken_sleep_ns = 5 * ns_per_ms;

DWORD to_ms(std::uint64_t ns) noexcept {
  return static_cast<DWORD>(std::min<std::uint64_t>((ns + ns_per_ms - 1) / ns_per_ms, 60'000));
}

HANDLE handle_of(const Canceller& canceller) noexcept {
  return reinterpret_cast<HANDLE>(canceller.handle());
}

/// Closes itself; may be nothing.
class Event {
 public:
  Event() = default;
  explicit Event(HANDLE handle) noexcept : handle_(handle) {}
  Event(Event&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Event& operator=(Event&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Event() {
    if (handle_ != nullptr) CloseHandle(handle_);
  }
  HANDLE get() const noexcept { return handle_; }
  explicit operator bool() const noexcept { return handle_ != nullptr; }

 private:
  HANDLE handle_ = nullptr;
};

/// Local\mmapvideo-<file_id in hexadecimal>-<suffix>
struct EventName {
  EventName(const std::uint8_t (&file_id)[16], const char* suffix) noexcept {
    int at = std::snprintf(text, sizeof text, "Local\\mmapvideo-");
    for (const std::uint8_t byte : file_id) at += std::snprintf(text + at, 3, "%02x", byte);
    std::snprintf(text + at, sizeof text - static_cast<std::size_t>(at), "-%s", suffix);
  }
  EventName(const std::uint8_t (&file_id)[16], std::uint32_t index) noexcept
      : EventName(file_id, std::to_string(index).c_str()) {}
  char text[80];
};

}  // namespace

// ---- Cancelling -------------------------------------------------------------------------------

Canceller::Canceller()
    : handle_(reinterpret_cast<std::intptr_t>(CreateEventW(nullptr, TRUE, FALSE, nullptr))) {
  if (handle_ == 0)
    throw Failure(MMAPVIDEO_SYSTEM, "Windows has no event left for this process.",
                  os_detail("CreateEvent", GetLastError()), static_cast<int>(GetLastError()));
}

Canceller::~Canceller() { CloseHandle(handle_of(*this)); }

void Canceller::cancel() noexcept {
  word_.store(1);
  SetEvent(handle_of(*this));
}

void Canceller::reset() noexcept {
  ResetEvent(handle_of(*this));
  word_.store(0);
}

void wait_for_cancel(const Canceller& canceller, std::uint64_t limit_ns) noexcept {
  WaitForSingleObject(handle_of(canceller), to_ms(limit_ns));
}

// ---- Signals ----------------------------------------------------------------------------------

struct Signals::Events {
  std::array<Event, event_count> published;
  Event released;
  bool opened = false;        // all of `published` are there
  std::mutex released_mutex;  // guards `released` of readers, who open it when they need it

  void create(const mmapvideo_file_header& header);
  bool open(const mmapvideo_file_header& header) noexcept;
  void bring_into_step(std::uint32_t published_word) noexcept;
};

/// Those of a former writer whose readers are still there are the same ones.
void Signals::Events::create(const mmapvideo_file_header& header) {
  const auto required = [](HANDLE handle) {
    if (handle == nullptr)
      throw Failure(MMAPVIDEO_SYSTEM,
                    "The events of a mapped file cannot be created: another program may have taken "
                    "their names.",
                    os_detail("CreateEvent", GetLastError()), static_cast<int>(GetLastError()));
    return Event(handle);
  };
  for (std::uint32_t i = 0; i < event_count; ++i)
    published[i] = required(CreateEventA(nullptr, TRUE, FALSE, EventName(header.file_id, i).text));
  released =
      required(CreateEventA(nullptr, FALSE, FALSE, EventName(header.file_id, "released").text));
  opened = true;
}

/// A reader's. False: no writer of Windows has made them.
bool Signals::Events::open(const mmapvideo_file_header& header) noexcept {
  for (std::uint32_t i = 0; i < event_count; ++i) {
    if (!published[i])
      published[i] = Event(OpenEventA(SYNCHRONIZE, FALSE, EventName(header.file_id, i).text));
    if (!published[i]) return false;
  }
  return true;
}

/// A writer that was killed may have left them between two steps.
void Signals::Events::bring_into_step(std::uint32_t published_word) noexcept {
  const std::uint32_t next = (published_word + 1) % event_count;
  for (std::uint32_t i = 0; i < event_count; ++i)
    i == next ? ResetEvent(published[i].get()) : SetEvent(published[i].get());
}

Signals::Signals(mmapvideo_file_header& header, Access access)
    : header_(header), events_(std::make_unique<Events>()) {
  if (access == Access::read) return;
  events_->create(header);
  events_->bring_into_step(load_relaxed(header.published));
}

Signals::~Signals() = default;

/// In this order: reset later, an event could be lost by a reader that has seen the new number.
void Signals::announce() noexcept {
  const std::uint32_t number = load_relaxed(header_.published) + 1;
  ResetEvent(events_->published[(number + 1) % event_count].get());
  increment_release(header_.published);
  SetEvent(events_->published[number % event_count].get());
}

void Signals::wait_for_published(std::uint32_t expected, const Canceller& canceller,
                                 std::uint64_t limit_ns) noexcept {
  if (load_relaxed(header_.published) != expected) return;
  // The writer of another system changes the word and sets no event.
  const bool woken = load_relaxed(header_.clock_id) == MMAPVIDEO_CLOCK_QPC;
  if (!woken || (!events_->opened && !(events_->opened = events_->open(header_))))
    return wait_for_cancel(canceller, std::min(limit_ns, unwoken_sleep_ns));
  const HANDLE either[] = {events_->published[(expected + 1) % event_count].get(),
                           handle_of(canceller)};
  const DWORD outcome = WaitForMultipleObjects(2, either, FALSE, to_ms(limit_ns));
  // Set, though nothing was published: a writer was killed, or is of another system.
  if (outcome == WAIT_OBJECT_0 && load_relaxed(header_.published) == expected)
    wait_for_cancel(canceller, std::min(limit_ns, ns_per_ms));
}

void Signals::wait_for_released(std::uint32_t expected, const Canceller& canceller,
                                std::uint64_t limit_ns) noexcept {
  if (load_relaxed(header_.released) != expected) return;
  const HANDLE either[] = {events_->released.get(), handle_of(canceller)};
  WaitForMultipleObjects(2, either, FALSE, to_ms(limit_ns));
}

void Signals::wake_writer() noexcept {
  const std::lock_guard guard(events_->released_mutex);
  Event& released = events_->released;
  if (!released)
    released =
        Event(OpenEventA(EVENT_MODIFY_STATE, FALSE, EventName(header_.file_id, "released").text));
  if (released) SetEvent(released.get());
}

}  // namespace mmapvideo::core::platform
