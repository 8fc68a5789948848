// SPDX-License-Identifier: MIT
// Caps that change in the middle of a stream: each frame arrives with its own.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pipeline.hpp"
#include "support/file_test.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

struct Step {
  std::string caps;
  Bytes bytes;
};

std::string video_caps(const std::string& format, int width, int height) {
  return "video/x-raw, format=(string)" + format + ", width=(int)" + std::to_string(width) +
         ", height=(int)" + std::to_string(height) + ", framerate=(fraction)30/1";
}

Step step(const std::string& format, int width, int height, std::uint32_t seed) {
  const std::string text = video_caps(format, width, height);
  return {text, noise(info_of(caps_of(text).get()).size, seed)};
}

/// Small, large, small, larger, and another format, each for some frames.
std::vector<Step> changing_steps(int frames_each) {
  struct {
    const char* format;
    int width, height;
  } const shapes[] = {{"I420", 64, 48},   {"I420", 640, 480}, {"I420", 32, 32},
                      {"RGBA", 801, 601}, {"GRAY8", 64, 64},  {"NV12", 800, 600}};
  std::vector<Step> steps;
  std::uint32_t seed = 0;
  for (const auto& shape : shapes)
    for (int i = 0; i < frames_each; ++i)
      steps.push_back(step(shape.format, shape.width, shape.height, ++seed));
  return steps;
}

void push(const WriterPipeline& writer, const Step& step) {
  writer.set_caps(step.caps);
  writer.push(step.bytes);
}

void expect_step(const Sample& sample, const Step& step) {
  ASSERT_TRUE(sample);
  EXPECT_TRUE(gst_caps_is_equal(gst_sample_get_caps(sample.get()), caps_of(step.caps).get()))
      << text_of(gst_sample_get_caps(sample.get())) << " is not " << step.caps;
  EXPECT_TRUE(bytes_of(sample) == step.bytes);
}

TEST_F(FileTest, each_frame_arrives_with_its_own_caps_when_sizes_and_formats_change) {
  const WriterPipeline writer(path_);
  const ReaderPipeline reader(path_, "delivery=every-frame");
  reader.play();
  writer.play();
  for (const Step& step : changing_steps(3)) {
    push(writer, step);
    expect_step(reader.pull(), step);
  }
  EXPECT_EQ(stat(reader.source(), "skipped"), 0u);
}

// The ring is deep enough for the frames of one size; growing must not lose what is unread.
TEST_F(FileTest, no_unread_frame_is_lost_when_the_ring_grows) {
  const WriterPipeline writer(path_, "slots=8");
  const ReaderPipeline reader(path_, "delivery=every-frame");
  writer.play();
  push(writer, step("GRAY8", 16, 16, 99));
  writer.wait_for_published(1);
  reader.play();
  expect_step(reader.pull(), step("GRAY8", 16, 16, 99));
  reader.set(GST_STATE_PAUSED);

  std::vector<Step> steps;
  for (std::uint32_t i = 0; i < 4; ++i) steps.push_back(step("GRAY8", 16, 16, i));
  for (std::uint32_t i = 4; i < 8; ++i) steps.push_back(step("RGBA", 640, 480, i));
  for (const Step& step : steps) push(writer, step);
  writer.wait_for_published(9);

  reader.play();
  for (const Step& step : steps) expect_step(reader.pull(), step);
  EXPECT_EQ(stat(reader.source(), "skipped"), 0u);
}

TEST_F(FileTest, a_smaller_frame_keeps_the_ring_and_a_larger_one_appends_another) {
  const WriterPipeline writer(path_, "slots=4");
  writer.play();
  push(writer, step("I420", 640, 480, 1));
  writer.wait_for_published(1);
  const auto first = stat_of(path_).st_size;
  push(writer, step("I420", 64, 48, 2));
  writer.wait_for_published(2);
  EXPECT_EQ(stat_of(path_).st_size, first);
  push(writer, step("I420", 1280, 720, 3));
  writer.wait_for_published(3);
  EXPECT_GT(stat_of(path_).st_size, first);
}

TEST_F(FileTest, a_reader_of_the_newest_frame_follows_the_ring_to_its_new_place) {
  const WriterPipeline writer(path_);
  const ReaderPipeline reader(path_);
  reader.play();
  writer.play();
  push(writer, step("GRAY8", 16, 16, 1));
  expect_step(reader.pull(), step("GRAY8", 16, 16, 1));
  for (std::uint32_t i = 0; i < 5; ++i) {
    const Step larger = step("RGBA", 200 << i, 100, i);
    push(writer, larger);
    expect_step(reader.pull(), larger);
  }
}

TEST_F(FileTest, caps_that_differ_in_no_size_are_followed_too) {
  const WriterPipeline writer(path_);
  const ReaderPipeline reader(path_, "delivery=every-frame");
  reader.play();
  writer.play();
  const std::string base = video_caps("I420", 64, 48);
  for (const char* more :
       {"", ", colorimetry=(string)bt709", ", pixel-aspect-ratio=(fraction)4/3",
        ", interlace-mode=(string)interleaved, field-order=(string)top-field-first", ""}) {
    const Step changed{base + more, noise(info_of(caps_of(base + more).get()).size)};
    push(writer, changed);
    expect_step(reader.pull(), changed);
  }
}

TEST_F(FileTest, downstream_that_refuses_the_new_caps_ends_in_an_error_and_not_in_a_hang) {
  const WriterPipeline writer(path_);
  writer.play();
  const Pipeline reader("mmapsrc name=in location=" + path_ +
                        " ! video/x-raw,format=I420 ! appsink name=out sync=false");
  reader.play();
  push(writer, step("I420", 64, 48, 1));
  expect_step(Sample(gst_app_sink_pull_sample(GST_APP_SINK(reader.element("out")))),
              step("I420", 64, 48, 1));
  push(writer, step("RGBA", 64, 48, 2));
  EXPECT_EQ(reader.error().domain, GST_STREAM_ERROR);
}

}  // namespace
}  // namespace mmapvideo_test
