// SPDX-License-Identifier: MIT
// Finding mapped files below directories. Where the system can, what was found is reached through
// the directory it was found in, whatever others do to the path meanwhile.
#pragma once

#include <functional>
#include <platform/platform.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace mmapvideo::tools {

/// A regular file that begins with the magic of SPEC.md.
struct FoundFile {
  int directory;  // a descriptor that is open while the visitor runs; -1 where there is none
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

// ---- What was found

/// How an attempt on it went.
struct Attempt {
  bool done;
  bool gone;           // it is not there any more, or no regular file
  std::string reason;  // otherwise why not
};
/// Done: `file` is it. Throws core::Failure.
Attempt open_found(const FoundFile& found, core::platform::Access access,
                   core::platform::File& file);
/// Does its name still lead to `file`?
bool still_names(const FoundFile& found, const core::platform::File& file);
Attempt remove_found(const FoundFile& found);

}  // namespace mmapvideo::tools
