// SPDX-License-Identifier: MIT
// Aborts a test that hangs. The only time limit in these tests: no test asserts that something is
// fast, since a busy machine would make it fail.
#pragma once

#if defined(_WIN32)
#include "support/windows/watchdog.hpp"
#else
#include "support/posix/watchdog.hpp"
#endif
