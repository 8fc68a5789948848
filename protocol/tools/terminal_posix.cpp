// SPDX-License-Identifier: MIT
// The terminal of POSIX systems: is there one, and how large is it; the time of day there.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "terminal.hpp"

namespace mmapvideo::tools {

bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) != 0; }

bool stdout_moves_cursor() {
  // Nobody changes it.
  const char* kind = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe)
  return stdout_is_terminal() && (kind == nullptr || std::strcmp(kind, "dumb") != 0);
}

TerminalSize terminal_size() {
  TerminalSize size;
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0) return size;
  if (window.ws_col != 0) size.columns = window.ws_col;
  if (window.ws_row != 0) size.rows = window.ws_row;
  return size;
}

bool local_time(std::time_t seconds, std::tm& local) {
  return ::localtime_r(&seconds, &local) != nullptr;
}

}  // namespace mmapvideo::tools
