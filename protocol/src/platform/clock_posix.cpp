// SPDX-License-Identifier: MIT
// Clocks and the process on POSIX systems.
#include <unistd.h>

#include <ctime>

#include "platform.hpp"

namespace mmapvideo::core::platform {
namespace {

std::uint64_t read_clock(clockid_t clock) noexcept {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

std::uint64_t monotonic_ns() noexcept { return read_clock(CLOCK_MONOTONIC); }
std::uint64_t wall_clock_ns() noexcept { return read_clock(CLOCK_REALTIME); }
std::uint64_t process_id() noexcept { return static_cast<std::uint64_t>(getpid()); }

}  // namespace mmapvideo::core::platform
