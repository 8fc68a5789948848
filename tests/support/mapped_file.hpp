// SPDX-License-Identifier: MIT
// Files as the system shows them to the tests: opened, mapped, looked at.
#pragma once

#if defined(_WIN32)
#include "support/windows/mapped_file.hpp"
#else
#include "support/posix/mapped_file.hpp"
#endif
