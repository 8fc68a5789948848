// SPDX-License-Identifier: MIT
// Commands and options of the command line in the words that manual and completion need.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace mmapvideo::tools {

std::vector<const CLI::App*> commands_of(const CLI::App& app);
std::vector<const CLI::Option*> named_options_of(const CLI::App& command);
std::vector<const CLI::Option*> positionals_of(const CLI::App& command);

/// "-n", "--frames"
std::vector<std::string> names_of(const CLI::Option& option);
bool takes_value(const CLI::Option& option);
bool takes_several(const CLI::Option& option);
/// "SECONDS"
std::string value_name(const CLI::Option& option);
/// The words that may be its value; empty: others may, too.
std::vector<std::string> choices_of(const CLI::Option& option);
bool is_path(const CLI::Option& option);

}  // namespace mmapvideo::tools
