// SPDX-License-Identifier: MIT
// Locks on Windows, by trying.
#include "ofd_lock.hpp"

#include "open_file.hpp"

namespace mmapvideo_test {
namespace {

constexpr DWORD kExclusive = LOCKFILE_EXCLUSIVE_LOCK;
constexpr DWORD kShared = 0;
// Who asks at the same moment is in the way for that moment only.
constexpr int kTries = 5;

HANDLE handle_of(std::intptr_t number) { return reinterpret_cast<HANDLE>(number); }

OVERLAPPED place_of(const LockRange& range) {
  OVERLAPPED place{};
  place.Offset = static_cast<DWORD>(range.offset);
  place.OffsetHigh = static_cast<DWORD>(range.offset >> 32);
  return place;
}

bool try_lock(std::intptr_t file, DWORD kind, const LockRange& range) {
  OVERLAPPED place = place_of(range);
  return LockFileEx(handle_of(file), kind | LOCKFILE_FAIL_IMMEDIATELY, 0,
                    static_cast<DWORD>(range.bytes), static_cast<DWORD>(range.bytes >> 32),
                    &place) != 0;
}

void drop_lock(std::intptr_t file, const LockRange& range) {
  OVERLAPPED place = place_of(range);
  UnlockFileEx(handle_of(file), 0, static_cast<DWORD>(range.bytes),
               static_cast<DWORD>(range.bytes >> 32), &place);
}

}  // namespace

LockFile::LockFile(const std::string& path, int open_flags) : file_(open_file(path, open_flags)) {}

LockFile::~LockFile() { CloseHandle(handle_of(file_)); }

bool LockFile::try_shared(LockRange range) { return try_lock(file_, kShared, range); }

bool LockFile::try_exclusive(LockRange range) { return try_lock(file_, kExclusive, range); }

void LockFile::unlock(LockRange range) { drop_lock(file_, range); }

bool LockFile::is_free_for(unsigned long kind, LockRange range) const {
  for (int i = 0; i < kTries; ++i) {
    if (try_lock(file_, kind, range)) {
      drop_lock(file_, range);
      return true;
    }
    Sleep(0);
  }
  return false;
}

std::optional<FoundLock> LockFile::query(LockRange range) const {
  if (is_free_for(kExclusive, range)) return std::nullopt;
  return FoundLock{is_free_for(kShared, range) ? F_RDLCK : F_WRLCK, range};
}

std::vector<FoundLock> LockFile::list(LockRange range) const {
  std::vector<FoundLock> found;
  list_into(range, found);
  return found;
}

void LockFile::list_into(LockRange range, std::vector<FoundLock>& found) const {
  const auto lock = query(range);
  if (!lock) return;
  if (range.bytes <= 16) {
    found.push_back(*lock);
    return;
  }
  const std::uint64_t half = range.bytes / 2 / 16 * 16;
  list_into({range.offset, half}, found);
  list_into({range.offset + half, range.bytes - half}, found);
}

}  // namespace mmapvideo_test
