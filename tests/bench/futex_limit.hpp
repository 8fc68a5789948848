// SPDX-License-Identifier: MIT
// How fast a process can learn of anything: one stamps a shared page and wakes all the others.
#pragma once

#include "bench_figures.hpp"

namespace bench {

/// The roles "futex-waker", which is told "go", and "futex-waiter".
void run_futex_waker(const Json& task);
void run_futex_waiter(const Json& task);

}  // namespace bench
