// SPDX-License-Identifier: MIT
// The property stats of both elements.
#include <gtest/gtest.h>

#include <string>

#include "pipeline.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

using StatsTest = FileTest;

TEST_F(StatsTest, the_figures_of_the_sink_are_exact) {
  const WriterPipeline writer(path_, "slots=5");
  writer.play();
  writer.set_caps(grey_caps());
  for (std::uint8_t i = 0; i < 12; ++i) writer.push(grey_bytes(i));
  expect_stat(writer.sink(), "copied", 12);  // counts behind "frames"
  const ReaderPipeline reader(path_);
  reader.play();
  ASSERT_TRUE(reader.pull());
  const Structure stats = stats_of(writer.sink());
  EXPECT_STREQ(gst_structure_get_name(stats.get()), "mmapsink-stats");
  EXPECT_EQ(number_in(stats.get(), "frames"), 12u);
  EXPECT_EQ(number_in(stats.get(), "copied"), 12u);
  EXPECT_EQ(number_in(stats.get(), "zero-copy"), 0u);
  EXPECT_EQ(number_in(stats.get(), "dropped"), 0u);
  EXPECT_EQ(number_in(stats.get(), "bytes"), 12u * 64 * 16);
  EXPECT_EQ(number_in(stats.get(), "readers"), 1u);
  EXPECT_EQ(number_in(stats.get(), "slots"), 5u);
}

TEST_F(StatsTest, the_figures_of_the_source_are_exact) {
  const WriterPipeline writer(path_);
  writer.play();
  writer.set_caps(grey_caps());
  const ReaderPipeline reader(path_, "delivery=every-frame");
  reader.play();
  for (std::uint8_t i = 0; i < 12; ++i) {
    writer.push(grey_bytes(i));
    ASSERT_EQ(value_of(reader.pull()), i);
  }
  const Structure stats = stats_of(reader.source());
  EXPECT_STREQ(gst_structure_get_name(stats.get()), "mmapsrc-stats");
  EXPECT_EQ(number_in(stats.get(), "frames"), 12u);
  EXPECT_EQ(number_in(stats.get(), "copied"), 0u);
  EXPECT_EQ(number_in(stats.get(), "zero-copy"), 12u);
  EXPECT_STREQ(gst_structure_get_string(stats.get(), "io-mode"), "zero-copy");
  EXPECT_EQ(number_in(stats.get(), "skipped"), 0u);
  EXPECT_EQ(number_in(stats.get(), "torn-retries"), 0u);
  EXPECT_EQ(number_in(stats.get(), "reattached"), 0u);
  const std::uint64_t max = number_in(stats.get(), "max-latency-ns");
  EXPECT_GT(number_in(stats.get(), "last-latency-ns"), 0u);
  EXPECT_LE(number_in(stats.get(), "last-latency-ns"), max);
  EXPECT_LE(number_in(stats.get(), "p50-latency-ns"), number_in(stats.get(), "p90-latency-ns"));
  EXPECT_LE(number_in(stats.get(), "p90-latency-ns"), number_in(stats.get(), "p99-latency-ns"));
  EXPECT_LE(number_in(stats.get(), "p99-latency-ns"), max);
}

TEST_F(StatsTest, figures_may_be_asked_for_in_every_state) {
  const WriterPipeline writer(path_);
  const ReaderPipeline reader(path_);
  for (GstState state : {GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PAUSED,
                         GST_STATE_READY, GST_STATE_NULL}) {
    writer.set(state);
    reader.set(state);
    EXPECT_TRUE(stats_of(writer.sink()));
    EXPECT_TRUE(stats_of(reader.source()));
  }
}

}  // namespace
}  // namespace mmapvideo_test
