// SPDX-License-Identifier: MIT
// Common formats by name: what they describe is published as it is, and readers of any kind know
// what it is.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "support/file_test.hpp"
#include "support/library.hpp"

using namespace mmapvideo_test;
using FrameFormatTest = FileTest;

namespace {

struct Described {
  mmapvideo_status status;
  mmapvideo_frame_info info;
  mmapvideo_error error;
};

Described describe(const char* format, std::uint32_t width, std::uint32_t height,
                   std::uint32_t fps_denominator = 1) {
  Described described = {};
  described.status = mmapvideo_frame_info_init(&described.info, format, width, height, 30,
                                               fps_denominator, &described.error);
  return described;
}

}  // namespace

TEST_F(FrameFormatTest, picture_of_odd_size_has_padded_rows_and_whole_chroma) {
  const mmapvideo_frame_info info = describe("I420", 5, 3).info;
  EXPECT_EQ(info.plane_count, 3u);
  EXPECT_EQ(info.planes[0].stride, 8);
  EXPECT_EQ(info.planes[0].row_bytes, 5u);
  EXPECT_EQ(info.planes[0].rows, 3u);
  EXPECT_EQ(info.planes[1].offset, 32u);
  EXPECT_EQ(info.planes[1].stride, 4);
  EXPECT_EQ(info.planes[1].row_bytes, 3u);
  EXPECT_EQ(info.planes[1].rows, 2u);
  EXPECT_EQ(info.planes[2].offset, 40u);
  EXPECT_EQ(info.payload_bytes, 48u);
}

TEST_F(FrameFormatTest, described_frame_is_published_and_read_as_it_was_described) {
  Writer writer = open_writer(path_);
  mmapvideo_frame_info info = describe("BGR", 33, 7).info;
  char caps[256];
  info.caps_bytes = mmapvideo_frame_info_caps(&info, caps, sizeof caps);
  ASSERT_EQ(try_publish(writer, info, caps), MMAPVIDEO_OK);
  const Taken taken = take(open_reader(path_));
  EXPECT_STREQ(taken.info.format, "BGR");
  EXPECT_EQ(taken.info.width, 33u);
  EXPECT_EQ(taken.info.height, 7u);
  EXPECT_EQ(taken.info.planes[0].stride, 100);
  EXPECT_EQ(taken.caps,
            "video/x-raw, format=(string)BGR, width=(int)33, height=(int)7, "
            "framerate=(fraction)30/1");
}

TEST_F(FrameFormatTest, unknown_format_is_named_with_those_that_are_known) {
  for (const char* format : {"rgb", "MJPEG", "", static_cast<const char*>(nullptr)}) {
    const Described described = describe(format, 4, 4);
    EXPECT_EQ(described.status, MMAPVIDEO_INVALID_ARGUMENT);
    EXPECT_TRUE(names(described.error, format != nullptr ? format : ""));
    EXPECT_TRUE(names(described.error, "P010_10LE"));
  }
}

TEST_F(FrameFormatTest, size_or_rate_that_makes_no_picture_is_refused) {
  EXPECT_EQ(describe("RGB", 0, 4).status, MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_EQ(describe("RGB", 4, 0).status, MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_EQ(describe("RGB", 4, 70'000).status, MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_EQ(describe("RGB", 4, 4, 0).status, MMAPVIDEO_INVALID_ARGUMENT);
}

TEST_F(FrameFormatTest, caps_that_do_not_fit_are_not_written) {
  const mmapvideo_frame_info info = describe("RGB", 4, 4).info;
  char caps[256];
  const std::uint32_t length = mmapvideo_frame_info_caps(&info, caps, sizeof caps);
  EXPECT_EQ(length, std::strlen(caps));
  EXPECT_EQ(mmapvideo_frame_info_caps(&info, caps, length), 0u) << "no room for the NUL";
  EXPECT_EQ(mmapvideo_frame_info_caps(&info, caps, length + 1), length);
}
