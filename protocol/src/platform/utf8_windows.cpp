// SPDX-License-Identifier: MIT
// Paths are UTF-8 in this library, and UTF-16 in Windows.
#include "utf8_windows.hpp"

#include <windows.h>

#include "../failure.hpp"

namespace mmapvideo::core::platform {
namespace {

// From here on a path needs the prefix that lifts the limit of 260 characters.
constexpr std::size_t longest_plain_path = 240;

std::wstring to_utf16(const std::string& path) {
  const int bytes = static_cast<int>(path.size());
  const int length =
      MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path.data(), bytes, nullptr, 0);
  if (length == 0 && bytes != 0)
    throw Failure(MMAPVIDEO_INVALID_ARGUMENT,
                  "The path is no UTF-8. Convert it from the code page that it is in.",
                  "MultiByteToWideChar", static_cast<int>(GetLastError()));
  std::wstring text(static_cast<std::size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path.data(), bytes, text.data(), length);
  return text;
}

std::wstring full_path(const std::wstring& path) {
  const DWORD size = GetFullPathNameW(path.c_str(), 0, nullptr, nullptr);
  std::wstring full(size, L'\0');
  full.resize(GetFullPathNameW(path.c_str(), size, full.data(), nullptr));
  return full;
}

}  // namespace

std::wstring to_windows_path(const std::string& path) {
  const std::wstring text = to_utf16(path);
  if (text.size() < longest_plain_path || text.starts_with(L"\\\\")) return text;
  return L"\\\\?\\" + full_path(text);
}

std::string to_utf8(std::wstring_view text) {
  const int length = static_cast<int>(text.size());
  const int bytes =
      WideCharToMultiByte(CP_UTF8, 0, text.data(), length, nullptr, 0, nullptr, nullptr);
  std::string utf8(static_cast<std::size_t>(bytes), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), length, utf8.data(), bytes, nullptr, nullptr);
  return utf8;
}

}  // namespace mmapvideo::core::platform
