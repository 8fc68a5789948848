// SPDX-License-Identifier: MIT
// Commands and options of the command line in the words that manual and completion need.
#include "option_words.hpp"

#include <sstream>

namespace mmapvideo::tools {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<const CLI::Option*> named_options_of(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->nonpositional(); });
}

std::vector<const CLI::Option*> positionals_of(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back('-' + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

bool takes_several(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

std::string value_name(const CLI::Option& option) {
  return option.get_positional() ? option.get_name(true) : option.get_type_name();
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  std::vector<std::string> choices;
  std::istringstream words(value_name(option));
  for (std::string word; std::getline(words, word, '|');) choices.push_back(word);
  return choices.size() > 1 ? choices : std::vector<std::string>{};
}

bool is_path(const CLI::Option& option) {
  const std::string name = value_name(option);
  return name == "FILE" || name == "DIR" || name == "CLIP" || name == "OUTPUT";
}

}  // namespace mmapvideo::tools
