// SPDX-License-Identifier: MIT
// Clocks, boot identity, the process and randomness on Windows.
#include <windows.h>
// After windows.h.
#include <bcrypt.h>
#include <winternl.h>

#include <cstring>

#include "platform.hpp"

namespace mmapvideo::core::platform {
namespace {

constexpr std::uint64_t ns_per_s = 1'000'000'000;
constexpr std::uint64_t ns_per_filetime = 100;
constexpr std::uint64_t filetime_of_1970 = 116'444'736'000'000'000;

/// What NtQuerySystemInformation tells of the time of day, in units of 100 ns.
struct TimeOfDay {
  LARGE_INTEGER boot_time;
  LARGE_INTEGER current_time;
  LARGE_INTEGER time_zone_bias;
  ULONG time_zone_id;
  ULONG reserved;
  ULONGLONG boot_time_bias;  // how far the clock was set since, which moved boot_time
  ULONGLONG sleep_time_bias;
};
constexpr auto time_of_day_information = static_cast<SYSTEM_INFORMATION_CLASS>(3);

std::uint64_t counter_frequency() noexcept {
  LARGE_INTEGER frequency{};
  QueryPerformanceFrequency(&frequency);
  return static_cast<std::uint64_t>(frequency.QuadPart);
}

/// When the system started, as its clock was then; 0 when that cannot be told.
std::uint64_t boot_instant() noexcept {
  TimeOfDay time{};
  if (NtQuerySystemInformation(time_of_day_information, &time, sizeof time, nullptr) < 0) return 0;
  return static_cast<std::uint64_t>(time.boot_time.QuadPart) - time.boot_time_bias;
}

}  // namespace

ClockDomain clock_domain() noexcept {
  ClockDomain domain;
  domain.clock_id = MMAPVIDEO_CLOCK_QPC;
  const std::uint64_t boot = boot_instant();
  std::memcpy(domain.boot_id, &boot, sizeof boot);
  return domain;
}

/// Whole seconds first, so that nothing overflows.
std::uint64_t monotonic_ns() noexcept {
  static const std::uint64_t frequency = counter_frequency();
  LARGE_INTEGER counter{};
  QueryPerformanceCounter(&counter);
  const auto ticks = static_cast<std::uint64_t>(counter.QuadPart);
  return ticks / frequency * ns_per_s + ticks % frequency * ns_per_s / frequency;
}

std::uint64_t wall_clock_ns() noexcept {
  FILETIME time{};
  GetSystemTimePreciseAsFileTime(&time);
  const std::uint64_t since_1601 = std::uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime;
  return (since_1601 - filetime_of_1970) * ns_per_filetime;
}

std::uint64_t process_id() noexcept { return GetCurrentProcessId(); }

void fill_random(void* to, std::size_t bytes) noexcept {
  while (BCryptGenRandom(nullptr, static_cast<PUCHAR>(to), static_cast<ULONG>(bytes),
                         BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0)
    Sleep(1);
}

}  // namespace mmapvideo::core::platform
