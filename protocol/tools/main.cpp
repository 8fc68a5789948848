// SPDX-License-Identifier: MIT
// The mmapvideo command: from arguments to a subcommand, and from failures to exit statuses.
#include <algorithm>
#include <iostream>
#include <mmapvideo/mmapvideo.hpp>

#include "arguments.hpp"
#include "command_line.hpp"
#include "commands.hpp"
#include "exit_status.hpp"
#include "file_json.hpp"
#include "interrupt.hpp"
#include "text.hpp"

namespace {

namespace tools = mmapvideo::tools;

std::string path_of(const auto& request) {
  if constexpr (requires { request.path; })
    return request.path;
  else
    return request.places.front();
}

int fail(const auto& request, mmapvideo_status status, const std::string& message) {
  if (request.json)
    std::cout << tools::pretty(
        tools::error_json(path_of(request), mmapvideo_status_name(status), message));
  else
    std::cerr << "mmapvideo: " << message << '\n';
  return tools::exit_status_of(status);
}

int carry_out(const auto& request) {
  try {
    return tools::run(request);
  } catch (const mmapvideo::core::Failure& failure) {
    return fail(request, failure.status(), failure.message());
  } catch (const mmapvideo::Error& error) {
    return fail(request, error.status(), error.what());
  }
}

int run_command(int argc, char** argv) {
  tools::expect_closed_pipes();
  tools::Arguments arguments;
  try {
    std::vector<std::string> words = tools::command_line(argc, argv);
    // CLI11 takes them from the last to the first, without the name of the program.
    words.erase(words.begin());
    std::reverse(words.begin(), words.end());
    arguments.app().parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return arguments.app().exit(error) == 0 ? tools::fine : tools::usage;
  }
  return std::visit([](const auto& request) { return carry_out(request); }, arguments.request());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_command(argc, argv);
  } catch (const tools::UsageError& error) {
    std::cerr << "mmapvideo: " << error.what() << ".\n";
    return tools::usage;
  } catch (const std::exception& error) {
    std::cerr << "mmapvideo: " << error.what() << '\n';
    return tools::finding;
  }
}
