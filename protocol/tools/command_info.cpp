// SPDX-License-Identifier: MIT
// `mmapvideo info` and `mmapvideo check`: one file, looked at once.
#include <inspector.hpp>
#include <iostream>

#include "commands.hpp"
#include "exit_status.hpp"
#include "file_json.hpp"
#include "file_text.hpp"
#include "text.hpp"

namespace mmapvideo::tools {
namespace {

int show(const core::Inspection& file, const std::string& text) {
  std::cout << text << std::flush;
  return file.findings.empty() ? fine : finding;
}

}  // namespace

int run(const InfoRequest& request) {
  const core::Inspection file = core::inspect(request.path);
  return show(file, request.json ? pretty(info_json(file)) : info_text(file));
}

int run(const CheckRequest& request) {
  const core::Inspection file = core::inspect(request.path);
  return show(file, request.json ? pretty(check_json(file)) : check_text(file));
}

}  // namespace mmapvideo::tools
