// SPDX-License-Identifier: MIT
// errno in words: which status it is, and what the user can do about it.
#pragma once

#include <string>

#include "../failure.hpp"

namespace mmapvideo::core::platform {

/// "open: Permission denied (13)".
std::string os_detail(const char* call, int os_error);

/// A Failure for a call on `path` that failed with `os_error`; `verb` is what was attempted, as in
/// "Cannot <verb> "path"".
Failure os_failure(const char* verb, const std::string& path, const char* call, int os_error);

}  // namespace mmapvideo::core::platform
