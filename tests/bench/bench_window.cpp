// SPDX-License-Identifier: MIT
// Events inside a span of time, and the kernel's account of what they cost.
#include "bench_window.hpp"

#include <sys/resource.h>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <string>

namespace bench {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;

std::uint64_t nanoseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * second_ns +
         static_cast<std::uint64_t>(time.tv_usec) * 1000;
}

}  // namespace

std::uint64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * second_ns +
         static_cast<std::uint64_t>(time.tv_nsec);
}

void sleep_until(std::uint64_t time_ns) {
  const timespec time{static_cast<time_t>(time_ns / second_ns),
                      static_cast<long>(time_ns % second_ns)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
}

Usage read_usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime),
          static_cast<std::uint64_t>(usage.ru_minflt)};
}

double resident_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.compare(0, 6, "VmRSS:") == 0) return std::stod(line.substr(6)) / 1024;
  return 0;
}

bool Window::note(std::uint64_t event_ns) {
  if (closed()) return false;
  if (first_ns_ == 0) first_ns_ = event_ns;
  if (opened_ns_ == 0) {
    if (event_ns < first_ns_ + settings_.warmup_ns) return false;
    opened_ns_ = last_ns_ = event_ns;
    usage_at_start_ = read_usage();
    return false;
  }
  ++count_;
  last_ns_ = event_ns;
  if (event_ns >= opened_ns_ + settings_.length_ns) {
    usage_at_end_ = read_usage();
    closed_.store(true, std::memory_order_release);
  }
  return true;
}

Figures Window::figures() const {
  if (count_ == 0) return {{"frames", 0}};
  const Usage end = closed() ? usage_at_end_ : read_usage();
  const auto count = static_cast<double>(count_);
  const auto cpu_ns = static_cast<double>(end.cpu_ns - usage_at_start_.cpu_ns);
  const auto faults = static_cast<double>(end.minor_faults - usage_at_start_.minor_faults);
  return {{"frames", count},
          {"frames_per_s", count * 1e9 / static_cast<double>(last_ns_ - opened_ns_)},
          {"cpu_us", cpu_ns / 1e3 / count},
          {"faults", faults / count}};
}

}  // namespace bench
