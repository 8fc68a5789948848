// SPDX-License-Identifier: MIT
// Futexes on shared, read-only mapped words. Not PRIVATE: the other side is another process.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>

#include "../seqlock.hpp"
#include "platform.hpp"

namespace mmapvideo::core::platform {
namespace {

constexpr std::uint64_t ns_per_s = 1'000'000'000;
// Where one cannot wait for two words at once, a cancel is noticed after at most this long.
constexpr std::uint64_t cancel_poll_ns = 10'000'000;
// How long a wait lasts that nobody ends.
constexpr std::uint64_t unwoken_sleep_ns = 5'000'000;

// Layout and number of futex_waitv (Linux 5.16), which C library headers may not know yet.
struct WaitEntry {
  std::uint64_t expected;
  std::uint64_t address;
  std::uint32_t flags;
  std::uint32_t reserved;
};
constexpr long sys_futex_waitv = 449;
constexpr std::uint32_t futex_size_u32 = 2;

timespec to_timespec(std::uint64_t ns) noexcept {
  timespec time{};
  time.tv_sec = static_cast<time_t>(ns / ns_per_s);
  time.tv_nsec = static_cast<long>(ns % ns_per_s);
  return time;
}

std::uint64_t address_of(const void* word) noexcept {
  return reinterpret_cast<std::uintptr_t>(word);
}

/// False: the kernel has no such call, or a system call filter forbids it.
bool wait_for_either(const std::uint32_t& word, std::uint32_t expected,
                     const std::atomic<std::uint32_t>& cancel_word,
                     std::uint64_t limit_ns) noexcept {
  const WaitEntry entries[2] = {
      {expected, address_of(&word), futex_size_u32, 0},
      {0, address_of(&cancel_word), futex_size_u32 | FUTEX_PRIVATE_FLAG, 0},
  };
  const timespec deadline = to_timespec(monotonic_ns() + limit_ns);
  return syscall(sys_futex_waitv, entries, 2u, 0u, &deadline, CLOCK_MONOTONIC) >= 0 ||
         (errno != ENOSYS && errno != EPERM);
}

void wait_for_one(const std::uint32_t& word, std::uint32_t expected, int private_flag,
                  std::uint64_t limit_ns) noexcept {
  const timespec limit = to_timespec(limit_ns);
  syscall(SYS_futex, &word, FUTEX_WAIT | private_flag, expected, &limit, nullptr, 0);
}

const std::uint32_t& plain(const std::atomic<std::uint32_t>& word) noexcept {
  static_assert(sizeof(word) == sizeof(std::uint32_t));
  return reinterpret_cast<const std::uint32_t&>(word);
}

void wake_all(const std::uint32_t& word) noexcept {
  syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void wait_for_change(const std::uint32_t& word, std::uint32_t expected, const Canceller& canceller,
                     std::uint64_t limit_ns) noexcept {
  if (!wait_for_either(word, expected, canceller.word(), limit_ns))
    wait_for_one(word, expected, 0, std::min(limit_ns, cancel_poll_ns));
}

}  // namespace

Canceller::Canceller() = default;

Canceller::~Canceller() = default;

void Canceller::cancel() noexcept {
  word_.store(1);
  syscall(SYS_futex, &word_, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, nullptr, nullptr, 0);
}

void Canceller::reset() noexcept { word_.store(0); }

void wait_for_cancel(const Canceller& canceller, std::uint64_t limit_ns) noexcept {
  wait_for_one(plain(canceller.word()), 0, FUTEX_PRIVATE_FLAG, limit_ns);
}

struct Signals::Events {};

Signals::Signals(mmapvideo_file_header& header, Access) : header_(header) {}

Signals::~Signals() = default;

void Signals::announce() noexcept {
  increment_release(header_.published);
  wake_all(header_.published);
}

void Signals::wait_for_published(std::uint32_t expected, const Canceller& canceller,
                                 std::uint64_t limit_ns) noexcept {
  // The writer of another system changes the word and cannot wake.
  const bool woken = load_relaxed(header_.clock_id) != MMAPVIDEO_CLOCK_QPC;
  wait_for_change(header_.published, expected, canceller,
                  woken ? limit_ns : std::min(limit_ns, unwoken_sleep_ns));
}

void Signals::wait_for_released(std::uint32_t expected, const Canceller& canceller,
                                std::uint64_t limit_ns) noexcept {
  wait_for_change(header_.released, expected, canceller, limit_ns);
}

void Signals::wake_writer() noexcept { wake_all(header_.released); }

}  // namespace mmapvideo::core::platform
