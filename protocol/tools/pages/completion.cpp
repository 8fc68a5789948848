// SPDX-License-Identifier: MIT
// Completion for shells, out of the command line's own description.
#include "completion.hpp"

#include "option_words.hpp"

namespace mmapvideo::tools {
namespace {

constexpr const char* spdx = "# SPDX-License-Identifier: MIT\n";

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> all;
  for (const CLI::Option* option : named_options_of(command))
    for (const std::string& name : names_of(*option)) all.push_back(name);
  return all;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands_of(app)) names.push_back(command->get_name());
  return names;
}

/// In single quotes, for any of the shells.
std::string quoted(const std::string& text) {
  std::string safe = "'";
  for (const char c : text) safe += c == '\'' ? "'\\''" : std::string(1, c);
  return safe + "'";
}

// ---- bash ---------------------------------------------------------------------------------------

/// What follows an option that takes a value.
std::string bash_values(const CLI::App& command) {
  std::string cases;
  for (const CLI::Option* option : named_options_of(command)) {
    if (!takes_value(*option)) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : names_of(*option))
      patterns.push_back(command.get_name() + ':' + name);
    const auto choices = choices_of(*option);
    const std::string reply = is_path(*option) ? "_mmapvideo_files \"$cur\""
                              : choices.empty()
                                  ? ":"
                                  : "_mmapvideo_words \"$cur\" '" + joined(choices, " ") + "'";
    cases += "    " + joined(patterns, "|") + ") " + reply + "; return ;;\n";
  }
  return cases;
}

// ---- zsh ----------------------------------------------------------------------------------------

std::string zsh_action(const CLI::Option& option) {
  const auto choices = choices_of(option);
  if (!choices.empty()) return '(' + joined(choices, " ") + ')';
  return is_path(option) ? "_files" : " ";
}

/// In brackets of a specification.
std::string zsh_description(const CLI::Option& option) {
  std::string safe;
  for (const char c : option.get_description()) {
    if (c == ']' || c == '[' || c == '\\') safe += '\\';
    safe += c;
  }
  return '[' + safe + ']';
}

std::string zsh_option(const CLI::Option& option) {
  const auto names = names_of(option);
  const std::string value =
      takes_value(option) ? ':' + value_name(option) + ':' + zsh_action(option) : "";
  const std::string exclusive = quoted('(' + joined(names, " ") + ')');
  const std::string spelled = names.size() > 1 ? '{' + joined(names, ",") + '}' : names.front();
  return exclusive + spelled + quoted(zsh_description(option) + value);
}

std::string zsh_arguments(const CLI::App& command) {
  std::string line = "        _arguments";
  for (const CLI::Option* option : named_options_of(command))
    line += " \\\n          " + zsh_option(*option);
  for (const CLI::Option* option : positionals_of(command)) {
    const std::string which = takes_several(*option) ? "*:" : option->get_required() ? ":" : "::";
    line += " \\\n          " + quoted(which + value_name(*option) + ":_files");
  }
  return line + '\n';
}

// ---- fish ---------------------------------------------------------------------------------------

std::string fish_option(const CLI::Option& option, const std::string& condition) {
  std::string line = "complete -c mmapvideo -n " + quoted(condition);
  for (const std::string& name : option.get_snames()) line += " -s " + name;
  for (const std::string& name : option.get_lnames()) line += " -l " + name;
  const auto choices = choices_of(option);
  if (takes_value(option)) line += is_path(option) ? " -r -F" : " -x";
  if (!choices.empty()) line += " -a " + quoted(joined(choices, " "));
  return line + " -d " + quoted(option.get_description()) + '\n';
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  std::string names, values, options;
  for (const CLI::App* command : commands_of(app)) {
    values += bash_values(*command);
    options +=
        "    " + command->get_name() + ") words='" + joined(option_names(*command), " ") + "' ;;\n";
  }
  return std::string(spdx) + R"(_mmapvideo_words() {
  mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}
_mmapvideo_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
}
_mmapvideo() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= words= word
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
    )" + joined(command_names(app), "|") +
         R"() command=$word; break ;;
    esac
  done
  case $command:$prev in
)" + values +
         R"(  esac
  case $command in
    '') words=')" +
         joined(command_names(app), " ") + ' ' + joined(option_names(app), " ") + R"(' ;;
)" + options +
         R"(  esac
  if [[ -z $command || $cur == -* ]]; then
    _mmapvideo_words "$cur" "$words"
  else
    _mmapvideo_files "$cur"
  fi
}
complete -F _mmapvideo mmapvideo
)";
}

std::string zsh_completion(const CLI::App& app) {
  std::string commands, arguments;
  for (const CLI::App* command : commands_of(app)) {
    commands += "        " + quoted(command->get_name() + ':' + command->get_description()) + '\n';
    arguments += "      " + command->get_name() + ")\n" + zsh_arguments(*command) + "        ;;\n";
  }
  std::string own;
  for (const CLI::Option* option : named_options_of(app)) own += zsh_option(*option) + ' ';
  return "#compdef mmapvideo\n" + std::string(spdx) + R"(_mmapvideo() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C )" +
         own + R"(':command:->command' '*::argument:->argument'
  case $state in
    command)
      local -a commands
      commands=(
)" + commands +
         R"(      )
      _describe command commands
      ;;
    argument)
      case $words[1] in
)" + arguments +
         R"(      esac
      ;;
  esac
}
_mmapvideo "$@"
)";
}

std::string fish_completion(const CLI::App& app) {
  std::string text = spdx;
  for (const CLI::Option* option : named_options_of(app))
    text += fish_option(*option, "__fish_use_subcommand");
  for (const CLI::App* command : commands_of(app))
    text += "complete -c mmapvideo -f -n __fish_use_subcommand -a " + command->get_name() + " -d " +
            quoted(command->get_description()) + '\n';
  for (const CLI::App* command : commands_of(app))
    for (const CLI::Option* option : named_options_of(*command))
      text += fish_option(*option, "__fish_seen_subcommand_from " + command->get_name());
  return text;
}

}  // namespace mmapvideo::tools
