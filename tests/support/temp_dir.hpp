// SPDX-License-Identifier: MIT
// A directory of its own for every test, under /dev/shm where there is one, and gone afterwards.
#pragma once

#if defined(_WIN32)
#include "support/windows/temp_dir.hpp"
#else
#include "support/posix/temp_dir.hpp"
#endif
