// SPDX-License-Identifier: MIT
// Orders from a test to its child: made before the fork, given by one, awaited by the other.
#pragma once

#if defined(_WIN32)
#include "support/windows/order.hpp"
#else
#include "support/posix/order.hpp"
#endif
