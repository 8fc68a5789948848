// SPDX-License-Identifier: MIT
// Where the figures were measured.
#pragma once

#include <string>

#include "bench_figures.hpp"

namespace bench {

/// Processor, number of cores, kernel, GStreamer, load, transports that are not installed.
Json describe_machine();

/// The same in one line.
std::string to_line(const Json& machine);

}  // namespace bench
