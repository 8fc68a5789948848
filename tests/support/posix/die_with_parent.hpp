// SPDX-License-Identifier: MIT
// A helper process that does not outlive the test that started it.
#pragma once

#include <sys/prctl.h>

#include <csignal>

namespace mmapvideo_test {

inline void die_with_parent() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

}  // namespace mmapvideo_test
