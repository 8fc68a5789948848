// SPDX-License-Identifier: MIT
// Removing mapped files that no writer and no reader holds.
#include "garbage.hpp"

#include <failure.hpp>
#include <geometry.hpp>
#include <lock_patience.hpp>
#include <optional>
#include <platform/platform.hpp>

namespace mmapvideo::tools {
namespace {

namespace platform = core::platform;

bool is_held(const platform::File& file, const core::LockRange& range) {
  return platform::query_lock(file, range) != platform::LockAnswer::free;
}

/// Why somebody still needs the file, or nothing. Asks only.
std::optional<std::string> holder(const platform::File& file) {
  if (platform::query_exclusive_lock(file, core::writer_lock()) != platform::LockAnswer::free)
    return "a writer has it";
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
         platform::query_exclusive_lock(file, core::writer_lock()) !=
             platform::LockAnswer::unsupported;
}

Verdict kept(const FoundFile& found, std::string reason) {
  return {found.path, Fate::kept, std::move(reason)};
}

/// Removed, if it was done.
Verdict verdict_of(const FoundFile& found, const Attempt& attempt) {
  const Fate undone = attempt.gone ? Fate::gone : Fate::failed;
  return {found.path, attempt.done ? Fate::removed : undone, attempt.reason};
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
  if (core::lock_writer_patiently(file) != platform::LockResult::acquired)
    return kept(found, "a writer has it");
  if (auto verdict = reason_to_keep(found, file)) return *verdict;
  if (!still_names(found, file)) return {found.path, Fate::gone, ""};
  return verdict_of(found, remove_found(found));
}

}  // namespace

Verdict remove_unless_held(const FoundFile& found, bool dry_run) try {
  platform::File looked_at;
  Attempt opening = open_found(found, platform::Access::read, looked_at);
  if (!opening.done) return verdict_of(found, opening);
  if (auto verdict = reason_to_keep(found, looked_at)) return *verdict;
  if (dry_run) return {found.path, Fate::removed, ""};
  platform::File file;
  opening = open_found(found, platform::Access::write, file);
  return opening.done ? remove_locked(found, file) : verdict_of(found, opening);
} catch (const core::Failure& failure) {
  return {found.path, Fate::failed, failure.message()};
}

}  // namespace mmapvideo::tools
