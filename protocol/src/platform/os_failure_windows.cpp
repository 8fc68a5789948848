// SPDX-License-Identifier: MIT
// Windows error codes: Windows' words for them, their status, and what the user can do about them.
#include "os_failure_windows.hpp"

#include <windows.h>

#include "utf8_windows.hpp"

namespace mmapvideo::core::platform {
namespace {

struct Remedy {
  DWORD os_error;
  mmapvideo_status status;
  const char* sentence;  // follows `Cannot write "path": `
};

constexpr Remedy remedies[] = {
    {ERROR_FILE_NOT_FOUND, MMAPVIDEO_NOT_FOUND, "it does not exist."},
    {ERROR_PATH_NOT_FOUND, MMAPVIDEO_NOT_FOUND,
     "its directory does not exist. Create the directory first."},
    {ERROR_BAD_NETPATH, MMAPVIDEO_NOT_FOUND, "that computer or share does not exist."},
    {ERROR_ACCESS_DENIED, MMAPVIDEO_PERMISSION_DENIED,
     "access denied. Ask its owner for access, or choose another path."},
    {ERROR_SHARING_VIOLATION, MMAPVIDEO_PERMISSION_DENIED,
     "another program has it open for itself alone. Close that program, or choose another path."},
    {ERROR_WRITE_PROTECT, MMAPVIDEO_READ_ONLY, "the disk is write-protected. Choose another path."},
    {ERROR_DISK_FULL, MMAPVIDEO_NO_SPACE, "the disk is full. Choose another path."},
    {ERROR_INVALID_NAME, MMAPVIDEO_INVALID_ARGUMENT,
     "the name has characters that no file name may have."},
    {ERROR_FILENAME_EXCED_RANGE, MMAPVIDEO_INVALID_ARGUMENT, "the name is too long."},
    {ERROR_DIRECTORY, MMAPVIDEO_NOT_FOUND, "a part of the path is not a directory."},
    {ERROR_NOT_ENOUGH_MEMORY, MMAPVIDEO_OUT_OF_MEMORY, "out of memory or address space."},
    {ERROR_OUTOFMEMORY, MMAPVIDEO_OUT_OF_MEMORY, "out of memory or address space."},
    {ERROR_COMMITMENT_LIMIT, MMAPVIDEO_OUT_OF_MEMORY, "out of memory or address space."},
    {ERROR_TOO_MANY_OPEN_FILES, MMAPVIDEO_SYSTEM, "this process has too many open files."},
    {ERROR_USER_MAPPED_FILE, MMAPVIDEO_SYSTEM, "another process has it mapped."},
};

}  // namespace

std::string os_message(unsigned long os_error) {
  wchar_t text[256];
  DWORD length = FormatMessageW(
      FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK,
      nullptr, os_error, 0, text, sizeof text / sizeof text[0], nullptr);
  while (length > 0 && text[length - 1] == L' ') --length;
  return length == 0 ? "unknown error" : to_utf8({text, length});
}

std::string os_detail(const char* call, unsigned long os_error) {
  return std::string(call) + ": " + os_message(os_error) + " (" + std::to_string(os_error) + ")";
}

Failure os_failure(const char* verb, const std::string& path, const char* call,
                   unsigned long os_error) {
  mmapvideo_status status = MMAPVIDEO_SYSTEM;
  std::string reason = os_message(os_error);
  for (const Remedy& remedy : remedies) {
    if (remedy.os_error != os_error) continue;
    status = remedy.status;
    reason = remedy.sentence;
  }
  return Failure(status, std::string("Cannot ") + verb + " \"" + path + "\": " + reason,
                 os_detail(call, os_error), static_cast<int>(os_error));
}

}  // namespace mmapvideo::core::platform
