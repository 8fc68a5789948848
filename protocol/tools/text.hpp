// SPDX-License-Identifier: MIT
// Values as text for people, safe to show in a terminal.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace mmapvideo::tools {

/// The text up to its first NUL, with control characters and what is not ASCII as '?': the text of
/// a file may be hostile, and not only validated copies are shown.
std::string printable(std::string_view text);

template <std::size_t N>
std::string printable(const char (&text)[N]) {
  return printable(std::string_view(text, N));
}

/// A file name: as printable(), but what is not ASCII stays.
std::string printable_path(std::string_view path);

/// "12.5 MiB"
std::string mebibytes(std::uint64_t bytes);
/// "45 µs", "1.20 ms", "3.4 s"
std::string duration_text(std::uint64_t ns);
/// "0.02 s", "3 min", "2 h", "5 days": how long ago something was.
std::string age_text(std::uint64_t ns);
/// "29.97", "30"
std::string rate_text(double fps);
/// "1 frame", "2 frames"
std::string count_text(std::uint64_t count, const char* noun);
/// 16 or 32 hexadecimal digits.
std::string hex(std::uint64_t value);
std::string hex(const std::uint8_t (&bytes)[16]);

/// As one or several lines with a newline at the end. Bytes that are no UTF-8 are replaced.
std::string pretty(const nlohmann::ordered_json& json);
std::string one_line(const nlohmann::ordered_json& json);

}  // namespace mmapvideo::tools
