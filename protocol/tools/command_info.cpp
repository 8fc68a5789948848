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

int show(const std::string& text, bool is_fine) {
  std::cout << text << std::flush;
  return is_fine ? fine : finding;
}

}  // namespace

int run(const InfoRequest& request) {
  const core::Inspection file = core::inspect(request.path);
  return show(request.json ? pretty(info_json(file)) : info_text(file), file.findings.empty());
}

int run(const CheckRequest& request) {
  const core::Inspection file = core::inspect(request.path);
  return show(request.json ? pretty(check_json(file)) : check_text(file), is_clean(file));
}

}  // namespace mmapvideo::tools
