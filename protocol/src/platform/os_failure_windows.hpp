// SPDX-License-Identifier: MIT
// Windows error codes: Windows' words for them, their status, and what the user can do about them.
#pragma once

#include <string>

#include "../failure.hpp"

namespace mmapvideo::core::platform {

/// "Access is denied."
std::string os_message(unsigned long os_error);
/// "CreateFile: Access is denied. (5)".
std::string os_detail(const char* call, unsigned long os_error);

/// A Failure for a call on `path` that failed with `os_error`; `verb` is what was attempted, as in
/// "Cannot <verb> "path"".
Failure os_failure(const char* verb, const std::string& path, const char* call,
                   unsigned long os_error);

}  // namespace mmapvideo::core::platform
