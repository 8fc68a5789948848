// SPDX-License-Identifier: MIT
// The terminal: colours, and text that is refreshed in place.
#include "terminal.hpp"

#include <cstdlib>
#include <iostream>

namespace mmapvideo::tools {
namespace {

constexpr const char* hide_cursor = "\033[?25l";
constexpr const char* show_cursor = "\033[?25h";
constexpr const char* clear_line = "\033[2K";
constexpr const char* clear_below = "\033[J";
// Terminals that know it show the whole update at once; the others ignore it.
constexpr const char* begin_update = "\033[?2026h";
constexpr const char* end_update = "\033[?2026l";

}  // namespace

bool wants_colour() {
  // Nobody changes it.
  const char* setting = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
  return setting == nullptr || *setting == '\0';
}

Screen::Screen() { std::cout << hide_cursor; }

Screen::~Screen() { std::cout << show_cursor << std::flush; }

bool Screen::show(const std::vector<std::string>& lines) {
  std::cout << begin_update;
  if (shown_lines_ != 0) std::cout << "\033[" << shown_lines_ << "A\r";
  for (const std::string& line : lines) std::cout << clear_line << line << '\n';
  std::cout << clear_below << end_update << std::flush;
  shown_lines_ = lines.size();
  return static_cast<bool>(std::cout);
}

}  // namespace mmapvideo::tools
