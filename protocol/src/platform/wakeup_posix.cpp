// SPDX-License-Identifier: MIT
// POSIX has nothing that wakes another process without a word it may write: waits look again in
// short steps, which the caller's limits bound.
#include <algorithm>
#include <cerrno>
#include <ctime>

#include "../seqlock.hpp"
#include "platform.hpp"

namespace mmapvideo::core::platform {
namespace {

constexpr std::uint64_t step_ns = 1'000'000;

void sleep_a_step(std::uint64_t limit_ns) noexcept {
  const timespec step{0, static_cast<long>(std::min(limit_ns, step_ns))};
  nanosleep(&step, nullptr);
}

/// Until `changed` says so.
template <typename Changed>
void sleep_until(const Canceller& canceller, std::uint64_t limit_ns, Changed changed) noexcept {
  const std::uint64_t begin_ns = monotonic_ns();
  for (;;) {
    const std::uint64_t passed_ns = monotonic_ns() - begin_ns;
    if (canceller.cancelled() || changed() || passed_ns >= limit_ns) return;
    sleep_a_step(limit_ns - passed_ns);
  }
}

}  // namespace

Canceller::Canceller() = default;

Canceller::~Canceller() = default;

void Canceller::cancel() noexcept { word_.store(1); }

void Canceller::reset() noexcept { word_.store(0); }

void wait_for_cancel(const Canceller& canceller, std::uint64_t limit_ns) noexcept {
  sleep_until(canceller, limit_ns, [] { return false; });
}

struct Signals::Events {};

Signals::Signals(mmapvideo_file_header& header, Access) : header_(header) {}

Signals::~Signals() = default;

void Signals::announce() noexcept { increment_release(header_.published); }

void Signals::wait_for_published(std::uint32_t expected, const Canceller& canceller,
                                 std::uint64_t limit_ns) noexcept {
  sleep_until(canceller, limit_ns, [&] { return load_relaxed(header_.published) != expected; });
}

void Signals::wait_for_released(std::uint32_t expected, const Canceller& canceller,
                                std::uint64_t limit_ns) noexcept {
  sleep_until(canceller, limit_ns, [&] { return load_relaxed(header_.released) != expected; });
}

void Signals::wake_writer() noexcept {}

}  // namespace mmapvideo::core::platform
