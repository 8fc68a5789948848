// SPDX-License-Identifier: MIT
// The sentences for files that are not what they should be, said alike by writer and reader.
#pragma once

#include <string>

#include "failure.hpp"
#include "geometry.hpp"

namespace mmapvideo::core {

inline std::string quoted(const std::string& path) { return "\"" + path + "\""; }

inline Failure foreign_file(const std::string& path) {
  return Failure(MMAPVIDEO_FOREIGN_FILE,
                 quoted(path) +
                     " is a file of another kind and was left as it is. Choose another path, or "
                     "remove the file if nobody needs it.",
                 "magic differs");
}

inline Failure unsupported_file(const std::string& path) {
  return Failure(MMAPVIDEO_UNSUPPORTED_VERSION,
                 quoted(path) +
                     " was written by another version of mmapvideo and was left as it is. Use the "
                     "same version on both sides, or remove the file.",
                 "version or incompatible_flags");
}

inline Failure broken_file(const std::string& path, const std::string& problem) {
  return Failure(MMAPVIDEO_BROKEN_FILE,
                 quoted(path) + " is damaged (" + problem +
                     ") and was left as it is. Remove the file; a writer creates it anew.",
                 "validation");
}

/// Throws for a file that is neither ours nor on its way to be.
inline void require_ours(FileKind kind, const std::string& path) {
  if (kind == FileKind::foreign) throw foreign_file(path);
  if (kind == FileKind::unsupported) throw unsupported_file(path);
  if (kind == FileKind::broken) throw broken_file(path, "header_bytes");
}

}  // namespace mmapvideo::core
