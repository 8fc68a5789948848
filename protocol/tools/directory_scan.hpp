// SPDX-License-Identifier: MIT
// Finding mapped files below directories, by descriptors: what was found is reached through the
// directory it was found in, whatever others do to the path meanwhile.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace mmapvideo::tools {

/// A regular file that begins with the magic of SPEC.md.
struct FoundFile {
  int directory;  // open while the visitor runs
  std::string name;
  std::string path;  // for messages
};

/// What could not be looked at, and why.
struct ScanProblem {
  std::string path;
  std::string message;
  bool not_there;
};

/// Visits all mapped files below `place` (or `place` itself, if it is one), in no order.
/// Symbolic links are not followed, other file systems not entered, and directories that may not
/// be read are passed over, except `place` itself. Opens regular files only, reads the first bytes.
std::vector<ScanProblem> scan(const std::string& place,
                              const std::function<void(const FoundFile&)>& visit);

/// Does the open file begin with the magic?
bool has_magic(int descriptor);

}  // namespace mmapvideo::tools
