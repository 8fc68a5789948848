// SPDX-License-Identifier: MIT
// An object in memory that this process shares with those it forks, and that outlives those of them
// that are killed.
#pragma once

#if defined(_WIN32)
#include "support/windows/shared_memory.hpp"
#else
#include "support/posix/shared_memory.hpp"
#endif
