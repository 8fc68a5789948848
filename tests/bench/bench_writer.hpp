// SPDX-License-Identifier: MIT
// The role "writer": benchsrc ! a transport's sink.
#pragma once

#include "bench_figures.hpp"

namespace bench {

/// Ready when its sink can be connected to; told "go", it writes; told "stop", it leaves.
void run_writer(const Json& task);

}  // namespace bench
