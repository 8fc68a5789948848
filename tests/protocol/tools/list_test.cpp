// SPDX-License-Identifier: MIT
// `mmapvideo list`.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <regex>

#include "command.hpp"
#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/leases.hpp"
#include "support/library.hpp"

namespace mmapvideo_test {
namespace {

class ListTest : public FileTest {
 protected:
  Answer list(const std::string& options = "") {
    return run("list " + dir_.path() + ' ' + options);
  }
  /// The line of a file.
  std::string row(const Answer& answer, const std::string& path) {
    const std::size_t begin = answer.text.find(path + ' ');
    if (begin == std::string::npos) return "";
    return answer.text.substr(begin, answer.text.find('\n', begin) - begin);
  }
};

TEST_F(ListTest, an_empty_directory_is_fine) {
  EXPECT_EQ(list().status, 0);
  EXPECT_TRUE(list().says("no mapped files"));
  EXPECT_EQ(list("--json").json().size(), 0u);
}

TEST_F(ListTest, live_and_left_over_files_are_told_apart) {
  Writer writer = open_writer(dir_ / "live");
  publish(writer);
  Reader reader = open_reader(dir_ / "live");
  ASSERT_EQ(take(reader).number, 1u);
  {
    ForgedFile crashed(dir_ / "crashed");
    crashed.publish();
    crashed.start_slot(2);  // which is how most crashes leave a file
    ForgedFile ended(dir_ / "ended");
    ended.publish();
    ended.end_session();
  }
  const Answer shown = list();
  EXPECT_EQ(shown.status, 0);
  EXPECT_TRUE(std::regex_match(row(shown, dir_ / "live"),
                               std::regex(".* GRAY8 +64x64 +- +1 +[0-9.]+ s +alive")))
      << shown.text;
  EXPECT_TRUE(std::regex_match(row(shown, dir_ / "crashed"), std::regex(".* 0 .*crashed")))
      << shown.text;
  EXPECT_TRUE(std::regex_match(row(shown, dir_ / "ended"), std::regex(".* 0 .*ended")))
      << shown.text;
}

TEST_F(ListTest, the_rate_is_the_nominal_one_or_measured) {
  Writer nominal = open_writer(dir_ / "nominal");
  mmapvideo_frame_info info = grey_info();
  info.fps_numerator = 30000;
  info.fps_denominator = 1001;
  ASSERT_EQ(try_publish(nominal, info), MMAPVIDEO_OK);
  Writer variable = open_writer(dir_ / "variable");
  publish(variable);
  publish(variable);
  const Answer shown = list();
  EXPECT_NE(row(shown, dir_ / "nominal").find(" 29.97 "), std::string::npos) << shown.text;
  EXPECT_NE(row(shown, dir_ / "variable").find(" ~"), std::string::npos) << shown.text;
}

TEST_F(ListTest, files_below_the_directory_and_named_ones_are_found_once) {
  std::filesystem::create_directories(dir_ / "a/b");
  Writer deep = open_writer(dir_ / "a/b/deep");
  publish(deep);
  const Answer shown =
      run("list --json " + dir_.path() + " " + (dir_ / "a/") + " " + (dir_ / "a/b/deep"));
  EXPECT_EQ(shown.status, 0);
  ASSERT_EQ(shown.json().size(), 1u) << shown.text;
  EXPECT_EQ(shown.json()[0]["path"], dir_ / "a/b/deep");
}

TEST_F(ListTest, everything_else_is_neither_shown_nor_touched) {
  write_bytes(dir_ / "foreign", "not a mapped file at all");
  write_bytes(dir_ / "empty", "");
  ASSERT_EQ(::mkfifo((dir_ / "fifo").c_str(), 0600), 0);
  Writer writer = open_writer(dir_ / "live");
  std::filesystem::create_symlink(dir_ / "live", dir_ / "link");
  std::filesystem::create_directory(dir_ / "directory");
  std::filesystem::create_directory_symlink(dir_.path(), dir_ / "directory/loop");
  const Answer shown = list("--json");
  ASSERT_EQ(shown.json().size(), 1u) << shown.text;
  EXPECT_EQ(shown.json()[0]["path"], dir_ / "live");
  EXPECT_EQ(read_bytes(dir_ / "foreign"), "not a mapped file at all");
}

TEST_F(ListTest, json_is_what_info_prints) {
  ForgedFile file(path_);
  file.publish();
  const auto listed = list("--json").json()[0];
  auto info = run("info --json " + path_).json();
  EXPECT_EQ(listed["newest"]["number"], info["newest"]["number"]);
  EXPECT_EQ(listed["writer"], "alive");
  EXPECT_EQ(listed.size(), info.size());
}

TEST_F(ListTest, a_broken_file_is_a_finding) {
  ForgedFile file(path_);
  file.raw().ring().slot_count = 1000;
  const Answer shown = list();
  EXPECT_EQ(shown.status, 1);
  EXPECT_NE(row(shown, path_).find("broken"), std::string::npos) << shown.text;
}

TEST_F(ListTest, a_file_of_another_version_is_a_finding) {
  {
    ForgedFile file(path_);
    file.header().version = 99;
  }
  EXPECT_EQ(list().status, 1);
  EXPECT_TRUE(list().says("unsupported version"));
  EXPECT_EQ(list("--json").json()[0]["error"], "unsupported version");
}

TEST_F(ListTest, a_directory_that_is_not_there_is_status_3) {
  const Answer shown = run("list " + (dir_ / "nowhere"));
  EXPECT_EQ(shown.status, 3);
  EXPECT_TRUE(shown.says(dir_ / "nowhere"));
}

TEST_F(ListTest, names_with_control_characters_do_not_reach_the_terminal) {
  Writer writer = open_writer(dir_ / "a\033[2Jb");
  EXPECT_FALSE(list().says("\033"));
  EXPECT_TRUE(list().says("a?[2Jb"));
}

}  // namespace
}  // namespace mmapvideo_test
