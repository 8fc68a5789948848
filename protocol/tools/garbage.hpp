// SPDX-License-Identifier: MIT
// Removing mapped files that no writer and no reader holds.
//
// A file is removed under its WRITER lock, so that no writer can take it over meanwhile: a writer
// that comes during that moment is refused, or finds afterwards that the path does not name its
// file any more and begins again (SPEC.md 7.1.3). A reader that attaches in that moment follows the
// path as it does when a writer removes its file (8.3.2).
#pragma once

#include <string>

#include "directory_scan.hpp"

namespace mmapvideo::tools {

enum class Fate {
  removed,  // or would be, in a dry run
  kept,
  failed,  // nobody has it, but it could not be removed
  gone,    // it was not there any more
};

struct Verdict {
  std::string path;
  Fate fate;
  std::string reason;  // why it was kept, or could not be removed
};

/// Removes what was found, unless somebody has it. A dry run only asks.
Verdict remove_unless_held(const FoundFile& found, bool dry_run);

}  // namespace mmapvideo::tools
