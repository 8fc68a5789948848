// SPDX-License-Identifier: MIT
// The command in pipelines with ffmpeg, ffprobe and mpv, as README.md shows them.
#include <gtest/gtest.h>

#include "clips.hpp"
#include "command.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

#define SKIP_WITHOUT(program) \
  if (!has_program(program)) GTEST_SKIP() << "there is no " program " here"

class ProgramsTest : public FileTest {
 protected:
  static std::string test_source(const std::string& pixel_format, unsigned frames) {
    return "ffmpeg -v error -f lavfi -i testsrc=s=98x54:r=50 -frames:v " + std::to_string(frames) +
           " -pix_fmt " + pixel_format + " -strict -1 -f yuv4mpegpipe -";
  }
  std::string play_line(const std::string& options = "") {
    return command() + " play " + path_ + " --fast --delivery every-frame --wait-for-readers 1 " +
           "--wait-timeout -1 " + options;
  }
  std::string dump_line(const std::string& options = "") {
    return command() + " dump " + path_ + " --every-frame --timeout -1 " + options;
  }
};

TEST_F(ProgramsTest, from_ffmpeg_to_ffmpeg_every_frame_is_the_same) {
  SKIP_WITHOUT("ffmpeg");
  for (const char* format : {"yuv420p", "yuv422p", "yuv444p", "yuv411p", "gray", "yuv420p10le",
                             "yuv422p10le", "yuv444p10le", "gray16le"}) {
    const std::string source = test_source(format, 20);
    const std::string sums = " | ffmpeg -v error -i - -f framemd5 -";
    const std::string expected = shell(source + sums).text;
    Background player(source + " | " + play_line());
    const Answer received = shell(dump_line("-") + sums);
    EXPECT_EQ(received.text, expected) << format;
    EXPECT_EQ(player.wait().status, 0) << format;
  }
}

TEST_F(ProgramsTest, ffprobe_understands_what_dump_writes) {
  SKIP_WITHOUT("ffprobe");
  SKIP_WITHOUT("ffmpeg");
  Background player(test_source("yuv420p", 10) + " | " + play_line());
  ASSERT_EQ(shell(dump_line("-o " + (dir_ / "clip.y4m"))).status, 0);
  const auto stream =
      shell("ffprobe -v error -count_frames -show_streams -of json " + (dir_ / "clip.y4m"))
          .json()["streams"][0];
  EXPECT_EQ(stream["width"], 98);
  EXPECT_EQ(stream["height"], 54);
  EXPECT_EQ(stream["pix_fmt"], "yuv420p");
  EXPECT_EQ(stream["r_frame_rate"], "50/1");
  EXPECT_EQ(stream["nb_read_frames"], "10");
  EXPECT_EQ(stream["color_range"], "tv");
  EXPECT_EQ(stream["chroma_location"], "center");
}

TEST_F(ProgramsTest, ffmpeg_sees_the_colours_that_were_published) {
  SKIP_WITHOUT("ffmpeg");
  Writer writer = open_writer(path_);
  std::string red;
  for (int i = 0; i < 16 * 16; ++i) red += std::string("\x00\x00\xff", 3);
  publish(writer, test_picture("BGR", 16, 16, {{red, 16}}));
  const Answer pixel = shell(command() + " dump " + path_ +
                             " -n 1 - | ffmpeg -v error -i - -pix_fmt rgb24 -f rawvideo -");
  ASSERT_EQ(pixel.text.size(), 16u * 16 * 3) << pixel.text;
  EXPECT_NEAR(static_cast<unsigned char>(pixel.text[0]), 255, 3);
  EXPECT_NEAR(static_cast<unsigned char>(pixel.text[1]), 0, 3);
  EXPECT_NEAR(static_cast<unsigned char>(pixel.text[2]), 0, 3);
}

TEST_F(ProgramsTest, ffmpeg_reads_png_files) {
  SKIP_WITHOUT("ffmpeg");
  Writer writer = open_writer(path_);
  publish(writer, test_picture("RGB", 2, 1, {{"abcdef", 1}}));
  const Answer made = shell(command() + " dump " + path_ + " -o " + (dir_ / "f.png"));
  if (made.says("without libpng")) GTEST_SKIP() << "built without libpng";
  EXPECT_EQ(shell("ffmpeg -v error -i " + (dir_ / "f.png") + " -pix_fmt rgb24 -f rawvideo -").text,
            "abcdef");
}

TEST_F(ProgramsTest, mpv_plays_what_dump_writes) {
  SKIP_WITHOUT("mpv");
  write_bytes(dir_ / "clip.y4m", clip(25, {}, "50:1"));
  Background player(play_line(dir_ / "clip.y4m"));
  const Answer said = shell(dump_line("-") + " | mpv --no-config --vo=null --ao=null " +
                            "--msg-level=all=info --untimed -");
  EXPECT_EQ(said.status, 0) << said.text;
  EXPECT_TRUE(said.says("37x23")) << said.text;
  EXPECT_TRUE(said.says("End of file")) << said.text;
  EXPECT_EQ(player.wait().status, 0);
}

}  // namespace
}  // namespace mmapvideo_test
