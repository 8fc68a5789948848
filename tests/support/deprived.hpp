// SPDX-License-Identifier: MIT
// Children to whom the system denies something: rights, room, writing. They look, and report.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "support/child.hpp"
#include "support/library.hpp"
#include "support/report.hpp"

namespace mmapvideo_test {

inline constexpr int kNotPossible = 77;
inline constexpr uid_t kNobody = 65534;

/// Runs `look` as a user without rights. False: this process has none to give up.
inline bool as_nobody(const std::function<Report()>& look, Report& report) {
  Child child([&](const Results& results) {
    if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) return kNotPossible;
    results.send(look());
    return 0;
  });
  bool received = child.receive(report);
  EXPECT_TRUE(received || child.exit_status() == kNotPossible);
  return received;
}

/// Runs `look` with a mount namespace of its own, where it may mount. False: not possible here.
inline bool with_mounts(const std::function<Report()>& look, Report& report) {
  Child child([&](const Results& results) {
    int flags = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS;
    if (::unshare(flags) != 0) return kNotPossible;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kNotPossible;
    results.send(look());
    return 0;
  });
  bool received = child.receive(report);
  EXPECT_TRUE(received || child.exit_status() == kNotPossible) << child.exit_status();
  return received;
}
inline void mount_tmpfs(const std::string& at, const char* options) {
  if (::mount("tmpfs", at.c_str(), "tmpfs", 0, options) != 0) ::_exit(kNotPossible);
}
inline void remount_read_only(const std::string& at) {
  if (::mount("none", at.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
    ::_exit(kNotPossible);
  }
}
inline void bind_read_only(const std::string& from, const std::string& to) {
  if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) != 0) ::_exit(kNotPossible);
  if (::mount("none", to.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
    ::_exit(kNotPossible);
  }
}

}  // namespace mmapvideo_test

#define SKIP_WITHOUT_MOUNTS(possible) \
  if (!(possible)) GTEST_SKIP() << "may not create a mount namespace with a tmpfs here"
