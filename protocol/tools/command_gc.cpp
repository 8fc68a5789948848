// SPDX-License-Identifier: MIT
// `mmapvideo gc`: removes the files that no writer and no reader holds.
#include <algorithm>
#include <iostream>
#include <set>

#include "commands.hpp"
#include "exit_status.hpp"
#include "garbage.hpp"
#include "text.hpp"

namespace mmapvideo::tools {
namespace {

using nlohmann::ordered_json;

std::string verdict_text(const Verdict& verdict, bool dry_run) {
  const std::string path = printable_path(verdict.path);
  switch (verdict.fate) {
    case Fate::removed:
      return (dry_run ? "would remove " : "removed ") + path + '\n';
    case Fate::kept:
      return "kept " + path + ": " + verdict.reason + '\n';
    case Fate::failed:
      return "cannot remove " + path + ": " + verdict.reason + '\n';
    case Fate::gone:
      break;
  }
  return "";
}

ordered_json verdicts_json(const std::vector<Verdict>& verdicts, bool dry_run) {
  ordered_json json = {{"dry_run", dry_run},
                       {"removed", ordered_json::array()},
                       {"kept", ordered_json::array()},
                       {"failed", ordered_json::array()}};
  for (const Verdict& verdict : verdicts) {
    const ordered_json with_reason = {{"path", verdict.path}, {"reason", verdict.reason}};
    if (verdict.fate == Fate::removed) json["removed"].push_back(verdict.path);
    if (verdict.fate == Fate::kept) json["kept"].push_back(with_reason);
    if (verdict.fate == Fate::failed) json["failed"].push_back(with_reason);
  }
  return json;
}

}  // namespace

int run(const GcRequest& request) {
  std::vector<Verdict> verdicts;
  std::vector<ScanProblem> problems;
  std::set<std::string> seen;
  for (const std::string& place : request.places) {
    const auto found = scan(place, [&](const FoundFile& file) {
      if (seen.insert(file.path).second)
        verdicts.push_back(remove_unless_held(file, request.dry_run));
    });
    problems.insert(problems.end(), found.begin(), found.end());
  }
  std::sort(verdicts.begin(), verdicts.end(),
            [](const Verdict& a, const Verdict& b) { return a.path < b.path; });
  if (request.json) std::cout << pretty(verdicts_json(verdicts, request.dry_run));
  int status = fine;
  for (const Verdict& verdict : verdicts) {
    if (!request.json) std::cout << verdict_text(verdict, request.dry_run);
    if (verdict.fate == Fate::failed) status = finding;
  }
  for (const ScanProblem& problem : problems) {
    std::cerr << "mmapvideo: " << printable_path(problem.message) << '\n';
    status = problem.not_there ? not_there : finding;
  }
  std::cout << std::flush;
  return status;
}

}  // namespace mmapvideo::tools
