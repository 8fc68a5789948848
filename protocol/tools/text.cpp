// SPDX-License-Identifier: MIT
// Values as text for people, safe to show in a terminal.
#include "text.hpp"

#include <cmath>
#include <iomanip>
#include <sstream>

namespace mmapvideo::tools {
namespace {

std::string fixed(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

/// Three digits that count.
std::string three_digits(double value) {
  return fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string safe(text.substr(0, text.find('\0')));
  for (char& c : safe)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  return safe;
}

std::string printable_path(std::string_view path) {
  std::string safe(path);
  for (std::size_t i = 0; i < safe.size(); ++i) {
    const auto byte = static_cast<unsigned char>(safe[i]);
    // The second byte of a control character beyond ASCII, such as U+009B.
    const bool control_tail = byte >= 0x80 && byte < 0xa0 && i > 0 && safe[i - 1] == '\xc2';
    if (byte < 0x20 || byte == 0x7f || control_tail) safe[i] = '?';
  }
  return safe;
}

std::string mebibytes(std::uint64_t bytes) {
  return fixed(static_cast<double>(bytes) / (1 << 20), 1) + " MiB";
}

std::string duration_text(std::uint64_t ns) {
  const auto value = static_cast<double>(ns);
  if (value < 1e3) return std::to_string(ns) + " ns";
  if (value < 999.5e3) return fixed(value / 1e3, value < 9.95e3 ? 1 : 0) + " µs";
  if (value < 999.5e6) return three_digits(value / 1e6) + " ms";
  return three_digits(value / 1e9) + " s";
}

std::string age_text(std::uint64_t ns) {
  const double seconds = static_cast<double>(ns) / 1e9;
  if (seconds < 9.995) return fixed(seconds, 2) + " s";
  if (seconds < 120) return fixed(seconds, 0) + " s";
  if (seconds < 2 * 3600) return fixed(seconds / 60, 0) + " min";
  if (seconds < 48 * 3600) return fixed(seconds / 3600, 0) + " h";
  return fixed(seconds / 86400, 0) + " days";
}

std::string rate_text(double fps) {
  std::string text = fixed(fps, 2);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string count_text(std::uint64_t count, const char* noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

std::string hex(std::uint64_t value) {
  std::ostringstream text;
  text << std::hex << std::setw(16) << std::setfill('0') << value;
  return text.str();
}

std::string hex(const std::uint8_t (&bytes)[16]) {
  std::ostringstream text;
  for (const unsigned byte : bytes) text << std::hex << std::setw(2) << std::setfill('0') << byte;
  return text.str();
}

std::string pretty(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string one_line(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace mmapvideo::tools
