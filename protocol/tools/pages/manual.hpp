// SPDX-License-Identifier: MIT
// The manual page, out of the same text as the help.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace mmapvideo::tools {

/// In the man macros of troff.
std::string manual_page(const CLI::App& app, const std::string& version);

}  // namespace mmapvideo::tools
