// SPDX-License-Identifier: MIT
// The words of the command line on Windows, where main() gets them in a code page that has not all
// characters; and what is printed is UTF-8, byte by byte what other systems print.
#include <fcntl.h>
#include <io.h>
#include <windows.h>
// After windows.h.
#include <shellapi.h>

#include <platform/utf8_windows.hpp>

#include "command_line.hpp"

namespace mmapvideo::tools {

std::vector<std::string> command_line(int argc, char** argv) {
  SetConsoleOutputCP(CP_UTF8);
  // No carriage returns: programs that read the output expect none.
  ::_setmode(1, _O_BINARY);
  ::_setmode(2, _O_BINARY);
  int count = 0;
  wchar_t** const words = CommandLineToArgvW(GetCommandLineW(), &count);
  if (words == nullptr) return {argv, argv + argc};
  std::vector<std::string> utf8;
  for (int i = 0; i < count; ++i) utf8.push_back(core::platform::to_utf8(words[i]));
  LocalFree(words);
  return utf8;
}

}  // namespace mmapvideo::tools
