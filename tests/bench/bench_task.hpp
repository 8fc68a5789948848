// SPDX-License-Identifier: MIT
// The parts of a task that several roles understand.
#pragma once

#include "bench_figures.hpp"
#include "bench_window.hpp"
#include "transports.hpp"

namespace bench {

inline Window::Settings window_settings(const Json& task) {
  return {.warmup_ns = task.at("warmup_ns"), .length_ns = task.at("length_ns")};
}

inline Stage stage(const Json& task) {
  return {.path = task.at("path"),
          .frame_bytes = task.at("frame_bytes"),
          .delivery = task.at("delivery"),
          .overrides = task.at("overrides")};
}

}  // namespace bench
