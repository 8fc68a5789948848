// SPDX-License-Identifier: MIT
// The manual page and the completions that are made of the help.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <sstream>

#include "command.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

std::string page(const std::string& name) {
  return std::string(std::getenv("MMAPVIDEO_PAGES")) + '/' + name;
}

const char* const commands[] = {"list", "info", "watch", "dump", "play", "check", "gc"};

class PagesTest : public FileTest {
 protected:
  /// What bash offers for the last of the words.
  std::set<std::string> completed(const std::string& words) {
    const Answer said = shell("cd " + dir_.path() + " && bash -c '. " + page("mmapvideo") +
                              "; COMP_WORDS=(mmapvideo " + words +
                              "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _mmapvideo 2>&1; " +
                              "printf \"%s\\n\" \"${COMPREPLY[@]}\"'");
    std::set<std::string> offers;
    std::istringstream lines(said.text);
    for (std::string line; std::getline(lines, line);) offers.insert(line);
    return offers;
  }
};

TEST_F(PagesTest, the_manual_has_all_commands_and_options_of_the_help) {
  const std::string manual = read_bytes(page("mmapvideo.1"));
  for (const std::string name : commands) {
    EXPECT_NE(manual.find(".SS \\fBmmapvideo " + name), std::string::npos) << name;
    std::istringstream help(run(name + " --help").text);
    for (std::string word; help >> word;) {
      if (word.rfind("--", 0) != 0 || word.size() < 4 || word.find_first_of("\".,;") != word.npos)
        continue;
      std::string escaped;
      for (const char c : word) escaped += c == '-' ? std::string("\\-") : std::string(1, c);
      EXPECT_NE(manual.find(escaped), std::string::npos) << word;
    }
  }
}

TEST_F(PagesTest, the_manual_is_well_formed) {
  if (!has_program("mandoc")) GTEST_SKIP() << "there is no mandoc here";
  // A date would make every build another one.
  const Answer said =
      shell("mandoc -T lint -W warning " + page("mmapvideo.1") + " | grep -v 'missing date'");
  EXPECT_EQ(said.text, "");
}

TEST_F(PagesTest, bash_completes_commands_options_words_and_files) {
  if (!has_program("bash")) GTEST_SKIP() << "there is no bash here";
  EXPECT_EQ(completed("wa"), (std::set<std::string>{"watch"}));
  EXPECT_EQ(completed("\"\"").count("gc"), 1u);
  EXPECT_EQ(completed("dump --e"), (std::set<std::string>{"--every-frame"}));
  EXPECT_EQ(completed("dump --fast"), (std::set<std::string>{""})) << "an option of play";
  EXPECT_EQ(completed("play --delivery ac"), (std::set<std::string>{"acknowledged"}));
  EXPECT_EQ(completed("watch -n \"\""), (std::set<std::string>{""})) << "a number";
  write_bytes(dir_ / "a file", "");
  EXPECT_EQ(completed("info a"), (std::set<std::string>{"a file"}));
  EXPECT_EQ(completed("dump x -o a"), (std::set<std::string>{"a file"}));
}

TEST_F(PagesTest, zsh_and_fish_find_no_fault) {
  if (has_program("zsh")) {
    EXPECT_EQ(shell("zsh -n " + page("_mmapvideo")).text, "");
  }
  if (has_program("fish")) {
    EXPECT_EQ(shell("fish --no-execute " + page("mmapvideo.fish")).text, "");
    const Answer said = shell("cd " + dir_.path() + " && HOME=. fish --no-config -c 'source " +
                              page("mmapvideo.fish") + "; complete -C \"mmapvideo dump --ev\"'");
    EXPECT_TRUE(said.says("--every-frame")) << said.text;
  }
}

}  // namespace
}  // namespace mmapvideo_test
