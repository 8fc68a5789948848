// SPDX-License-Identifier: MIT
// Locks that are refused for a moment only (SPEC.md 5): a process that cannot ask about a lock
// takes it, and lets go of it at once.
#pragma once

#include <chrono>
#include <thread>

#include "lock_table.hpp"
#include "platform/platform.hpp"

namespace mmapvideo::core {

inline constexpr int patient_tries = 500;
inline constexpr auto patient_pause = std::chrono::milliseconds(1);

/// Tries until `pointless` says that it has been refused for good, at most for half a second.
template <typename Try, typename Pointless>
platform::LockResult lock_patiently(Try try_lock, Pointless pointless) {
  for (int tries = 1;; ++tries) {
    const platform::LockResult result = try_lock();
    if (result != platform::LockResult::held_by_other || tries == patient_tries || pointless())
      return result;
    std::this_thread::sleep_for(patient_pause);
  }
}

/// A reader's presence, or its turn: without it nobody would wait for the reader.
inline platform::LockResult lock_shared_patiently(const platform::File& file,
                                                  const LockRange& range) {
  return lock_patiently([&] { return platform::try_lock_shared(file, range); },
                        [] { return false; });
}

/// WRITER. A writer has it exclusively; who only asks has it shared.
inline platform::LockResult lock_writer_patiently(const platform::File& file) {
  return lock_patiently([&] { return platform::try_lock_exclusive(file, writer_lock()); },
                        [&] {
                          return platform::query_exclusive_lock(file, writer_lock()) !=
                                 platform::LockAnswer::free;
                        });
}

}  // namespace mmapvideo::core
