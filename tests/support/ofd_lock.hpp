// SPDX-License-Identifier: MIT
// The byte-range locks of SPEC 5 as the system has them, without the library.
#pragma once

#if defined(_WIN32)
#include "support/windows/ofd_lock.hpp"
#else
#include "support/posix/ofd_lock.hpp"
#endif

namespace mmapvideo_test {

inline bool writer_lock_is_held(const std::string& path) {
  return LockFile(path, O_RDONLY).query(lock_item(Family::writer, 0, 0)).has_value();
}
inline std::size_t attached_readers(const std::string& path) {
  return LockFile(path, O_RDONLY).list(all_lanes(Family::reader, 0)).size();
}
/// Locks of any kind on slots of any generation.
inline std::size_t slot_lock_count(const std::string& path) {
  return LockFile(path, O_RDONLY).list({lock_offset(Family::slot, 0, 0), 1ull << 60}).size();
}

}  // namespace mmapvideo_test
