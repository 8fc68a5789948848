// SPDX-License-Identifier: MIT
// A child process that runs a lambda: can be stopped and killed, reports through a pipe, is always
// reaped, and never outlives its parent.
#pragma once

#if defined(_WIN32)
#include "support/windows/child.hpp"
#else
#include "support/posix/child.hpp"
#endif
