// SPDX-License-Identifier: MIT
// `benchsrc`: a video source that costs next to nothing. It takes whatever buffers downstream
// offers, writes the head of each frame or all of it, and stamps it as the last thing it does.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <string>

#include "bench_window.hpp"

namespace bench {

struct SourceSettings {
  std::string caps;
  std::uint64_t frame_bytes = 0;
  std::uint64_t period_ns = 0;  // 0: as fast as downstream takes them
  bool filled = false;          // all bytes of a frame are written, not its head only
  Window::Settings window;
};

/// One for a pipeline. It ends by itself, a little after its window has closed.
GstElement* make_bench_source(const SourceSettings& settings);

/// Caps and buffers are agreed upon; the first frame waits for the start.
bool is_armed(GstElement* source);
void start_frames(GstElement* source);

/// Not while frames flow.
Figures source_figures(GstElement* source);

}  // namespace bench
