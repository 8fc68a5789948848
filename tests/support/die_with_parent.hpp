// SPDX-License-Identifier: MIT
// A helper process that does not outlive the test that started it.
#pragma once

#if defined(_WIN32)
#include "support/windows/die_with_parent.hpp"
#else
#include "support/posix/die_with_parent.hpp"
#endif
