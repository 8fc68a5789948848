// SPDX-License-Identifier: MIT
// A helper process that does not outlive the test that started it.
#pragma once

namespace mmapvideo_test {

/// Its stdin ends with the test.
inline void die_with_parent() {}

}  // namespace mmapvideo_test
