// SPDX-License-Identifier: MIT
// The writer (SPEC 7.2): what a published frame looks like in the file, and frames it refuses.
#include <gtest/gtest.h>

#include <cstring>

#include <set>
#include <vector>

#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using PublishTest = FileTest;

namespace {

mmapvideo_status begin(const Writer& writer, mmapvideo_slot_view& view,
                       std::uint64_t payload_bytes = kFrameBytes,
                       std::uint64_t metadata_bytes = 0) {
  mmapvideo_error error = {};
  auto status =
      mmapvideo_writer_begin(writer.get(), payload_bytes, static_cast<std::uint32_t>(kCaps.size()),
                             metadata_bytes, &view, &error);
  EXPECT_EQ(is_failure(status), *error.message != '\0') << error.message;
  return status;
}

mmapvideo_status commit(const Writer& writer, const mmapvideo_slot_view& view,
                        mmapvideo_frame_info info, const std::string& caps = kCaps,
                        std::uint64_t* number = nullptr) {
  mmapvideo_error error = {};
  return mmapvideo_writer_commit(writer.get(), &view, &info, caps.c_str(), number, &error);
}

}  // namespace

TEST_F(PublishTest, frame_is_complete_in_its_slot) {
  Writer writer = open_writer(path_);
  mmapvideo_frame_info info = grey_info();
  info.pts_ns = 41;
  info.dts_ns = 42;
  info.duration_ns = 43;
  info.offset = 44;
  info.offset_end = 45;
  info.flags = MMAPVIDEO_FRAME_LIVE | MMAPVIDEO_FRAME_MARKER;
  info.clock_time_ns = 46;
  info.latency_ns = 47;
  const std::string metadata = "some metadata";
  info.metadata_bytes = metadata.size();
  std::uint64_t before = mmapvideo_clock_now_ns();
  ASSERT_EQ(try_publish(writer, info, kCaps, metadata), MMAPVIDEO_OK);
  std::uint64_t after = mmapvideo_clock_now_ns();

  RawFile raw(path_);
  unsigned index = raw.head_index();
  const mmapvideo_slot_header& slot = raw.slot(index);
  EXPECT_EQ(slot.stamp, 2u);
  EXPECT_EQ(slot.number, 1u);
  EXPECT_EQ(slot.session_id, raw.header().session_id);
  EXPECT_LE(before, slot.info.publish_time_ns);
  EXPECT_LE(slot.info.publish_time_ns, after);
  EXPECT_GT(slot.info.publish_wall_time_ns, 0u);
  info.publish_time_ns = slot.info.publish_time_ns;
  info.publish_wall_time_ns = slot.info.publish_wall_time_ns;
  EXPECT_EQ(std::memcmp(&info, &slot.info, sizeof info), 0);
  EXPECT_EQ(std::string(raw.caps(index), kCaps.size() + 1), kCaps + '\0');
  EXPECT_EQ(std::memcmp(raw.metadata(index), metadata.data(), metadata.size()), 0);
}

TEST_F(PublishTest, payload_is_in_its_place_in_the_slot) {
  Writer writer = open_writer(path_);
  publish(writer, 0xabcdef, 8192);
  RawFile raw(path_);
  std::vector<std::byte> payload(8192);
  std::memcpy(payload.data(), raw.payload(raw.head_index()), payload.size());
  EXPECT_TRUE(all_words_are(payload, 0xabcdef));
}

TEST_F(PublishTest, numbers_count_up_from_one_and_the_head_follows) {
  Writer writer = open_writer(path_);
  for (std::uint64_t number = 1; number <= 10; ++number) {
    ASSERT_EQ(publish(writer), number);
    RawFile raw(path_);
    EXPECT_EQ(raw.header().head_number, number);
    EXPECT_EQ(raw.slot(raw.head_index()).stamp, 2 * number);
    EXPECT_EQ(raw.header().state, MMAPVIDEO_STATE_STREAMING);
  }
}

TEST_F(PublishTest, frames_go_round_the_ring_in_order) {
  Writer writer = open_writer(path_, 4);
  std::vector<int> indices;
  for (std::uint64_t number = 1; number <= 8; ++number) {
    publish(writer);
    indices.push_back(RawFile(path_).find(number));
  }
  std::set<int> first_round(indices.begin(), indices.begin() + 4);
  EXPECT_EQ(first_round, (std::set<int>{0, 1, 2, 3}));
  for (int i = 1; i < 8; ++i) EXPECT_EQ(indices[i], (indices[i - 1] + 1) % 4);
}

TEST_F(PublishTest, published_changes_by_one_with_each_frame) {
  Writer writer = open_writer(path_);
  publish(writer);
  RawFile raw(path_);
  std::uint32_t before = load(raw.header().published);
  for (std::uint32_t i = 1; i <= 5; ++i) {
    publish(writer);
    EXPECT_EQ(load(raw.header().published), before + i);
  }
}

TEST_F(PublishTest, published_wraps_around) {
  Writer writer = open_writer(path_);
  publish(writer);
  RawFile raw(path_);
  store(raw.header().published, UINT32_MAX);
  publish(writer);
  EXPECT_EQ(load(raw.header().published), 0u);
}

TEST_F(PublishTest, counters_in_the_file_and_stats_agree) {
  Writer writer = open_writer(path_);
  for (int i = 0; i < 3; ++i) publish(writer, 0, 4096);
  publish(writer, 0, 1024);
  RawFile raw(path_);
  mmapvideo_writer_stats stats = stats_of(writer);
  EXPECT_EQ(stats.frame_count, 4u);
  EXPECT_EQ(stats.byte_count, 3 * 4096u + 1024u);
  EXPECT_EQ(stats.dropped_count, 0u);
  EXPECT_EQ(stats.locked, 1u);
  EXPECT_EQ(raw.header().frame_count, stats.frame_count);
  EXPECT_EQ(raw.header().byte_count, stats.byte_count);
  EXPECT_EQ(raw.header().dropped_count, 0u);
  EXPECT_EQ(raw.header().wait_count, 0u);
  EXPECT_EQ(raw.header().passed_over_count, 0u);
}

TEST_F(PublishTest, stats_before_the_first_reserve_name_no_slots) {
  Writer writer = open_writer(path_);
  EXPECT_EQ(stats_of(writer).slot_count, 0u);
  EXPECT_EQ(stats_of(writer).frame_count, 0u);
}

TEST_F(PublishTest, stats_know_a_file_system_in_memory) {
  if (dir_.path().rfind("/dev/shm", 0) != 0) GTEST_SKIP() << "no /dev/shm here";
  Writer writer = open_writer(path_);
  EXPECT_EQ(stats_of(writer).in_memory, 1u);
}

TEST_F(PublishTest, taken_slot_is_marked_and_not_yet_the_head) {
  Writer writer = open_writer(path_);
  publish(writer);
  mmapvideo_slot_view view = {};
  ASSERT_EQ(begin(writer, view), MMAPVIDEO_OK);
  RawFile raw(path_);
  EXPECT_EQ(raw.slot(view.slot_index).stamp % 2, 1u);
  EXPECT_NE(raw.head_index(), view.slot_index);
  EXPECT_EQ(raw.header().head_number, 1u);
  mmapvideo_writer_abort(writer.get(), &view);
}

TEST_F(PublishTest, view_leads_to_the_bytes_of_its_slot) {
  Writer writer = open_writer(path_);
  mmapvideo_slot_view view = {};
  ASSERT_EQ(begin(writer, view, 8192, 100), MMAPVIDEO_OK);
  RawFile raw(path_);
  EXPECT_EQ(view.ring_generation, raw.header().ring_generation);
  EXPECT_GE(view.payload_capacity, 8192u);
  EXPECT_GE(view.metadata_capacity, 100u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.payload) % 4096, 0u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.metadata) % 64, 0u);
  std::memset(view.payload, 0x3c, view.payload_capacity);
  std::memset(view.metadata, 0x3d, view.metadata_capacity);
  EXPECT_EQ(raw.payload(view.slot_index)[view.payload_capacity - 1], std::byte{0x3c});
  EXPECT_EQ(raw.metadata(view.slot_index)[0], std::byte{0x3d});
  mmapvideo_frame_info info = grey_info(8192);
  info.metadata_bytes = 100;
  std::uint64_t number = 0;
  EXPECT_EQ(commit(writer, view, info, kCaps, &number), MMAPVIDEO_OK);
  EXPECT_EQ(number, 1u);
  EXPECT_EQ(raw.head_index(), view.slot_index);
}

TEST_F(PublishTest, abort_empties_the_slot_and_spends_no_number) {
  Writer writer = open_writer(path_);
  publish(writer);
  mmapvideo_slot_view view = {};
  ASSERT_EQ(begin(writer, view), MMAPVIDEO_OK);
  mmapvideo_writer_abort(writer.get(), &view);
  RawFile raw(path_);
  EXPECT_EQ(raw.slot(view.slot_index).stamp, 0u);
  EXPECT_EQ(raw.header().head_number, 1u);
  EXPECT_EQ(publish(writer), 2u);
  EXPECT_EQ(stats_of(writer).frame_count, 2u);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
}

TEST_F(PublishTest, commit_without_begin_is_refused) {
  Writer writer = open_writer(path_);
  mmapvideo_slot_view view = {};
  ASSERT_EQ(begin(writer, view), MMAPVIDEO_OK);
  ASSERT_EQ(commit(writer, view, grey_info()), MMAPVIDEO_OK);
  EXPECT_EQ(commit(writer, view, grey_info()), MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_EQ(RawFile(path_).header().head_number, 1u);
}

TEST_F(PublishTest, frame_of_no_bytes_is_refused) {
  Writer writer = open_writer(path_);
  EXPECT_EQ(try_publish(writer, grey_info(0)), MMAPVIDEO_INVALID_ARGUMENT);
  mmapvideo_slot_view view = {};
  ASSERT_EQ(begin(writer, view), MMAPVIDEO_OK);
  EXPECT_EQ(commit(writer, view, grey_info(0)), MMAPVIDEO_INVALID_ARGUMENT);
  mmapvideo_writer_abort(writer.get(), &view);
  EXPECT_EQ(RawFile(path_).header().head_number, 0u);
}

TEST_F(PublishTest, commit_of_more_than_was_asked_for_is_refused) {
  Writer writer = open_writer(path_);
  mmapvideo_slot_view view = {};
  ASSERT_EQ(begin(writer, view, kFrameBytes, 0), MMAPVIDEO_OK);
  mmapvideo_frame_info info = grey_info();
  info.payload_bytes = view.payload_capacity + 64;
  EXPECT_EQ(commit(writer, view, info), MMAPVIDEO_INVALID_ARGUMENT);
  info = grey_info();
  info.metadata_bytes = view.metadata_capacity + 1;
  EXPECT_EQ(commit(writer, view, info), MMAPVIDEO_INVALID_ARGUMENT);
  info = grey_info();
  info.caps_bytes = static_cast<std::uint32_t>(RawFile(path_).ring().payload_offset);
  EXPECT_EQ(commit(writer, view, info, std::string(info.caps_bytes, 'c')),
            MMAPVIDEO_INVALID_ARGUMENT);
  mmapvideo_writer_abort(writer.get(), &view);
  EXPECT_EQ(RawFile(path_).header().head_number, 0u);
}

// What a reader would have to call broken (SPEC 12) must not get into the file.
TEST_F(PublishTest, description_that_readers_would_refuse_is_refused) {
  struct Refused {
    const char* what;
    void (*spoil)(mmapvideo_frame_info&);
  };
  const Refused all[] = {
      {"too many planes", [](auto& info) { info.plane_count = 5; }},
      {"plane beyond the payload", [](auto& info) { info.planes[0].offset = 64; }},
      {"rows beyond the payload", [](auto& info) { info.planes[0].rows += 1; }},
      {"row before the payload", [](auto& info) { info.planes[0].stride = -64; }},
      {"overflowing offset", [](auto& info) { info.planes[0].offset = UINT64_MAX - 63; }},
      {"endless format", [](auto& info) { std::memset(info.format, 'x', 32); }},
      {"endless colorimetry", [](auto& info) { std::memset(info.colorimetry, 'x', 64); }},
      {"endless chroma site", [](auto& info) { std::memset(info.chroma_site, 'x', 32); }},
  };
  Writer writer = open_writer(path_);
  for (const Refused& each : all) {
    mmapvideo_frame_info info = grey_info();
    each.spoil(info);
    EXPECT_EQ(try_publish(writer, info), MMAPVIDEO_INVALID_ARGUMENT) << each.what;
    EXPECT_EQ(RawFile(path_).header().head_number, 0u) << each.what;
  }
  EXPECT_GT(publish(writer), 0u);
}

TEST_F(PublishTest, caps_with_a_nul_inside_are_refused) {
  Writer writer = open_writer(path_);
  std::string caps = kCaps;
  caps[5] = '\0';
  EXPECT_EQ(try_publish(writer, grey_info(), caps), MMAPVIDEO_INVALID_ARGUMENT);
}

TEST_F(PublishTest, sizes_that_overflow_are_refused_and_the_writer_goes_on) {
  Writer writer = open_writer(path_);
  publish(writer);
  for (std::uint64_t bytes : {UINT64_MAX, UINT64_MAX - 4095, std::uint64_t{1} << 63}) {
    EXPECT_TRUE(is_failure(mmapvideo_writer_reserve(writer.get(), bytes, 0, 0, 0, nullptr)))
        << bytes;
    EXPECT_TRUE(is_failure(mmapvideo_writer_reserve(writer.get(), 64, 0, bytes, 0, nullptr)));
  }
  EXPECT_EQ(publish(writer), 2u);
}

TEST_F(PublishTest, reserve_makes_room_for_very_long_caps) {
  Writer writer = open_writer(path_);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), 64, 1u << 20, 0, 0, nullptr), MMAPVIDEO_OK);
  EXPECT_LT(1u << 20, RawFile(path_).ring().payload_offset - 512);
}

TEST_F(PublishTest, what_is_reserved_reaches_the_file_as_0) {
  Writer writer = open_writer(path_);
  mmapvideo_frame_info info = grey_info();
  info.reserved_140 = 0xee;
  std::memset(info.reserved_400, 0xee, sizeof info.reserved_400);
  info.planes[0].reserved = 0xee;
  info.planes[1].stride = 0xee;
  info.format[31] = 'x';
  ASSERT_EQ(try_publish(writer, info), MMAPVIDEO_OK);
  const mmapvideo_frame_info found = RawFile(path_).slot(0).info;
  EXPECT_EQ(found.reserved_140, 0u);
  EXPECT_EQ(found.reserved_400[0] | found.reserved_400[47], 0);
  EXPECT_EQ(found.planes[0].reserved, 0u);
  EXPECT_EQ(found.planes[1].stride, 0);
  EXPECT_EQ(found.format[31], 0);
}
