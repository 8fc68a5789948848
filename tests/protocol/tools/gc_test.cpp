// SPDX-License-Identifier: MIT
// `mmapvideo gc`: what nobody has is removed, and nothing else, whoever comes meanwhile.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "command.hpp"
#include "support/child.hpp"
#include "support/deprived.hpp"
#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/leases.hpp"
#include "support/library.hpp"
#include "support/turns.hpp"

namespace mmapvideo_test {
namespace {

class GcTest : public FileTest {
 protected:
  Answer gc(const std::string& options = "") { return run("gc " + dir_.path() + ' ' + options); }
  static void leave_over(const std::string& path) {
    ForgedFile file(path);
    file.publish();
  }
};

TEST_F(GcTest, files_that_nobody_has_are_removed) {
  std::filesystem::create_directory(dir_ / "below");
  leave_over(dir_ / "crashed");
  leave_over(dir_ / "below/deeper");
  const Answer said = gc();
  EXPECT_EQ(said.status, 0);
  EXPECT_TRUE(said.says("removed " + (dir_ / "crashed"))) << said.text;
  EXPECT_FALSE(exists(dir_ / "crashed"));
  EXPECT_FALSE(exists(dir_ / "below/deeper"));
  EXPECT_TRUE(exists(dir_ / "below"));
  EXPECT_EQ(gc().text, "");
}

TEST_F(GcTest, a_dry_run_removes_nothing) {
  leave_over(path_);
  const Answer said = gc("--dry-run");
  EXPECT_EQ(said.status, 0);
  EXPECT_EQ(said.text, "would remove " + path_ + "\n");
  EXPECT_TRUE(exists(path_));
}

TEST_F(GcTest, json_has_the_same_facts) {
  leave_over(dir_ / "crashed");
  Writer writer = open_writer(dir_ / "live");
  const auto json = gc("--json").json();
  EXPECT_EQ(json["removed"], nlohmann::json::array({dir_ / "crashed"}));
  EXPECT_EQ(json["kept"][0]["path"], dir_ / "live");
  EXPECT_TRUE(json["failed"].empty());
  EXPECT_EQ(json["dry_run"], false);
}

TEST_F(GcTest, a_file_with_a_live_writer_stays) {
  Writer writer = open_writer(path_);
  publish(writer);
  const Answer said = gc();
  EXPECT_EQ(said.status, 0);
  EXPECT_EQ(said.text, "kept " + path_ + ": a writer has it\n");
  EXPECT_TRUE(exists(path_));
}

TEST_F(GcTest, a_file_with_a_live_reader_stays) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  file.drop_writer_lock();
  EXPECT_EQ(gc().text, "kept " + path_ + ": a reader has it\n");
  reader.reset();
  EXPECT_EQ(gc().text, "removed " + path_ + "\n");
}

TEST_F(GcTest, a_file_with_a_turn_or_a_lease_stays) {
  ForgedFile file(path_);
  file.publish();
  file.drop_writer_lock();
  {
    const HandTurn turn(path_, 1);
    EXPECT_TRUE(gc().says("a reader has it"));
  }
  LockFile leaser(path_, O_RDONLY);
  ASSERT_TRUE(leaser.try_shared(lock_item(Family::slot, 0, 5)));
  EXPECT_TRUE(gc().says("frames of it are in use"));
  EXPECT_TRUE(exists(path_));
}

TEST_F(GcTest, what_is_no_mapped_file_stays) {
  write_bytes(dir_ / "foreign", "mmapvid, but not quite");
  write_bytes(dir_ / "empty", "");
  write_bytes(dir_ / "beginning", "mmapvi");
  ASSERT_EQ(::mkfifo((dir_ / "fifo").c_str(), 0600), 0);
  std::filesystem::create_directory(dir_ / "directory");
  EXPECT_EQ(gc().text, "");
  for (const char* name : {"foreign", "empty", "beginning", "fifo", "directory"})
    EXPECT_TRUE(exists(dir_ / name)) << name;
}

TEST_F(GcTest, symbolic_links_are_not_followed) {
  TempDir elsewhere;
  leave_over(elsewhere / "file");
  std::filesystem::create_symlink(elsewhere / "file", dir_ / "link");
  std::filesystem::create_directory_symlink(elsewhere.path(), dir_ / "directory");
  EXPECT_EQ(gc().text, "");
  EXPECT_EQ(run("gc " + (dir_ / "link")).text, "");
  EXPECT_TRUE(exists(elsewhere / "file"));
  EXPECT_TRUE(exists(dir_ / "link"));
}

TEST_F(GcTest, a_single_file_may_be_named) {
  leave_over(dir_ / "one");
  leave_over(dir_ / "other");
  EXPECT_EQ(run("gc " + (dir_ / "one")).text, "removed " + (dir_ / "one") + "\n");
  EXPECT_TRUE(exists(dir_ / "other"));
}

TEST_F(GcTest, a_broken_file_that_nobody_has_is_removed) {
  {
    ForgedFile file(path_);
    file.header().state = 77;
    file.header().header_bytes = 12;
  }
  EXPECT_EQ(gc().text, "removed " + path_ + "\n");
}

TEST_F(GcTest, files_of_another_version_or_without_locks_stay) {
  {
    ForgedFile other(dir_ / "other");
    other.header().version = 99;
    ForgedFile unlocked(dir_ / "unlocked");
    unlocked.header().compatible_flags = MMAPVIDEO_COMPATIBLE_UNLOCKED;
  }
  const Answer said = gc();
  EXPECT_TRUE(said.says("it is of another version")) << said.text;
  EXPECT_TRUE(said.says("without locks nobody knows")) << said.text;
  EXPECT_TRUE(exists(dir_ / "other") && exists(dir_ / "unlocked"));
}

TEST_F(GcTest, a_file_that_must_not_be_removed_is_a_finding) {
  leave_over(path_);
  ::chmod(path_.c_str(), 0644);
  ::chmod(dir_.path().c_str(), 0755);
  Child child([&](const Results& results) {
    if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) return kNotPossible;
    if (::geteuid() != kNobody) return kNotPossible;
    const Answer said = run("gc " + dir_.path());
    results.send(said.status);
    results.send_text(said.text);
    return 0;
  });
  int status = 0;
  std::string text;
  if (!child.receive(status)) GTEST_SKIP() << "may not become another user here";
  ASSERT_TRUE(child.receive_text(text));
  EXPECT_EQ(status, 1);
  EXPECT_NE(text.find("cannot remove " + path_), std::string::npos) << text;
  EXPECT_TRUE(exists(path_));
}

TEST_F(GcTest, a_directory_that_is_not_there_is_status_3) {
  EXPECT_EQ(run("gc " + (dir_ / "nowhere")).status, 3);
}

}  // namespace
}  // namespace mmapvideo_test
