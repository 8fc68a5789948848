// SPDX-License-Identifier: MIT
// Leases as Linux shows them: the memory behind them, and readers without rights.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "support/deprived.hpp"
#include "support/file_test.hpp"
#include "support/leases.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using LeaseOnLinuxTest = FileTest;

TEST_F(LeaseOnLinuxTest, memory_of_a_removed_file_is_freed_with_its_last_lease) {
  Writer writer = open_reserved_writer(path_, 4);
  publish(writer, 3);
  std::vector<Lease> leases;
  for (int i = 0; i < 3; ++i) leases.push_back(take_lease(open_reader(path_)));
  writer.reset();
  ASSERT_FALSE(exists(path_));
  const std::string maps_name = path_ + " (deleted)";
  auto is_mapped = [&] {
    return read_bytes("/proc/self/maps").find(maps_name) != std::string::npos;
  };
  while (!leases.empty()) {
    EXPECT_TRUE(leases.back().words_are(3));
    EXPECT_TRUE(is_mapped());
    leases.pop_back();
  }
  EXPECT_FALSE(is_mapped()) << "a mapping was left behind";
}

// ---- Readers without rights

TEST_F(LeaseOnLinuxTest, permission_to_read_is_enough_for_a_lease) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  Writer writer = open_reserved_writer(path_, 4);
  publish(writer, 6);
  ASSERT_EQ(::chmod(path_.c_str(), 0444), 0);
  Report report;
  const bool possible = as_nobody(
      [&]() -> Report {
        Reader reader = open_reader(path_);
        Taken taken = next_frame(reader);
        if (taken.status != MMAPVIDEO_OK) return {taken.status, taken.error};
        Lease lease;
        Report seen;
        seen.status = lease_frame(reader, lease, &seen.error);
        if (seen.status == MMAPVIDEO_OK && !lease.words_are(6)) seen.status = MMAPVIDEO_SYSTEM;
        return seen;
      },
      report);
  if (!possible) GTEST_SKIP() << "cannot become nobody";
  EXPECT_EQ(report.status, MMAPVIDEO_OK) << report.error.message;
}

TEST_F(LeaseOnLinuxTest, read_only_mount_is_enough_for_a_lease_that_the_writer_heeds) {
  const std::string inner = dir_ / "mounted", mounted_path = inner + "/camera";
  ASSERT_EQ(::mkdir(inner.c_str(), 0700), 0);
  Report report;
  const bool possible = with_mounts(
      [&]() -> Report {
        const std::string outer = dir_ / "outer";
        ::mkdir(outer.c_str(), 0700);
        Writer writer = open_reserved_writer(outer + "/camera", 4);
        if (publish(writer, 6) != 1) return {MMAPVIDEO_SYSTEM, {}};
        bind_read_only(outer, inner);
        Reader reader = open_reader(mounted_path);
        Taken taken = next_frame(reader);
        if (taken.status != MMAPVIDEO_OK) return {taken.status, taken.error};
        Lease lease;
        Report seen;
        seen.status = lease_frame(reader, lease, &seen.error);
        if (seen.status != MMAPVIDEO_OK) return seen;
        for (int i = 0; i < 20; ++i) publish(writer, 0);
        if (!lease.words_are(6) || !lease.is_intact()) seen.status = MMAPVIDEO_OVERWRITTEN;
        return seen;
      },
      report);
  SKIP_WITHOUT_MOUNTS(possible);
  EXPECT_EQ(report.status, MMAPVIDEO_OK) << report.error.message;
}
