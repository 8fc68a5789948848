// SPDX-License-Identifier: MIT
// Removing mapped files that no writer and no reader holds.
#include "garbage.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <failure.hpp>
#include <geometry.hpp>
#include <optional>
#include <platform/platform.hpp>
#include <system_error>

#include "unique_descriptor.hpp"

namespace mmapvideo::tools {
namespace {

namespace platform = core::platform;

constexpr int open_flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

/// Invalid: errno says why. What is no regular file any more is not there.
platform::File open_found(const FoundFile& found, int access) {
  UniqueDescriptor file(::openat(found.directory, found.name.c_str(), access | open_flags));
  struct stat status {};
  if (file.valid() && ::fstat(file.get(), &status) == 0 && !S_ISREG(status.st_mode)) {
    errno = ENOENT;
    return {};
  }
  return platform::File::adopt(file.release(), found.path);
}

bool is_held(const platform::File& file, const core::LockRange& range) {
  return platform::query_lock(file, range).answer != platform::LockQuery::Answer::free;
}

/// Why somebody still needs the file, or nothing. Asks only.
std::optional<std::string> holder(const platform::File& file) {
  if (is_held(file, core::writer_lock())) return "a writer has it";
  if (is_held(file, core::all_reader_locks()) || is_held(file, core::all_turns()))
    return "a reader has it";
  if (is_held(file, core::all_slot_locks())) return "frames of it are in use";
  return std::nullopt;
}

/// A writer that could not lock cannot be asked about.
bool has_locks(const platform::File& file) {
  std::uint64_t flags = 0;
  file.read_at(offsetof(mmapvideo_file_header, compatible_flags), &flags, sizeof flags);
  return (flags & MMAPVIDEO_COMPATIBLE_UNLOCKED) == 0 &&
         platform::query_lock(file, core::writer_lock()).answer !=
             platform::LockQuery::Answer::unsupported;
}

bool still_names(const FoundFile& found, const platform::File& file) {
  struct stat status {};
  return ::fstatat(found.directory, found.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         platform::FileIdentity{status.st_dev, status.st_ino} == file.identity();
}

Verdict kept(const FoundFile& found, std::string reason) {
  return {found.path, Fate::kept, std::move(reason)};
}

/// By questions alone: they need no right to write, and turn no writer away. Nothing: nobody has
/// the file.
std::optional<Verdict> reason_to_keep(const FoundFile& found, const platform::File& file) {
  unsigned char preamble[MMAPVIDEO_PREAMBLE_BYTES] = {};
  const std::size_t bytes = file.read_at(0, preamble, sizeof preamble);
  const auto kind = core::classify_preamble(preamble, bytes);
  // A shorter one may be anybody's.
  if (kind == core::FileKind::foreign || bytes < sizeof(mmapvideo_file_header::magic))
    return Verdict{found.path, Fate::gone, ""};
  if (kind == core::FileKind::unsupported) return kept(found, "it is of another version");
  if (!has_locks(file)) return kept(found, "without locks nobody knows who has it");
  if (const auto reason = holder(file)) return kept(found, *reason);
  return std::nullopt;
}

/// Asks all again under the WRITER lock.
Verdict remove_locked(const FoundFile& found, const platform::File& file) {
  if (platform::try_lock_exclusive(file, core::writer_lock()) != platform::LockResult::acquired)
    return kept(found, "a writer has it");
  if (auto verdict = reason_to_keep(found, file)) return *verdict;
  if (!still_names(found, file)) return {found.path, Fate::gone, ""};
  if (::unlinkat(found.directory, found.name.c_str(), 0) == 0)
    return {found.path, Fate::removed, ""};
  return {found.path, errno == ENOENT ? Fate::gone : Fate::failed,
          std::generic_category().message(errno)};
}

}  // namespace

Verdict remove_unless_held(const FoundFile& found, bool dry_run) try {
  const auto unopened = [&] {
    return Verdict{found.path, errno == ENOENT ? Fate::gone : Fate::failed,
                   std::generic_category().message(errno)};
  };
  const platform::File looked_at = open_found(found, O_RDONLY);
  if (!looked_at.valid()) return unopened();
  if (auto verdict = reason_to_keep(found, looked_at)) return *verdict;
  if (dry_run) return {found.path, Fate::removed, ""};
  const platform::File file = open_found(found, O_RDWR);
  return file.valid() ? remove_locked(found, file) : unopened();
} catch (const core::Failure& failure) {
  return {found.path, Fate::failed, failure.message()};
}

}  // namespace mmapvideo::tools
