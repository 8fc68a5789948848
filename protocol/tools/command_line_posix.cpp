// SPDX-License-Identifier: MIT
// The words of the command line, as main() gets them.
#include "command_line.hpp"

namespace mmapvideo::tools {

std::vector<std::string> command_line(int argc, char** argv) { return {argv, argv + argc}; }

}  // namespace mmapvideo::tools
