// SPDX-License-Identifier: MIT
// The role "reader": a transport's source ! fakesink.
#pragma once

#include "bench_figures.hpp"

namespace bench {

/// Ready when it plays; told "stop", it says what arrived.
void run_reader(const Json& task);

}  // namespace bench
