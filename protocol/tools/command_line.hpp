// SPDX-License-Identifier: MIT
// The words of the command line.
#pragma once

#include <string>
#include <vector>

namespace mmapvideo::tools {

/// In UTF-8, the program's name first.
std::vector<std::string> command_line(int argc, char** argv);

}  // namespace mmapvideo::tools
