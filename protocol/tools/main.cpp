// SPDX-License-Identifier: MIT
// The mmapvideo command: subcommands, options, exit statuses.
#include <mmapvideo/mmapvideo.h>

#include <CLI/CLI.hpp>
#include <failure.hpp>
#include <iostream>

#include "report.hpp"

namespace {

enum ExitStatus { fine = 0, finding = 1, usage = 2, not_there = 3 };

struct Request {
  std::string path;
  bool json = false;
};

int run(const Request& request, std::string (*text)(const mmapvideo::core::Inspection&),
        std::string (*json)(const mmapvideo::core::Inspection&)) {
  try {
    const auto file = mmapvideo::core::inspect(request.path);
    std::cout << (request.json ? json : text)(file) << std::flush;
    return file.findings.empty() ? fine : finding;
  } catch (const mmapvideo::core::Failure& failure) {
    if (request.json)
      std::cout << mmapvideo::tools::error_json(
          request.path, mmapvideo_status_name(failure.status()), failure.message());
    else
      std::cerr << "mmapvideo: " << failure.message() << '\n';
    return failure.status() == MMAPVIDEO_NOT_FOUND ? not_there : finding;
  }
}

CLI::App* add_command(CLI::App& app, const char* name, const char* summary, Request& request) {
  CLI::App* command = app.add_subcommand(name, summary);
  command->add_option("FILE", request.path, "the mapped file, e.g. /dev/shm/cam0")->required();
  command->add_flag("--json", request.json, "print one JSON object");
  return command;
}

int run_command(int argc, char** argv) {
  CLI::App app{"Looks at files that mmapsink or libmmapvideo share raw video in.", "mmapvideo"};
  app.require_subcommand(1);
  app.footer("Exit status: 0 fine, 1 a finding, 2 wrong usage, 3 no such file.");
  Request request;
  CLI::App* info = add_command(app, "info", "show writer, readers, format and ring", request);
  CLI::App* check = add_command(app, "check", "validate against the specification", request);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? fine : usage;
  }
  if (info->parsed()) return run(request, mmapvideo::tools::info_text, mmapvideo::tools::info_json);
  if (check->parsed())
    return run(request, mmapvideo::tools::check_text, mmapvideo::tools::check_json);
  return usage;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_command(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "mmapvideo: " << error.what() << '\n';
    return finding;
  }
}
