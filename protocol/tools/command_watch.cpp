// SPDX-License-Identifier: MIT
// `mmapvideo watch`: rate, latency and readers of a file while it is used.
#include <algorithm>
#include <failure.hpp>
#include <inspector.hpp>
#include <iostream>
#include <memory>
#include <platform/platform.hpp>

#include "commands.hpp"
#include "exit_status.hpp"
#include "frame_observer.hpp"
#include "interrupt.hpp"
#include "latency_chart.hpp"
#include "text.hpp"
#include "watch_view.hpp"

namespace mmapvideo::tools {
namespace {

namespace platform = core::platform;

constexpr std::uint64_t ns_per_s = 1'000'000'000;
constexpr std::uint64_t refresh_ns = ns_per_s / 4;
constexpr std::uint64_t step_ns = ns_per_s / 2;
constexpr unsigned max_columns = 120;
constexpr std::uint64_t window_ns = (max_columns + 1) * step_ns;

/// Nothing: there is no such file.
std::optional<core::Inspection> inspect_if_there(const std::string& path) {
  try {
    return core::inspect(path);
  } catch (const core::Failure& failure) {
    if (failure.status() != MMAPVIDEO_NOT_FOUND) throw;
    return std::nullopt;
  }
}

class Watch {
 public:
  explicit Watch(const WatchRequest& request)
      : request_(request),
        observer_(request.path),
        statistics_(window_ns),
        interrupt_([this] { observer_.cancel(); }),
        in_place_(!request.plain && !request.json && stdout_moves_cursor()),
        colour_(wants_colour()) {
    if (in_place_) screen_ = std::make_unique<Screen>();
  }

  int run() {
    const std::uint64_t begin_ns = platform::monotonic_ns();
    const std::uint64_t end_ns =
        request_.seconds > 0 ? begin_ns + static_cast<std::uint64_t>(request_.seconds *
                                                                     static_cast<double>(ns_per_s))
                             : UINT64_MAX;
    std::uint64_t due_ns = begin_ns;
    for (;;) {
      due_ns = std::min(due_ns + (in_place_ ? refresh_ns : ns_per_s), end_ns);
      collect_until(due_ns);
      if (interrupt_.requested() || !show(due_ns)) return fine;
      if (due_ns >= end_ns) return statistics_.seen_count() != 0 ? fine : finding;
    }
  }

 private:
  void collect_until(std::uint64_t due_ns) {
    while (const auto frame = observer_.next(due_ns)) statistics_.add(*frame);
  }

  bool show(std::uint64_t now_ns) {
    const TerminalSize size = terminal_size();
    const WatchState state = state_at(now_ns, size);
    if (in_place_) return screen_->show(watch_picture(state, size, colour_));
    std::cout << (request_.json ? one_line(watch_json(state)) : watch_line(state)) << std::flush;
    return static_cast<bool>(std::cout);
  }

  WatchState state_at(std::uint64_t now_ns, const TerminalSize& size) const {
    WatchState state;
    state.path = request_.path;
    state.file = inspect_if_there(request_.path);
    state.rate = statistics_.rate(now_ns);
    const unsigned columns = size.columns > chart_margin + 1
                                 ? std::min(size.columns - chart_margin - 1, max_columns)
                                 : 1;
    // The picture's figures are those of its drawing; a line is about its own second.
    const std::uint64_t span_ns = in_place_ ? columns * step_ns : ns_per_s;
    state.latency = statistics_.latency(now_ns > span_ns ? now_ns - span_ns : 0);
    if (in_place_) state.history = statistics_.history(now_ns, step_ns, columns);
    state.step_ns = step_ns;
    state.seen = statistics_.seen_count();
    state.skipped = statistics_.skipped_count();
    state.wall_time_ns = platform::wall_clock_ns();
    return state;
  }

  const WatchRequest& request_;
  FrameObserver observer_;
  FrameStatistics statistics_;
  Interrupt interrupt_;
  const bool in_place_;
  const bool colour_;
  std::unique_ptr<Screen> screen_;
};

}  // namespace

int run(const WatchRequest& request) {
  // Tells what is wrong with the file, if something is; one that is not there may come.
  if (!inspect_if_there(request.path) && !request.wait)
    throw core::Failure(MMAPVIDEO_NOT_FOUND, '"' + request.path +
                                                 "\" does not exist. With --wait, watch waits "
                                                 "until it does.");
  return Watch(request).run();
}

}  // namespace mmapvideo::tools
