// SPDX-License-Identifier: MIT
// The pure parts of the plugin: times, percentiles, flags and the table of errors.
#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "clock_map.hpp"
#include "frame_flags.hpp"
#include "latency_histogram.hpp"
#include "pipeline.hpp"
#include "post_error.hpp"

namespace mmapvideo_test {
namespace {

using gstmmap::ClockSample;
using gstmmap::LatencyHistogram;
using gstmmap::no_time;

constexpr std::uint64_t second = 1'000'000'000;

// ---- Times ------------------------------------------------------------------------------------

TEST(ClockMap, running_time_comes_back_through_the_monotonic_clock) {
  const ClockSample sample{7 * second, 100 * second};
  for (std::uint64_t running_time : {std::uint64_t{0}, std::uint64_t{1}, 5 * second}) {
    const auto instant = gstmmap::monotonic_from_running_time(running_time, 3 * second, sample);
    EXPECT_EQ(instant, 96 * second + running_time);
    EXPECT_EQ(gstmmap::running_time_from_monotonic(instant, 3 * second, sample), running_time);
  }
}

TEST(ClockMap, two_pipelines_see_the_same_distance_between_two_instants) {
  const ClockSample ahead{500 * second, 100 * second};
  const ClockSample behind{2 * second, 100 * second};
  const auto distance = [&](const ClockSample& sample, std::uint64_t base) {
    return gstmmap::running_time_from_monotonic(103 * second, base, sample) -
           gstmmap::running_time_from_monotonic(101 * second, base, sample);
  };
  EXPECT_EQ(distance(ahead, 400 * second), 2 * second);
  EXPECT_EQ(distance(behind, 1 * second), 2 * second);
}

TEST(ClockMap, a_clock_that_is_behind_the_monotonic_one_maps_as_well_as_one_ahead) {
  EXPECT_EQ(gstmmap::monotonic_from_running_time(1, 2, {10, 1000}), 993u);
  EXPECT_EQ(gstmmap::monotonic_from_running_time(1, 2000, {1000, 10}), 1011u);
}

TEST(ClockMap, absent_times_stay_absent) {
  EXPECT_EQ(gstmmap::monotonic_from_running_time(no_time, 1, {}), no_time);
  EXPECT_EQ(gstmmap::monotonic_from_running_time(1, no_time, {}), no_time);
  EXPECT_EQ(gstmmap::running_time_from_monotonic(no_time, 1, {}), no_time);
  EXPECT_EQ(gstmmap::running_time_from_monotonic(1, no_time, {}), no_time);
}

TEST(ClockMap, an_instant_before_the_clock_began_is_absent) {
  EXPECT_EQ(gstmmap::monotonic_from_running_time(1, 1, {1000, 10}), no_time);
}

TEST(ClockMap, an_instant_before_the_pipeline_began_is_running_time_0) {
  EXPECT_EQ(gstmmap::running_time_from_monotonic(5, 10, {}), 0u);
  EXPECT_EQ(gstmmap::running_time_from_monotonic(10, 10, {}), 0u);
  EXPECT_EQ(gstmmap::running_time_from_monotonic(11, 10, {}), 1u);
}

// ---- Percentiles ------------------------------------------------------------------------------

/// The smallest value that at least `per_cent` of the values do not exceed.
std::uint64_t true_percentile(std::vector<std::uint64_t> values, unsigned per_cent) {
  std::sort(values.begin(), values.end());
  const std::size_t rank = (values.size() * per_cent + 99) / 100;
  return values[rank - 1];
}

std::vector<std::uint64_t> random_latencies(unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> values(1 + random() % 2000);
  // Shifts spread the values over all magnitudes.
  for (std::uint64_t& value : values) value = random() >> (random() % 64);
  return values;
}

TEST(ForwardTime, one_session_keeps_its_times_also_where_they_go_back) {
  gstmmap::ForwardTime forward;
  for (std::uint64_t time : {100u, 300u, 200u, 400u}) EXPECT_EQ(forward.place(time, 1, 7), time);
}

TEST(ForwardTime, a_later_session_does_not_go_back_behind_the_former) {
  gstmmap::ForwardTime forward;
  for (std::uint64_t time : {100u, 300u, 200u}) forward.place(time, 1, 7);
  EXPECT_EQ(forward.place(50, 2, 7), 300u);
  EXPECT_EQ(forward.place(310, 2, 7), 310u);
  EXPECT_EQ(forward.place(305, 2, 7), 305u);
  EXPECT_EQ(forward.place(10, 3, 7), 310u);
}

TEST(ForwardTime, another_base_time_begins_anew_and_no_time_stays_none) {
  gstmmap::ForwardTime forward;
  forward.place(300, 1, 7);
  EXPECT_EQ(forward.place(gstmmap::no_time, 2, 7), gstmmap::no_time);
  EXPECT_EQ(forward.place(5, 2, 8), 5u);
}

TEST(LatencyHistogram, a_percentile_is_never_below_the_true_one_and_at_most_1_32_above) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    const auto values = random_latencies(seed);
    LatencyHistogram histogram;
    for (std::uint64_t value : values) histogram.add(value);
    for (unsigned per_cent : {1u, 10u, 50u, 90u, 99u, 100u}) {
      const std::uint64_t wanted = true_percentile(values, per_cent);
      const std::uint64_t found = histogram.percentile(per_cent);
      ASSERT_GE(found, wanted) << "seed " << seed << ", p" << per_cent;
      ASSERT_LE(found - wanted, wanted / 32) << "seed " << seed << ", p" << per_cent;
    }
  }
}

TEST(LatencyHistogram, each_value_lies_in_its_bucket_and_above_the_one_before) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t value = random() >> (random() % 64);
    const unsigned bucket = LatencyHistogram::bucket_of(value);
    ASSERT_LE(value, LatencyHistogram::bucket_end(bucket));
    if (bucket > 0) {
      ASSERT_GT(value, LatencyHistogram::bucket_end(bucket - 1));
    }
  }
}

TEST(LatencyHistogram, the_extreme_values_have_buckets) {
  LatencyHistogram histogram;
  histogram.add(0);
  histogram.add(UINT64_MAX);
  EXPECT_EQ(histogram.percentile(50), 0u);
  EXPECT_EQ(histogram.percentile(100), UINT64_MAX);
}

TEST(LatencyHistogram, without_values_all_figures_are_0) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.percentile(50), 0u);
  EXPECT_EQ(histogram.last(), 0u);
  EXPECT_EQ(histogram.max(), 0u);
}

TEST(LatencyHistogram, last_and_max_are_exact) {
  LatencyHistogram histogram;
  for (std::uint64_t value : {5'000'001, 9'000'003, 1'000'007}) histogram.add(value);
  EXPECT_EQ(histogram.last(), 1'000'007u);
  EXPECT_EQ(histogram.max(), 9'000'003u);
}

// ---- Flags ------------------------------------------------------------------------------------

struct FlagRow {
  guint buffer;
  unsigned bit;  // of SPEC.md 3.6
};

constexpr FlagRow flag_rows[] = {
    {GST_BUFFER_FLAG_DISCONT, 0},
    {GST_BUFFER_FLAG_CORRUPTED, 1},
    {GST_BUFFER_FLAG_GAP, 2},
    {GST_BUFFER_FLAG_DROPPABLE, 3},
    {GST_BUFFER_FLAG_DELTA_UNIT, 4},
    {GST_BUFFER_FLAG_MARKER, 5},
    {GST_BUFFER_FLAG_HEADER, 6},
    {GST_BUFFER_FLAG_RESYNC, 7},
    {GST_BUFFER_FLAG_NON_DROPPABLE, 8},
    {GST_BUFFER_FLAG_LIVE, 9},
    {GST_BUFFER_FLAG_DECODE_ONLY, 10},
    {GST_VIDEO_BUFFER_FLAG_INTERLACED, 16},
    {GST_VIDEO_BUFFER_FLAG_TFF, 17},
    {GST_VIDEO_BUFFER_FLAG_RFF, 18},
    {GST_VIDEO_BUFFER_FLAG_ONEFIELD, 19},
    {GST_VIDEO_BUFFER_FLAG_MULTIPLE_VIEW, 20},
    {GST_VIDEO_BUFFER_FLAG_FIRST_IN_BUNDLE, 21},
};

TEST(FrameFlags, each_flag_has_the_bit_that_the_specification_gives_it) {
  for (const FlagRow& row : flag_rows) {
    const Buffer buffer(gst_buffer_new());
    GST_BUFFER_FLAG_SET(buffer.get(), row.buffer);
    EXPECT_EQ(gstmmap::frame_flags_from_buffer(buffer.get()), std::uint64_t{1} << row.bit);
    EXPECT_EQ(gstmmap::buffer_flags_from_frame(std::uint64_t{1} << row.bit), row.buffer);
  }
}

TEST(FrameFlags, any_combination_comes_back_whole) {
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    const Buffer buffer(gst_buffer_new());
    guint set = 0;
    for (const FlagRow& row : flag_rows)
      if (random() % 2 != 0) set |= row.buffer;
    GST_BUFFER_FLAG_SET(buffer.get(), set);
    ASSERT_EQ(gstmmap::buffer_flags_from_frame(gstmmap::frame_flags_from_buffer(buffer.get())),
              set);
  }
}

TEST(FrameFlags, flags_about_memory_and_synchronisation_stay_at_home) {
  const Buffer buffer(gst_buffer_new());
  GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_TAG_MEMORY | GST_BUFFER_FLAG_SYNC_AFTER |
                                        GST_MINI_OBJECT_FLAG_LOCK_READONLY);
  EXPECT_EQ(gstmmap::frame_flags_from_buffer(buffer.get()), 0u);
}

TEST(FrameFlags, bits_that_the_specification_does_not_name_are_dropped) {
  std::uint64_t known = 0;
  for (const FlagRow& row : flag_rows) known |= std::uint64_t{1} << row.bit;
  EXPECT_EQ(gstmmap::buffer_flags_from_frame(~known), 0u);
}

// ---- Errors -----------------------------------------------------------------------------------

constexpr mmapvideo_status failures[] = {
    MMAPVIDEO_INVALID_ARGUMENT,    MMAPVIDEO_NOT_FOUND,
    MMAPVIDEO_PERMISSION_DENIED,   MMAPVIDEO_READ_ONLY,
    MMAPVIDEO_NOT_A_REGULAR_FILE,  MMAPVIDEO_FOREIGN_FILE,
    MMAPVIDEO_UNSUPPORTED_VERSION, MMAPVIDEO_BROKEN_FILE,
    MMAPVIDEO_ALREADY_WRITING,     MMAPVIDEO_NO_SPACE,
    MMAPVIDEO_OUT_OF_MEMORY,       MMAPVIDEO_SYSTEM,
};

mmapvideo::Error failure_of(mmapvideo_status status, const char* sentence, const char* detail) {
  mmapvideo_error error{};
  error.status = status;
  g_strlcpy(error.message, sentence, sizeof error.message);
  g_strlcpy(error.detail, detail, sizeof error.detail);
  return mmapvideo::Error(error);
}

TEST(PostError, each_failure_is_an_error_message_with_its_sentence_and_the_failing_call) {
  const Pipeline pipeline("fakesrc name=culprit ! fakesink");
  for (mmapvideo_status status : failures) {
    const std::string sentence = std::string("A sentence about ") + mmapvideo_status_name(status);
    gstmmap::post_error(pipeline.element("culprit"),
                        failure_of(status, sentence.c_str(), "the_call: reason"));
    const Message message = pipeline.wait(GST_MESSAGE_ERROR);
    const Problem problem = problem_in(message.get());
    EXPECT_EQ(GST_MESSAGE_SRC(message.get()), GST_OBJECT(pipeline.element("culprit")));
    EXPECT_EQ(problem.sentence, sentence);
    EXPECT_TRUE(mentions(problem.debug, "the_call: reason")) << problem.debug;
    EXPECT_TRUE(mentions(problem.debug, mmapvideo_status_name(status))) << problem.debug;
  }
}

TEST(PostError, each_failure_has_a_code_of_gstreamer) {
  for (mmapvideo_status status : failures) {
    const gstmmap::ErrorCode code = gstmmap::error_code(status);
    EXPECT_TRUE(code.domain == GST_RESOURCE_ERROR || code.domain == GST_STREAM_ERROR);
    EXPECT_NE(Text(gst_error_get_message(code.domain, code.code)).get(), nullptr);
  }
}

TEST(PostError, what_an_application_may_want_to_tell_apart_has_codes_of_its_own) {
  const auto is = [](mmapvideo_status status, GQuark domain, int code) {
    const gstmmap::ErrorCode found = gstmmap::error_code(status);
    return found.domain == domain && found.code == code;
  };
  EXPECT_TRUE(is(MMAPVIDEO_NOT_FOUND, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND));
  EXPECT_TRUE(
      is(MMAPVIDEO_PERMISSION_DENIED, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED));
  EXPECT_TRUE(is(MMAPVIDEO_ALREADY_WRITING, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY));
  EXPECT_TRUE(is(MMAPVIDEO_NO_SPACE, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT));
  EXPECT_TRUE(is(MMAPVIDEO_FOREIGN_FILE, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE));
}

}  // namespace
}  // namespace mmapvideo_test
