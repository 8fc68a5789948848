// SPDX-License-Identifier: MIT
// Files that are not what they should be: found and said alike by writer, reader and tools.
#pragma once

#include <string>

#include "failure.hpp"
#include "geometry.hpp"
#include "platform/platform.hpp"

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

/// Reads the start of a file: ours, or forming. Throws for a file that is neither.
inline FileKind identify(const platform::File& file) {
  unsigned char preamble[MMAPVIDEO_PREAMBLE_BYTES] = {};
  const FileKind kind = classify_preamble(preamble, file.read_at(0, preamble, sizeof preamble));
  if (kind == FileKind::foreign) throw foreign_file(file.path());
  if (kind == FileKind::unsupported) throw unsupported_file(file.path());
  if (kind == FileKind::broken) throw broken_file(file.path(), "header_bytes");
  return kind;
}

}  // namespace mmapvideo::core
