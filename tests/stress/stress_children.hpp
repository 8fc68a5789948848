// SPDX-License-Identifier: MIT
// What is expected of the processes of a stress: they end when they are told to, and leave nothing.
#pragma once

#include <string>

#include "stress_tally.hpp"
#include "support/child.hpp"
#include "support/ofd_lock.hpp"

namespace mmapvideo_test {

inline void expect_alive(StressTally& tally, const Child& child, const std::string& who) {
  if (!child.is_alive()) report_failure(tally, who + " ended by itself");
}

/// Waits for its end.
inline void expect_success(StressTally& tally, Child& child, const std::string& who) {
  const int status = child.exit_status();
  if (status != 0) report_failure(tally, who + " failed with " + std::to_string(status));
}

inline void expect_no_locks(StressTally& tally, const std::string& path) {
  const LockFile file(path, O_RDONLY);
  for (Family family : {Family::writer, Family::reader, Family::slot, Family::turn}) {
    if (!file.list({lock_offset(family, 0, 0), 1ull << 60}).empty())
      report_failure(tally, "a lock was left behind");
  }
}

}  // namespace mmapvideo_test
