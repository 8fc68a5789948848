// SPDX-License-Identifier: MIT
// mmapvideo-pages man|bash|zsh|fish: prints the command's manual page or completion. Runs at build
// time.
#include <iostream>
#include <string>

#include "arguments.hpp"
#include "completion.hpp"
#include "manual.hpp"

int main(int argc, char** argv) {
  namespace tools = mmapvideo::tools;
  const tools::Arguments arguments;
  const std::string page = argc == 2 ? argv[1] : "";
  if (page == "man")
    std::cout << tools::manual_page(arguments.app(), MMAPVIDEO_COMMAND_VERSION);
  else if (page == "bash")
    std::cout << tools::bash_completion(arguments.app());
  else if (page == "zsh")
    std::cout << tools::zsh_completion(arguments.app());
  else if (page == "fish")
    std::cout << tools::fish_completion(arguments.app());
  else
    return 2;
  return 0;
}
