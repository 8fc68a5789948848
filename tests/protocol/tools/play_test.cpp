// SPDX-License-Identifier: MIT
// `mmapvideo play`: y4m into a mapped file, and through `dump` out again.
#include <gtest/gtest.h>

#include "clips.hpp"
#include "command.hpp"
#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"

namespace mmapvideo_test {
namespace {

class PlayTest : public FileTest {
 protected:
  Answer play(const std::string& options) { return run("play " + path_ + ' ' + options); }
  /// Through a file from `play` to `dump`, in two processes.
  std::string there_and_back(const std::string& stream) {
    write_bytes(clip_, stream);
    Background player(command_line("play " + path_ + " --fast --delivery every-frame " +
                                   "--wait-for-readers 1 --wait-timeout -1 < " + clip_));
    const Answer dumped =
        run("dump " + path_ + " --every-frame --timeout -1 -o " + (dir_ / "back.y4m"));
    EXPECT_EQ(dumped.status, 0) << dumped.text;
    const Answer played = player.wait();
    EXPECT_EQ(played.status, 0) << played.text;
    return read_bytes(dir_ / "back.y4m");
  }
  /// Once it is at work, which `line` is about.
  void expect_clean_end_by(int signal, const std::string& line) {
    Background player(command_line(line));
    until([&] { return exists(path_) && writer_lock_is_held(path_); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    player.signal(signal);
    const Answer said = player.wait();
    EXPECT_EQ(said.status, 0) << line << said.text;
    EXPECT_FALSE(exists(path_)) << line;
  }
  const std::string clip_ = dir_ / "clip.y4m";
};

TEST_F(PlayTest, a_stream_comes_back_bit_for_bit) {
  const std::string stream = clip(50);
  EXPECT_TRUE(there_and_back(stream) == stream);
}

TEST_F(PlayTest, so_do_all_colour_spaces) {
  const std::size_t luma = 37 * 23;
  for (const ClipShape& shape : {
           ClipShape{37, 23, "420mpeg2", luma + 2 * 19 * 12, "FULL"},
           ClipShape{37, 23, "420paldv", luma + 2 * 19 * 12},
           ClipShape{37, 23, "422", luma + 2 * 19 * 23},
           ClipShape{37, 23, "444", 3 * luma},
           ClipShape{37, 23, "411", luma + 2 * 10 * 23},
           ClipShape{37, 23, "mono", luma, "FULL"},
           ClipShape{37, 23, "mono16", 2 * luma, "FULL"},
           ClipShape{37, 23, "420p10", 2 * (luma + 2 * 19 * 12)},
           ClipShape{37, 23, "422p10", 2 * (luma + 2 * 19 * 23)},
           ClipShape{37, 23, "444p10", 6 * luma},
       }) {
    // Ten bits in two bytes: only valid ones come back.
    std::string stream = clip(3, shape);
    if (shape.colour_space.ends_with("p10"))
      for (unsigned i = 0; i < 3; ++i) {
        const std::size_t begin = clip_header(shape).size() + i * (6 + shape.frame_bytes) + 6;
        for (std::size_t at = begin + 1; at < begin + shape.frame_bytes; at += 2) stream[at] &= 3;
      }
    EXPECT_TRUE(there_and_back(stream) == stream) << shape.colour_space;
  }
}

TEST_F(PlayTest, what_readers_see_is_what_the_header_says) {
  write_bytes(clip_, clip(2, {}, "50:1"));
  ASSERT_EQ(play("--fast --keep-file " + clip_).status, 0);
  Reader reader = open_reader(path_);
  const Taken taken = take(reader);
  ASSERT_EQ(taken.status, MMAPVIDEO_OK);
  EXPECT_STREQ(taken.info.format, "I420");
  EXPECT_EQ(taken.info.fps_numerator, 50u);
  EXPECT_STREQ(taken.info.chroma_site, "jpeg");
  EXPECT_STREQ(taken.info.colorimetry, "bt601");
  EXPECT_EQ(taken.info.pts_ns, 20'000'000u);
  EXPECT_EQ(taken.info.duration_ns, 20'000'000u);
  EXPECT_EQ(taken.info.offset, 1u);
  EXPECT_NE(taken.caps.find("format=(string)I420"), std::string::npos);
}

TEST_F(PlayTest, frames_come_at_their_rate_unless_fast) {
  write_bytes(clip_, clip(6, {}, "10:1"));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(play(clip_).status, 0);
  EXPECT_GE(elapsed_since(start), std::chrono::milliseconds(500));
  write_bytes(clip_, clip(3, {}, "1:1000"));
  EXPECT_EQ(play("--fast " + clip_).status, 0) << "within the watchdog's time";
}

TEST_F(PlayTest, the_file_is_removed_unless_it_is_to_be_kept) {
  write_bytes(clip_, clip(2));
  EXPECT_EQ(play("--fast " + clip_).status, 0);
  EXPECT_FALSE(exists(path_));
  EXPECT_EQ(play("--fast --keep-file --perms 0640 --slots 3 " + clip_).status, 0);
  const auto json = run("info --json " + path_).json();
  EXPECT_EQ(json["writer"], "ended");
  EXPECT_EQ(json["ring"]["slot_count"], 3);
  EXPECT_EQ(run("check " + path_).status, 0);
  EXPECT_EQ(shell("stat -c %a " + path_).text, "640\n");
}

TEST_F(PlayTest, a_summary_tells_what_was_published) {
  write_bytes(clip_, clip(7));
  EXPECT_TRUE(play("--fast " + clip_).says("7 frames, 0 dropped"));
  const auto json = play("--fast --json " + clip_).json();
  EXPECT_EQ(json["frames"], 7);
  EXPECT_EQ(json["dropped"], 0);
}

TEST_F(PlayTest, a_file_is_played_again_and_again) {
  write_bytes(clip_, clip(3));
  Background player(command_line("play --loop --fast " + path_ + " <" + clip_));
  EXPECT_EQ(run("dump " + path_ + " -n 20 --timeout -1 --raw -o " + (dir_ / "raw")).status, 0);
  player.signal(SIGINT);
  EXPECT_EQ(player.wait().status, 0);
  EXPECT_FALSE(exists(path_));
}

TEST_F(PlayTest, a_pipe_cannot_be_played_again) {
  write_bytes(clip_, clip(3));
  const Answer said = shell("cat " + clip_ + " | " + command() + " play --loop " + path_);
  EXPECT_EQ(said.status, 2);
  EXPECT_TRUE(said.says("--loop needs a file")) << said.text;
}

TEST_F(PlayTest, interrupts_end_it_cleanly_wherever_it_waits) {
  write_bytes(clip_, clip(2, {}, "1:1000"));
  expect_clean_end_by(SIGINT, "play " + path_ + " <" + clip_);  // its next frame's time
  expect_clean_end_by(SIGINT, "play --wait-for-readers 1 " + path_ + " <" + clip_);
}

TEST_F(PlayTest, termination_ends_it_cleanly) {
  write_bytes(clip_, clip(2, {}, "1:1000"));
  expect_clean_end_by(SIGTERM, "play " + path_ + " <" + clip_);
  expect_clean_end_by(SIGTERM, "play --wait-for-readers 1 " + path_ + " <" + clip_);
}

TEST_F(PlayTest, an_interrupt_ends_its_wait_for_input) {
  shell("mkfifo " + (dir_ / "fifo"));
  const int fifo = ::open((dir_ / "fifo").c_str(), O_RDWR | O_CLOEXEC);
  const std::string beginning = clip(1) + "FRAME\n";
  ASSERT_EQ(::write(fifo, beginning.data(), beginning.size()),
            static_cast<ssize_t>(beginning.size()));
  expect_clean_end_by(SIGINT, "play --fast " + path_ + " <" + (dir_ / "fifo"));
  ::close(fifo);
}

TEST_F(PlayTest, what_is_no_y4m_leaves_nothing_behind) {
  for (const std::string& stream :
       {std::string(), std::string("not a stream"), std::string("YUV4MPEG2 W99999 H4\n"), clip(0),
        clip(1).substr(0, 100), "YUV4MPEG2 W4 H4 C420p16\nFRAME\n" + std::string(999, 'x')}) {
    write_bytes(clip_, stream);
    const Answer said = play(clip_);
    EXPECT_EQ(said.status, 1) << stream;
    EXPECT_TRUE(said.says("Cannot play \"" + clip_ + "\": ")) << said.text;
    EXPECT_FALSE(exists(path_));
  }
}

// Sanitizers reserve more than any limit leaves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr const char* kMemoryLimit = "";
#else
constexpr const char* kMemoryLimit = "ulimit -v 600000; ";
#endif

TEST_F(PlayTest, a_giant_header_takes_no_memory) {
  write_bytes(clip_, "YUV4MPEG2 W32768 H21845 F25:1\nFRAME\nabc");
  EXPECT_EQ(shell(kMemoryLimit + command() + " play " + path_ + " " + clip_).status, 1);
  EXPECT_FALSE(exists(path_));
}

TEST_F(PlayTest, a_stream_that_is_cut_off_is_a_finding_after_its_whole_frames) {
  const std::string stream = clip(3);
  write_bytes(clip_, stream.substr(0, stream.size() - 10));
  const Answer said = play("--fast " + clip_);
  EXPECT_EQ(said.status, 1);
  EXPECT_TRUE(said.says("is damaged: it ends in the middle of a frame")) << said.text;
  EXPECT_TRUE(said.says("2 frames")) << said.text;
  EXPECT_FALSE(exists(path_));
}

TEST_F(PlayTest, a_file_that_another_writer_has_is_a_finding) {
  Writer writer = open_writer(path_);
  write_bytes(clip_, clip(1));
  const Answer said = play(clip_);
  EXPECT_EQ(said.status, 1);
  EXPECT_TRUE(said.says("already being written")) << said.text;
  EXPECT_EQ(play("--json " + clip_).json()["error"], "already being written");
}

TEST_F(PlayTest, what_is_not_there_is_status_3) {
  EXPECT_EQ(play(dir_ / "nowhere.y4m").status, 3);
  write_bytes(clip_, clip(1));
  EXPECT_EQ(run("play " + (dir_ / "nowhere/file") + " " + clip_).status, 3);
}

TEST_F(PlayTest, wrong_usage_is_status_2) {
  write_bytes(clip_, clip(1));
  for (const char* options : {"--delivery sometimes", "--slots 1", "--slots 2000", "--perms 999",
                              "--perms 1777", "--perms rw", "--wait-for-readers -1"})
    EXPECT_EQ(play(std::string(options) + " " + clip_).status, 2) << options;
}

}  // namespace
}  // namespace mmapvideo_test
