// SPDX-License-Identifier: MIT
// One test for each bit of a range.
#pragma once

#if defined(_WIN32)
#include "support/windows/every_bit.hpp"
#else
#include "support/posix/every_bit.hpp"
#endif
