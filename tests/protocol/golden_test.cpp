// SPDX-License-Identifier: MIT
// Files of layout version 1 as a writer of each system left them: they open on every system, and a
// writer goes on in them.
//
// They were made by tests/python/interop_peer.cpp, built for that system:
//   writer FILE 0 2 -1, then: format GRAY8 64 64 30 1, publish 3 1, close 1
#include <gtest/gtest.h>

#include <string>

#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;

namespace {

constexpr std::uint64_t kFrames = 3;

class GoldenTest : public FileTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    const std::string golden = read_bytes(std::string(MMAPVIDEO_GOLDEN_FOLDER) + "/" + GetParam());
    ASSERT_FALSE(golden.empty());
    write_bytes(path_, golden);
  }
};

/// What the peer fills a frame of that seed with.
std::byte pattern(std::uint64_t seed, std::size_t row, std::size_t column) {
  return static_cast<std::byte>(seed * 31 + row * 7 + column * 3);
}

void expect_last_frame(const Taken& taken) {
  ASSERT_EQ(taken.status, MMAPVIDEO_OK) << taken.error.message;
  ASSERT_EQ(taken.copy_status, MMAPVIDEO_OK);
  EXPECT_EQ(taken.number, kFrames);
  EXPECT_STREQ(taken.info.format, "GRAY8");
  EXPECT_EQ(taken.info.pts_ns, kFrames) << "the seed";
  EXPECT_EQ(taken.info.fps_numerator, 30u);
  EXPECT_EQ(taken.caps, "video/x-raw, format=(string)GRAY8, width=(int)64");
  ASSERT_EQ(taken.payload.size(), 64u * 64u);
  for (std::size_t row = 0; row < 64; ++row)
    for (std::size_t column = 0; column < 64; ++column)
      ASSERT_EQ(taken.payload[row * 64 + column], pattern(kFrames, row, column))
          << "row " << row << ", column " << column;
}

}  // namespace

TEST_P(GoldenTest, newest_frame_is_read_bit_for_bit) {
  expect_last_frame(take(open_reader(path_)));
}

TEST_P(GoldenTest, writer_goes_on_in_it) {
  Reader reader = open_reader(path_);
  expect_last_frame(take(reader));
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(publish(writer, 7), kFrames + 1);
  Taken taken = take(reader);
  while (taken.status == MMAPVIDEO_ENDED) taken = take(reader);
  EXPECT_EQ(taken.number, kFrames + 1);
  EXPECT_TRUE(taken.new_session);
  EXPECT_TRUE(all_words_are(taken.payload, 7));
  EXPECT_EQ(stats_of(writer).slot_count, 2u) << "its ring is kept";
}

INSTANTIATE_TEST_SUITE_P(Systems, GoldenTest,
                         ::testing::Values("version-1-linux", "version-1-windows"),
                         [](const auto& made_by) {
                           return std::string(made_by.param).substr(sizeof "version-1");
                         });
