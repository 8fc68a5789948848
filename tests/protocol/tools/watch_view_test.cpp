// SPDX-License-Identifier: MIT
// What `watch` computes and draws, without a file: rate, percentiles, the chart.
#include <gtest/gtest.h>

#include <algorithm>

#include "frame_statistics.hpp"
#include "latency_chart.hpp"
#include "watch_view.hpp"

namespace mmapvideo::tools {
namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t s = 1000 * ms;

/// Frame `number` of a stream of 100 fps, seen `latency_ns` after its publication.
SeenFrame frame_at(std::uint64_t number, std::uint64_t latency_ns, std::uint64_t skipped = 0) {
  SeenFrame frame{};
  frame.number = frame.frame_count = number;
  frame.session_id = 1;
  frame.skipped = skipped;
  frame.publish_time_ns = number * 10 * ms;
  frame.seen_time_ns = frame.publish_time_ns + latency_ns;
  frame.clock_comparable = true;
  return frame;
}

FrameStatistics hundred_frames() {
  FrameStatistics statistics(60 * s);
  for (std::uint64_t i = 1; i <= 100; ++i) statistics.add(frame_at(i, i * 1000));
  return statistics;
}

std::size_t characters(const std::string& text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

TEST(FrameStatistics, percentiles_are_those_of_all_frames_in_the_span) {
  const auto latency = hundred_frames().latency(0);
  ASSERT_TRUE(latency);
  EXPECT_EQ(latency->p50_ns, 50'000u);
  EXPECT_EQ(latency->p90_ns, 90'000u);
  EXPECT_EQ(latency->p99_ns, 99'000u);
  EXPECT_EQ(latency->max_ns, 100'000u);
  EXPECT_FALSE(hundred_frames().latency(2 * s));
}

TEST(FrameStatistics, the_rate_is_that_of_publications) {
  EXPECT_NEAR(hundred_frames().rate(1 * s), 100, 0.01);
}

TEST(FrameStatistics, the_rate_counts_what_was_skipped_and_not_what_was_dropped) {
  FrameStatistics statistics(60 * s);
  for (std::uint64_t i = 1; i <= 10; ++i) {
    SeenFrame frame = frame_at(10 * i, 1000, 9);
    frame.frame_count = 5 * i;  // of ten numbers five were spent on dropped frames
    statistics.add(frame);
  }
  EXPECT_NEAR(statistics.rate(1 * s), 50, 0.01);
  EXPECT_EQ(statistics.skipped_count(), 90u);
}

TEST(FrameStatistics, a_stream_that_stalls_slows_down) {
  EXPECT_NEAR(hundred_frames().rate(2 * s), 50, 1);
  EXPECT_EQ(hundred_frames().rate(9 * s), 0);
}

TEST(FrameStatistics, a_new_session_begins_a_new_rate) {
  FrameStatistics statistics = hundred_frames();
  SeenFrame frame = frame_at(101, 1000);
  frame.session_id = 2;
  frame.frame_count = 1;
  statistics.add(frame);
  EXPECT_EQ(statistics.rate(1010 * ms), 0);
}

TEST(FrameStatistics, times_of_another_clock_give_no_latency) {
  FrameStatistics statistics(60 * s);
  SeenFrame frame = frame_at(1, 5);
  frame.clock_comparable = false;
  statistics.add(frame);
  EXPECT_FALSE(statistics.latency(0));
  EXPECT_FALSE(statistics.history(s, s, 3)[2]);
}

TEST(FrameStatistics, history_moves_left) {
  FrameStatistics statistics(60 * s);
  statistics.add(frame_at(10, 2 * ms));
  auto history = statistics.history(500 * ms, 500 * ms, 4);
  ASSERT_TRUE(history[2]);
  EXPECT_EQ(history[2]->p50_ns, 2 * ms);
  EXPECT_FALSE(history[3]);
  history = statistics.history(1000 * ms, 500 * ms, 4);
  EXPECT_TRUE(history[1]);
}

TEST(LatencyChart, without_a_latency_there_is_none) {
  EXPECT_TRUE(draw_latency({}, s, 8, false).empty());
  EXPECT_TRUE(draw_latency({std::nullopt, std::nullopt}, s, 8, false).empty());
}

TEST(LatencyChart, all_rows_are_equally_wide) {
  std::vector<std::optional<LatencyStep>> history(40);
  for (std::size_t i = 0; i < 40; i += 3) history[i] = {10'000 * (i + 1), 30'000 * (i + 1)};
  const auto lines = draw_latency(history, s / 2, 8, false);
  ASSERT_GE(lines.size(), 5u);
  for (const auto& line : lines) EXPECT_EQ(characters(line), chart_margin + 40) << line;
  EXPECT_NE(lines.back().find("20 s ago"), std::string::npos);
}

TEST(LatencyChart, a_bar_ends_at_the_tick_of_its_latency) {
  const auto lines = draw_latency({LatencyStep{100'000, 100'000}}, s, 8, false);
  // "50 µs", then "100 µs" half filled, and nothing above.
  bool found = false;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].find("100 µs") == std::string::npos) continue;
    found = true;
    EXPECT_NE(lines[i].find("┤▄"), std::string::npos) << lines[i];
    EXPECT_NE(lines[i - 1].find("┤ "), std::string::npos) << lines[i - 1];
    EXPECT_NE(lines[i + 1].find("┤█"), std::string::npos) << lines[i + 1];
  }
  EXPECT_TRUE(found);
}

TEST(LatencyChart, extreme_latencies_are_drawn_within_the_rows) {
  for (const std::uint64_t extreme : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
    const auto lines = draw_latency({LatencyStep{0, extreme}, LatencyStep{5000, 5000}}, s, 6, true);
    EXPECT_LE(lines.size(), 7u);
    EXPECT_FALSE(lines.empty());
  }
}

TEST(WatchView, the_picture_fits_terminals_of_every_size) {
  WatchState state;
  state.path = "/dev/shm/a-camera-with-a-long-name";
  state.latency = Percentiles{1, 2, 3, 4};
  state.history = {LatencyStep{1000, 2000}};
  state.step_ns = s;
  state.file.emplace();
  state.file->ready = true;
  state.file->readers.resize(30);
  for (unsigned rows = 1; rows < 60; ++rows) {
    for (const unsigned columns : {1u, 5u, 20u, 200u}) {
      const auto lines = watch_picture(state, {columns, rows}, false);
      EXPECT_LE(lines.size(), std::max(rows - 1, 1u)) << rows;
      for (const auto& line : lines)
        if (line.find("┤") == std::string::npos && line.find("└") == std::string::npos) {
          EXPECT_LE(characters(line), std::max(columns, 2u)) << line;
        }
    }
  }
}

TEST(WatchView, readers_that_do_not_fit_are_counted) {
  WatchState state;
  state.file.emplace();
  state.file->readers.resize(30);
  for (std::uint32_t i = 0; i < 30; ++i) state.file->readers[i].lane = i + 1;
  const auto lines = watch_picture(state, {80, 14}, false);
  EXPECT_NE(lines.back().find("more"), std::string::npos) << lines.back();
}

}  // namespace
}  // namespace mmapvideo::tools
