// SPDX-License-Identifier: MIT
// What a process occupies, as /proc tells it: what must not grow while it runs.
#pragma once

#if defined(_WIN32)
#include "support/windows/process_footprint.hpp"
#else
#include "support/posix/process_footprint.hpp"
#endif
