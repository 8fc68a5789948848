// SPDX-License-Identifier: MIT
// The command line: subcommands, options, and their help, which manual and completion are made of.
#pragma once

#include <CLI/CLI.hpp>

#include "requests.hpp"

namespace mmapvideo::tools {

inline constexpr const char* exit_statuses = "0 fine, 1 a finding, 2 wrong usage, 3 no such file.";

class Arguments {
 public:
  Arguments();

  CLI::App& app() noexcept { return app_; }
  const CLI::App& app() const noexcept { return app_; }
  /// What was parsed.
  Request request() const;

 private:
  CLI::App* add(const char* name, const char* summary, const char* teaching);
  void add_list();
  void add_info();
  void add_watch();
  void add_dump();
  void add_play();
  void add_check();
  void add_gc();

  CLI::App app_;
  ListRequest list_;
  InfoRequest info_;
  WatchRequest watch_;
  DumpRequest dump_;
  PlayRequest play_;
  CheckRequest check_;
  GcRequest gc_;
};

}  // namespace mmapvideo::tools
