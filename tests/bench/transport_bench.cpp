// SPDX-License-Identifier: MIT
// mmapsink and mmapsrc beside their peers and beside what the machine can do, in one run. Prints
// Markdown tables and judges nothing; fails only if mmap did not work.
//
// Every writer and reader is a process of its own: this program once more, with a role.
#include <gst/gst.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>

#include "bench_machine.hpp"
#include "bench_process.hpp"
#include "bench_reader.hpp"
#include "bench_sections.hpp"
#include "bench_writer.hpp"
#include "futex_limit.hpp"
#include "library_limit.hpp"
#include "memory_limit.hpp"
#include "socket_transport.hpp"
#include "support/temp_dir.hpp"

namespace {

using bench::Json;

struct Options {
  bench::Plan plan;
  bool quick = false;
  std::string json_path;
  std::vector<std::string> sections;
  // Of a process that this program started.
  std::string role;
  std::string task;
};

void declare(CLI::App& app, Options& options) {
  app.add_option("--seconds", options.plan.seconds, "Length of each measurement (default 0.8)")
      ->check(CLI::PositiveNumber);
  app.add_option("--warmup", options.plan.warmup_seconds, "Seconds before it (default 0.25)");
  app.add_option("--rounds", options.plan.rounds, "Rounds; medians are shown (default 3)")
      ->check(CLI::PositiveNumber);
  app.add_flag("--quick", options.quick, "One round of 0.3 s: whether it works, not how well");
  app.add_option("--only", options.sections, "Sections to run (default all)")
      ->check(CLI::IsMember(bench::section_names()));
  app.add_option("--set", options.plan.overrides,
                 "ELEMENT.PROPERTY=VALUE of a sink or source, e.g. mmapsink.slots=8");
  app.add_option("--json", options.json_path, "Write the same figures to this file");
  app.add_option("--role", options.role)->group("");
  app.add_option("--task", options.task)->group("");
}

/// In a process that this program started. Its parent kills it if it hangs.
int run_role(const std::string& role, const Json& task) {
  const std::map<std::string, std::function<void(const Json&)>> roles = {
      {"writer", bench::run_writer},
      {"reader", bench::run_reader},
      {"socket-writer", bench::run_socket_writer},
      {"socket-reader", bench::run_socket_reader},
      {"futex-waker", bench::run_futex_waker},
      {"futex-waiter", bench::run_futex_waiter},
      {"library-writer", bench::run_library_writer},
      {"library-reader", bench::run_library_reader},
      {"memory-filler", bench::run_memory_filler},
      {"memory-summer", bench::run_memory_summer},
      {"memory-copier", bench::run_memory_copier},
      {"handover-filler", bench::run_handover_filler},
      {"handover-summer", bench::run_handover_summer},
  };
  try {
    roles.at(role)(task);
    return 0;
  } catch (const std::exception& error) {
    bench::say_error(error.what());
    return 1;
  }
}

void write_json(const Options& options, const bench::Report& report, const Json& machine) {
  const std::string& path = options.json_path;
  std::ofstream file(path);
  Json all = bench::to_json(report.sections);
  all["machine"] = machine;
  all["plan"] = {{"rounds", options.plan.rounds}, {"seconds", options.plan.seconds}};
  file << all.dump(2) << "\n";
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

int run_all(Options& options) {
  bench::clean_up_on_signals();
  const mmapvideo_test::TempDir directory;
  bench::Plan& plan = options.plan;
  plan.directory = directory.path();
  if (options.quick) {
    plan.seconds = 0.3;
    plan.rounds = 1;
  }
  const Json machine = bench::describe_machine();
  const bench::Report report = bench::compare(plan, options.sections);
  std::printf("# mmapsink and mmapsrc beside other transports\n\n");
  std::printf("Medians over rounds of %g s; number of rounds: %d.\n", plan.seconds, plan.rounds);
  for (const bench::Section& section : report.sections) bench::print(section);
  std::printf("\nMeasured on: %s.\n", bench::to_line(machine).c_str());
  if (!options.json_path.empty()) write_json(options, report, machine);
  return report.mmap_worked ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"mmapsink and mmapsrc beside other transports"};
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    if (options.role.empty() || options.role == "writer" || options.role == "reader")
      gst_init(nullptr, nullptr);
    if (!options.role.empty()) return run_role(options.role, Json::parse(options.task));
    return run_all(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
