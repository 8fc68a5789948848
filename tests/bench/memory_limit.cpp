// SPDX-License-Identifier: MIT
// Plain loops over private memory, and over a mapped file.
#include "memory_limit.hpp"

#include <atomic>
#include <cstring>
#include <vector>

#include "bench_process.hpp"
#include "bench_task.hpp"
#include "bench_window.hpp"
#include "frame_work.hpp"
#include "shared_page.hpp"

namespace bench {
namespace {

/// Work goes on for so long after a window has closed, since that of the other process may still be
/// open.
constexpr std::uint64_t tail_ns = 100'000'000;

bool is_over(const Window& window) {
  return window.closed() && now_ns() > window.closed_ns() + tail_ns;
}

/// Somewhere for sums to go, so that they are computed.
std::atomic<std::uint64_t> total{0};

template <typename Work>
void go_round_own_frames(const Json& task, Work work) {
  const std::size_t bytes = task.at("frame_bytes");
  std::vector<std::vector<unsigned char>> ring(task.at("ring_frames").get<std::size_t>());
  for (auto& frame : ring) frame.assign(bytes, 1);
  Window window(window_settings(task));
  say_ready();
  if (!wait_to_be_told("go")) return;
  for (std::uint64_t number = 0; !is_over(window); ++number) {
    work(ring[number % ring.size()].data(), bytes, number);
    window.note(now_ns());
  }
  say_result(window.figures());
}

/// A ring of frames in a file. Of each counter one side is the owner.
class SharedRing {
 public:
  explicit SharedRing(const Json& task)
      : frame_bytes_(task.at("frame_bytes")), frame_count_(task.at("ring_frames")) {
    start_ = map_shared(task.at("path"), page_bytes + frame_bytes_ * frame_count_);
  }
  unsigned char* frame(std::uint32_t number) {
    return start_ + page_bytes + number % frame_count_ * frame_bytes_;
  }
  std::size_t frame_bytes() const { return frame_bytes_; }

  void wait_for_space(std::uint32_t number) {
    if (number >= frame_count_) wait_while(words().summed, number - frame_count_);
  }
  void wait_for_frame(std::uint32_t number) { wait_while(words().filled, number); }
  void say_filled() { advance(words().filled); }
  void say_summed() { advance(words().summed); }
  void end() {
    words().ended = 1;
    advance(words().filled);
  }
  bool ended() { return words().ended != 0; }

 private:
  struct Words {
    SharedWord filled;
    SharedWord ended;
    alignas(64) SharedWord summed;
  };
  static constexpr std::size_t page_bytes = 4096;

  Words& words() { return *reinterpret_cast<Words*>(start_); }

  std::size_t frame_bytes_;
  std::uint32_t frame_count_;
  unsigned char* start_ = nullptr;
};

}  // namespace

void run_memory_filler(const Json& task) { go_round_own_frames(task, fill_frame); }

void run_memory_summer(const Json& task) {
  go_round_own_frames(task, [](const unsigned char* data, std::size_t bytes, std::uint64_t) {
    total += sum_words(data, bytes);
  });
}

void run_memory_copier(const Json& task) {
  const std::size_t bytes = task.at("frame_bytes");
  const std::vector<unsigned char> from(bytes, 1);
  std::vector<unsigned char> to(bytes, 2);
  Window window(window_settings(task));
  std::vector<std::uint32_t> samples_ns;
  samples_ns.reserve(1 << 20);
  say_ready();
  if (!wait_to_be_told("go")) return;
  while (!window.closed()) {
    const std::uint64_t start_ns = now_ns();
    std::memcpy(to.data(), from.data(), bytes);
    const std::uint64_t end_ns = now_ns();
    total += to[end_ns % bytes];
    if (window.note(end_ns) && samples_ns.size() < samples_ns.capacity())
      samples_ns.push_back(static_cast<std::uint32_t>(end_ns - start_ns));
  }
  Figures figures = window.figures();
  add_latency(figures, samples_ns);
  say_result(figures);
}

void run_handover_filler(const Json& task) {
  SharedRing ring(task);
  Window window(window_settings(task));
  say_ready();
  if (!wait_to_be_told("go")) return;
  for (std::uint32_t number = 0; !is_over(window); ++number) {
    ring.wait_for_space(number);
    fill_frame(ring.frame(number), ring.frame_bytes(), number);
    ring.say_filled();
    window.note(now_ns());
  }
  ring.end();
  say_result(window.figures());
}

void run_handover_summer(const Json& task) {
  SharedRing ring(task);
  Window window(window_settings(task));
  say_ready();
  for (std::uint32_t number = 0;; ++number) {
    ring.wait_for_frame(number);
    if (ring.ended()) break;
    total += sum_words(ring.frame(number), ring.frame_bytes());
    ring.say_summed();
    window.note(now_ns());
  }
  say_result(window.figures());
}

}  // namespace bench
