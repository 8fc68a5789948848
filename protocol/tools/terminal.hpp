// SPDX-License-Identifier: MIT
// The terminal: is there one, how large is it, and text that is refreshed in place.
#pragma once

#include <ctime>
#include <string>
#include <vector>

namespace mmapvideo::tools {

struct TerminalSize {
  unsigned columns = 80;
  unsigned rows = 24;
};

bool stdout_is_terminal();
/// Is it one that can move its cursor?
bool stdout_moves_cursor();
/// That of stdout.
TerminalSize terminal_size();
/// The user's time of day. False: it cannot be told.
bool local_time(std::time_t seconds, std::tm& local);
/// Unless the user said otherwise (NO_COLOR).
bool wants_colour();

/// Lines at the bottom of stdout that are drawn over and over. The last ones stay.
class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// The lines fit the terminal's width. False: nobody reads stdout any more.
  bool show(const std::vector<std::string>& lines);

 private:
  std::size_t shown_lines_ = 0;
};

}  // namespace mmapvideo::tools
