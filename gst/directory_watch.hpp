// SPDX-License-Identifier: MIT
// Which files in a few directories may have changed. Where the system tells it, nothing is polled.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gstmmap {

struct DirectoryChanges {
  /// Files that may have come, gone, been written to, or been closed by a writer.
  std::vector<std::string> paths;
  /// More may have changed than `paths` says: look at everything that is known, too.
  bool everything = false;
};

/// Watches directories and the directories directly in them; symbolic links in them are not
/// followed, other file systems not entered. Of a directory with thousands of files or directories
/// only the first ones are seen (max_files, max_directories), so that nobody can keep it busy.
class DirectoryWatch {
 public:
  static constexpr std::size_t max_files = 4096;
  static constexpr std::size_t max_directories = 256;

  virtual ~DirectoryWatch() = default;

  /// The first call returns at once, with all regular files there are. Later ones wait until
  /// something may have changed, at most `timeout_ns` (negative: no limit), or until cancel().
  virtual DirectoryChanges wait(std::int64_t timeout_ns) = 0;

  /// Ends wait() for good. From any thread.
  virtual void cancel() noexcept = 0;
  virtual bool cancelled() const noexcept = 0;
};

/// A watch in the way of this system.
std::unique_ptr<DirectoryWatch> watch_directories(std::vector<std::string> directories);

/// Where programs of this system share video if they are not told otherwise.
std::string default_directory();

}  // namespace gstmmap
