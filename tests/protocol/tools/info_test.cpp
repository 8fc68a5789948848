// SPDX-License-Identifier: MIT
// `mmapvideo info` and `mmapvideo check`, and what all subcommands have in common.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "command.hpp"
#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"
#include "support/turns.hpp"

namespace mmapvideo_test {
namespace {

class InfoTest : public FileTest {
 protected:
  Answer info(const std::string& options = "") { return run("info " + path_ + " " + options); }
  Answer check(const std::string& options = "") { return run("check " + path_ + " " + options); }
};

TEST_F(InfoTest, info_shows_a_live_writer_its_readers_and_the_newest_frame) {
  Writer writer = open_writer(path_, 4);
  publish(writer);
  publish(writer);
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 2u);
  const Answer shown = info();
  EXPECT_EQ(shown.status, 0);
  EXPECT_TRUE(shown.says("alive, streaming")) << shown.text;
  EXPECT_TRUE(shown.says("readers  1")) << shown.text;
  EXPECT_TRUE(shown.says("GRAY8 64x64")) << shown.text;
  EXPECT_TRUE(shown.says("number 2")) << shown.text;
  EXPECT_TRUE(shown.says(kCaps)) << shown.text;
}

TEST_F(InfoTest, info_tells_how_far_a_lossless_reader_is) {
  Writer writer = open_waiting_writer(path_);
  const HandTurn turn(path_, 2, 0xab);
  for (int i = 0; i < 4; ++i) publish(writer);
  const Answer shown = info();
  EXPECT_TRUE(shown.says("delivery every-frame")) << shown.text;
  EXPECT_TRUE(shown.says("000000ab, detached, leases 0, next frame 2, 3 behind")) << shown.text;
  const auto reader = info("--json").json()["readers"][0];
  EXPECT_EQ(reader["lane"], 0xab);
  EXPECT_EQ(reader["next_number"], 2);
  EXPECT_EQ(reader["lag"], 3);
}

TEST_F(InfoTest, info_as_json_has_the_same_facts) {
  Writer writer = open_writer(path_, 4);
  publish(writer);
  const Answer shown = info("--json");
  EXPECT_EQ(shown.status, 0);
  const auto json = shown.json();
  EXPECT_EQ(json["path"], path_);
  EXPECT_EQ(json["state"], "streaming");
  EXPECT_EQ(json["writer_alive"], true);
  EXPECT_EQ(json["clock_comparable"], true);
  EXPECT_EQ(json["readers"].size(), 0u);
  EXPECT_EQ(json["ring"]["slot_count"], 4);
  EXPECT_EQ(json["newest"]["number"], 1);
  EXPECT_EQ(json["newest"]["format"], "GRAY8");
  EXPECT_EQ(json["newest"]["caps"], kCaps);
  EXPECT_EQ(json["newest"]["pts_ns"], nullptr);
  EXPECT_GE(json["newest"]["age_ns"], 0);
  EXPECT_EQ(json["newest"]["planes"][0]["stride"], 64);
  EXPECT_TRUE(json["findings"].empty());
}

TEST_F(InfoTest, info_names_the_records_of_the_newest_frame) {
  Writer writer = open_writer(path_, 4);
  std::string metadata = "mmapmet\n" + std::string("\1\0\0\0\0\0\0\0", 8);
  for (const char* kind : {"video-crop", "tags"}) {
    std::string padded = kind;
    padded.resize(24);
    metadata += std::string("\x20\0\0\0\1\0\0\0", 8) + padded;
  }
  mmapvideo_frame_info info_of_frame = grey_info();
  info_of_frame.metadata_bytes = metadata.size();
  ASSERT_EQ(try_publish(writer, info_of_frame, kCaps, metadata), MMAPVIDEO_OK);
  EXPECT_TRUE(info().says("80 bytes: video-crop, tags")) << info().text;
  EXPECT_EQ(info("--json").json()["newest"]["metadata"], "video-crop, tags");
  EXPECT_EQ(check().status, 0) << "whatever is in them is no fault of the file";
  metadata[0] = 'M';
  ASSERT_EQ(try_publish(writer, info_of_frame, kCaps, metadata), MMAPVIDEO_OK);
  EXPECT_TRUE(info().says("80 bytes: not records")) << info().text;
}

TEST_F(InfoTest, info_tells_an_end_from_a_death) {
  {
    ForgedFile file(path_);
    file.publish();
    file.drop_writer_lock();
    EXPECT_TRUE(info().says("gone without ending"));
    file.end_session();
  }
  EXPECT_TRUE(info().says("ended cleanly"));
}

TEST_F(InfoTest, a_file_that_is_not_ready_is_no_finding) {
  std::ofstream(path_).close();
  EXPECT_EQ(info().status, 0);
  EXPECT_EQ(check().status, 0);
  EXPECT_EQ(info("--json").json()["ready"], false);
}

TEST_F(InfoTest, check_of_a_good_file_says_fine) {
  Writer writer = open_writer(path_, 4);
  publish(writer);
  const Answer checked = check();
  EXPECT_EQ(checked.status, 0);
  EXPECT_TRUE(checked.says("fine, 1 frames")) << checked.text;
  EXPECT_EQ(check("--json").json()["ok"], true);
}

TEST_F(InfoTest, check_finds_a_half_written_slot_of_a_dead_writer) {
  ForgedFile file(path_);
  file.publish();
  file.start_slot(2);
  EXPECT_EQ(check().status, 0) << "a live writer may be writing it";
  file.drop_writer_lock();
  const Answer checked = check();
  EXPECT_EQ(checked.status, 1);
  EXPECT_TRUE(checked.says("slot 2 is half written")) << checked.text;
}

TEST_F(InfoTest, check_finds_a_head_without_its_frame) {
  ForgedFile file(path_);
  file.publish();
  store(file.slot(0).stamp, std::uint64_t{0});
  file.drop_writer_lock();
  const Answer checked = check("--json");
  EXPECT_EQ(checked.status, 1);
  EXPECT_EQ(checked.json()["ok"], false);
  EXPECT_EQ(checked.json()["findings"].size(), 1u);
}

TEST_F(InfoTest, check_finds_planes_beyond_the_payload) {
  ForgedFile file(path_);
  file.publish();
  file.slot(0).info.planes[0].offset = kFrameBytes;
  const Answer checked = check();
  EXPECT_EQ(checked.status, 1);
  EXPECT_TRUE(checked.says("slot 0: plane 0 exceeds the payload")) << checked.text;
}

TEST_F(InfoTest, check_finds_caps_that_readers_refuse) {
  ForgedFile file(path_);
  file.publish();
  file.raw().caps(0)[3] = '\0';
  const Answer checked = check();
  EXPECT_EQ(checked.status, 1);
  EXPECT_TRUE(checked.says("slot 0: the caps string holds a NUL")) << checked.text;
}

TEST_F(InfoTest, check_finds_a_ring_beyond_the_file) {
  ForgedFile file(path_);
  file.raw().ring().slot_count = 1000;
  const Answer checked = check();
  EXPECT_EQ(checked.status, 1);
  EXPECT_TRUE(checked.says("exceeds the file")) << checked.text;
}

TEST_F(InfoTest, a_foreign_file_is_a_finding_and_stays_as_it_was) {
  std::ofstream(path_) << "....ftypisom, not a ring of frames";
  for (const char* command : {"info ", "check "}) {
    const Answer refused = run(command + path_);
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(refused.says(path_) && refused.says("another kind")) << refused.text;
  }
  EXPECT_EQ(check("--json").json()["error"], "foreign file");
}

TEST_F(InfoTest, a_file_that_is_not_there_is_status_3) {
  EXPECT_EQ(info().status, 3);
  EXPECT_EQ(check().status, 3);
  EXPECT_EQ(check("--json").json()["error"], "not found");
}

TEST_F(InfoTest, wrong_usage_is_status_2_and_help_is_0) {
  EXPECT_EQ(run("").status, 2);
  EXPECT_EQ(run("info").status, 2);
  EXPECT_EQ(run("frobnicate " + path_).status, 2);
  EXPECT_EQ(run("info --wrong " + path_).status, 2);
  EXPECT_EQ(run("--help").status, 0);
}

TEST_F(InfoTest, every_subcommand_has_help_with_an_example) {
  for (const std::string name : {"list", "info", "watch", "dump", "play", "check", "gc"}) {
    const Answer help = run(name + " --help");
    EXPECT_EQ(help.status, 0);
    EXPECT_TRUE(help.says("Examples:\n  ")) << help.text;
    EXPECT_TRUE(help.says("mmapvideo " + name)) << help.text;
  }
}

TEST_F(InfoTest, the_version_is_told) { EXPECT_TRUE(run("--version").says("0.")); }

TEST_F(InfoTest, control_characters_of_a_file_do_not_reach_the_terminal) {
  ForgedFile file(path_);
  file.publish();
  set_text(file.slot(0).info.format, sizeof file.slot(0).info.format, "\033[2JGRAY8");
  EXPECT_FALSE(info().says("\033"));
}

}  // namespace
}  // namespace mmapvideo_test
