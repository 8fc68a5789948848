// SPDX-License-Identifier: MIT
// Completion for shells, out of the command line's own description.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace mmapvideo::tools {

std::string bash_completion(const CLI::App& app);
std::string zsh_completion(const CLI::App& app);
std::string fish_completion(const CLI::App& app);

}  // namespace mmapvideo::tools
