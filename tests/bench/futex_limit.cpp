// SPDX-License-Identifier: MIT
// A bare futex in a shared page, woken once a period.
#include "futex_limit.hpp"

#include <vector>

#include "bench_process.hpp"
#include "bench_task.hpp"
#include "bench_window.hpp"
#include "shared_page.hpp"

namespace bench {
namespace {

struct WakePage {
  SharedWord turn;
  SharedWord ended;
  std::atomic<std::uint64_t> stamp_ns;
};

/// The file is there already, all zeros.
WakePage& map_page(const Json& task) {
  return *reinterpret_cast<WakePage*>(map_shared(task.at("path"), sizeof(WakePage)));
}

void stamp_and_wake(WakePage& page) {
  page.stamp_ns.store(now_ns(), std::memory_order_relaxed);
  advance(page.turn);
}

}  // namespace

void run_futex_waker(const Json& task) {
  WakePage& page = map_page(task);
  const std::uint64_t period_ns = task.at("period_ns");
  Window window(window_settings(task));
  say_ready();
  if (!wait_to_be_told("go")) return;
  constexpr int turns_after = 8;  // the waiters' windows close later
  std::uint64_t next_ns = now_ns();
  for (int after = 0; after < turns_after; after += window.closed()) {
    sleep_until(next_ns += period_ns);
    stamp_and_wake(page);
    window.note(now_ns());
  }
  page.ended = 1;
  advance(page.turn);
  say_result(window.figures());
}

void run_futex_waiter(const Json& task) {
  WakePage& page = map_page(task);
  Window window(window_settings(task));
  std::vector<std::uint32_t> samples_ns;
  samples_ns.reserve(1 << 16);
  std::uint32_t turn = page.turn;
  say_ready();
  for (;; turn = page.turn) {
    wait_while(page.turn, turn);
    const std::uint64_t arrival_ns = now_ns();
    if (page.ended != 0) break;
    if (window.note(arrival_ns))
      samples_ns.push_back(static_cast<std::uint32_t>(arrival_ns - page.stamp_ns));
  }
  Figures figures = window.figures();
  add_latency(figures, samples_ns);
  say_result(figures);
}

}  // namespace bench
