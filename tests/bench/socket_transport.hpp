// SPDX-License-Identifier: MIT
// What a program does without shared memory: whole frames through a Unix socket, to each reader.
#pragma once

#include "bench_figures.hpp"

namespace bench {

/// Ready when readers may connect. Told "go", it sends frames; told "stop", it ends.
void run_socket_writer(const Json& task);
/// Ready when it is connected; told "stop", it says what arrived.
void run_socket_reader(const Json& task);

}  // namespace bench
