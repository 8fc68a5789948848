// SPDX-License-Identifier: MIT
// The manual page, out of the same text as the help.
#include "manual.hpp"

#include <cctype>
#include <sstream>

#include "arguments.hpp"
#include "option_words.hpp"

namespace mmapvideo::tools {
namespace {

/// What troff would take for a command, or for a hyphen that cannot be copied, becomes text.
std::string troff(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '-' || c == '\\') safe += '\\';
    safe += c == '\\' ? 'e' : c;
  }
  if (!safe.empty() && (safe[0] == '.' || safe[0] == '\'')) safe.insert(0, "\\&");
  return safe;
}

std::string bold(const std::string& text) { return "\\fB" + troff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + troff(text) + "\\fR"; }

/// Paragraphs, and lines to be kept as they are, which begin with spaces.
std::string body(const std::string& text) {
  std::istringstream lines(text);
  std::string page, line;
  bool literal = false;
  while (std::getline(lines, line)) {
    const bool keep = line.starts_with("  ");
    if (keep != literal) page += keep ? ".RS 2\n.EX\n" : ".EE\n.RE\n";
    literal = keep;
    if (line.empty())
      page += ".PP\n";
    else
      page += troff(keep ? line.substr(2) : line) + '\n';
  }
  return literal ? page + ".EE\n.RE\n" : page;
}

std::string option_entry(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : names_of(option))
    names += (names.empty() ? "" : ", ") + bold(name);
  if (takes_value(option)) names += ' ' + italic(value_name(option));
  return ".TP\n" + names + '\n' + troff(option.get_description()) + '\n';
}

std::string synopsis(const CLI::App& command) {
  std::string line = bold("mmapvideo " + command.get_name()) + " [" + italic("OPTIONS") + ']';
  for (const CLI::Option* option : positionals_of(command)) {
    const std::string name = italic(option->get_name(true)) + (takes_several(*option) ? "..." : "");
    line += option->get_required() ? ' ' + name : " [" + name + ']';
  }
  return line;
}

std::string command_section(const CLI::App& command) {
  std::string summary = command.get_description();
  summary[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(summary[0])));
  std::string page = ".SS " + synopsis(command) + '\n' + troff(summary) + ".\n.PP\n";
  page += body(command.get_footer());
  for (const CLI::Option* option : named_options_of(command)) page += option_entry(*option);
  return page;
}

}  // namespace

std::string manual_page(const CLI::App& app, const std::string& version) {
  std::string page = ".TH MMAPVIDEO 1 \"\" \"mmapvideo " + version + "\" \"User Commands\"\n";
  page += ".SH NAME\nmmapvideo \\- look at and work with shared raw video\n";
  page += ".SH SYNOPSIS\n" + bold("mmapvideo") + ' ' + italic("COMMAND") + " [" +
          italic("OPTIONS") + "] ...\n";
  page += ".SH DESCRIPTION\n" + troff(app.get_description()) + '\n';
  page += ".SH COMMANDS\n";
  for (const CLI::App* command : commands_of(app)) page += command_section(*command);
  page += ".SH OPTIONS\n";
  for (const CLI::Option* option : named_options_of(app)) page += option_entry(*option);
  page += ".SH EXIT STATUS\n" + troff(exit_statuses) + '\n';
  return page;
}

}  // namespace mmapvideo::tools
