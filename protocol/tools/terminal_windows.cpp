// SPDX-License-Identifier: MIT
// The console of Windows: is there one, and how large is it; the time of day there.
#include <windows.h>

#include "terminal.hpp"

namespace mmapvideo::tools {
namespace {

HANDLE console() { return GetStdHandle(STD_OUTPUT_HANDLE); }

}  // namespace

bool stdout_is_terminal() {
  DWORD mode = 0;
  return GetConsoleMode(console(), &mode) != 0;
}

/// One that understands the sequences of terminals, as those since Windows 10 do when told.
bool stdout_moves_cursor() {
  DWORD mode = 0;
  return GetConsoleMode(console(), &mode) != 0 &&
         SetConsoleMode(console(), mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0;
}

TerminalSize terminal_size() {
  TerminalSize size;
  CONSOLE_SCREEN_BUFFER_INFO found{};
  if (GetConsoleScreenBufferInfo(console(), &found) == 0) return size;
  size.columns = static_cast<unsigned>(found.srWindow.Right - found.srWindow.Left + 1);
  size.rows = static_cast<unsigned>(found.srWindow.Bottom - found.srWindow.Top + 1);
  return size;
}

bool local_time(std::time_t seconds, std::tm& local) {
  return ::localtime_s(&local, &seconds) == 0;
}

}  // namespace mmapvideo::tools
