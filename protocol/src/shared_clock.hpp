// SPDX-License-Identifier: MIT
// Can the times of a file be compared with this process's clock?
#pragma once

#include <mmapvideo/layout.h>

namespace mmapvideo::core {

/// True if the file's times are of the running boot's monotonic clock in this clock namespace.
/// `header` is mapped and may be changing: the answer is right once its session has begun.
bool shares_clock(const mmapvideo_file_header& header) noexcept;

}  // namespace mmapvideo::core
