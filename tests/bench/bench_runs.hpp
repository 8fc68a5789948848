// SPDX-License-Identifier: MIT
// One run: its processes, from their start to the figures they found. A run that did not work is an
// exception with a sentence.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench_figures.hpp"
#include "transports.hpp"

namespace bench {

struct Picture {
  std::string name;
  std::string format;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t bytes_per_pixel = 0;

  std::uint64_t bytes() const { return std::uint64_t{width} * height * bytes_per_pixel; }
};

/// What all runs have in common.
struct Plan {
  double seconds = 0.8;
  double warmup_seconds = 0.25;
  int rounds = 3;
  std::string directory;               // for sockets and files; empty, and removed by the caller
  std::vector<std::string> overrides;  // "mmapsink.slots=8"
};

enum class Pace { video, unpaced };  // 60 frames a second, or as many as are taken

struct Stream {
  Picture picture;
  Pace pace = Pace::video;
  bool filled = false;  // and read completely
  std::string delivery = "latest";
  int readers = 1;
};

/// "writer_..." and "reader_...": of several readers, the median.
Figures run_stream(const Plan& plan, const Transport& transport, const Stream& stream);

/// A wake 60 times a second: "waker_...", and "waiter_..." likewise.
Figures run_futex(const Plan& plan, int waiters);

/// Frames through the library alone, 60 times a second: "writer_..." and "reader_...".
Figures run_library(const Plan& plan, const Picture& picture);

/// Two processes, each with frames of its own, or with the same ones: "filler_..." and
/// "summer_...".
Figures run_memory(const Plan& plan, const Picture& picture);
Figures run_handover(const Plan& plan, const Picture& picture);

/// One process that copies frames from memory to memory: how long each took, as latencies.
Figures run_copy(const Plan& plan, const Picture& picture);

}  // namespace bench
