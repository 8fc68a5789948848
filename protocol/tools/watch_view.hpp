// SPDX-License-Identifier: MIT
// What `mmapvideo watch` shows: a picture for terminals, one line for logs, one line of JSON. Pure.
#pragma once

#include <inspector.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "frame_statistics.hpp"
#include "terminal.hpp"

namespace mmapvideo::tools {

struct WatchState {
  std::string path;
  std::optional<core::Inspection> file;  // nothing: there is none at the moment
  double rate = 0;
  std::optional<Percentiles> latency;
  std::vector<std::optional<LatencyStep>> history;
  std::uint64_t step_ns = 0;
  std::uint64_t seen = 0;
  std::uint64_t skipped = 0;
  std::uint64_t wall_time_ns = 0;
};

/// No line is wider than the terminal; there are fewer than it has rows.
std::vector<std::string> watch_picture(const WatchState& state, const TerminalSize& size,
                                       bool colour);
std::string watch_line(const WatchState& state);
nlohmann::ordered_json watch_json(const WatchState& state);

}  // namespace mmapvideo::tools
