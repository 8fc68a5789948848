// SPDX-License-Identifier: MIT
// The end of a forked child: no destructors of objects of its parent, but what it covered counts.
#pragma once

#include <cstdlib>

#if defined(MMAPVIDEO_COVERAGE)
extern "C" void __gcov_dump(void);
#endif

namespace mmapvideo_test {

#if defined(MMAPVIDEO_COVERAGE)
inline void keep_coverage() { __gcov_dump(); }
#else
inline void keep_coverage() {}
#endif

[[noreturn]] inline void exit_child(int status) {
  keep_coverage();
  std::_Exit(status);
}

}  // namespace mmapvideo_test
