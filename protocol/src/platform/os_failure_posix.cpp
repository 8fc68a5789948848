// SPDX-License-Identifier: MIT
// errno in words: which status it is, and what the user can do about it.
#include "os_failure_posix.hpp"

#include <cerrno>
#include <system_error>

namespace mmapvideo::core::platform {
namespace {

struct Remedy {
  int os_error;
  mmapvideo_status status;
  const char* sentence;  // follows `Cannot write "path": `
};

constexpr Remedy remedies[] = {
    {ENOENT, MMAPVIDEO_NOT_FOUND, "its directory does not exist. Create the directory first."},
    {ENOTDIR, MMAPVIDEO_NOT_FOUND, "a part of the path is not a directory."},
    {EACCES, MMAPVIDEO_PERMISSION_DENIED,
     "permission denied. Ask its owner for access (property perms), or choose another path."},
    {EPERM, MMAPVIDEO_PERMISSION_DENIED,
     "operation not permitted. Ask its owner for access, or choose another path."},
    {EROFS, MMAPVIDEO_READ_ONLY, "the file system is mounted read-only. Choose another path."},
    {EISDIR, MMAPVIDEO_NOT_A_REGULAR_FILE, "it is a directory; give the path of a regular file."},
    {ELOOP, MMAPVIDEO_NOT_A_REGULAR_FILE,
     "the path goes through a symbolic link, which is not followed."},
    {ENXIO, MMAPVIDEO_NOT_A_REGULAR_FILE, "it is not a regular file."},
    {ENODEV, MMAPVIDEO_SYSTEM,
     "this file system cannot map files. Choose a path on another one, such as /dev/shm."},
    {ENAMETOOLONG, MMAPVIDEO_INVALID_ARGUMENT, "the name is too long."},
    {ENOMEM, MMAPVIDEO_OUT_OF_MEMORY, "out of memory or address space."},
    {EMFILE, MMAPVIDEO_SYSTEM, "this process has too many open files (ulimit -n)."},
    {ENFILE, MMAPVIDEO_SYSTEM, "the system has too many open files."},
};

}  // namespace

std::string os_detail(const char* call, int os_error) {
  return std::string(call) + ": " + std::generic_category().message(os_error) + " (" +
         std::to_string(os_error) + ")";
}

Failure os_failure(const char* verb, const std::string& path, const char* call, int os_error) {
  mmapvideo_status status = MMAPVIDEO_SYSTEM;
  std::string reason = std::generic_category().message(os_error) + ".";
  for (const Remedy& remedy : remedies) {
    if (remedy.os_error != os_error) continue;
    status = remedy.status;
    reason = remedy.sentence;
  }
  return Failure(status, std::string("Cannot ") + verb + " \"" + path + "\": " + reason,
                 os_detail(call, os_error), os_error);
}

}  // namespace mmapvideo::core::platform
