// SPDX-License-Identifier: MIT
// A first look at a file that nobody has reason to trust: what a list of files to choose from
// shows.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <string>

namespace mmapvideo::core {

struct Glance {
  mmapvideo_file_info info{};
  std::string newest_caps;  ///< of info.newest
};

/// Looks at `path` by reading alone: nothing is mapped, so a file that is cut meanwhile, or has
/// holes on a full file system, does no harm; no lock is taken, so nobody notices. Reads a few
/// kilobytes and never waits for anybody. Throws Failure as opening for reading does: NOT_FOUND,
/// BROKEN_FILE, ...
Glance glance(const std::string& path);

}  // namespace mmapvideo::core
