// SPDX-License-Identifier: MIT
// Paths are UTF-8 in this library, and UTF-16 in Windows.
#pragma once

#include <string>
#include <string_view>

namespace mmapvideo::core::platform {

/// As calls of Windows take it, of any length. Throws Failure for what is no UTF-8.
std::wstring to_windows_path(const std::string& path);
/// What has no UTF-8 becomes U+FFFD.
std::string to_utf8(std::wstring_view text);

}  // namespace mmapvideo::core::platform
