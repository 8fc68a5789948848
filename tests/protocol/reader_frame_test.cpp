// SPDX-License-Identifier: MIT
// The reader: what a frame carries, and copies of frames that are rewritten meanwhile.
#include <gtest/gtest.h>

#include <vector>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using ReaderFrameTest = FileTest;

// ---- What a frame carries

TEST_F(ReaderFrameTest, description_caps_and_metadata_arrive_as_they_were_sent) {
  Writer writer = open_writer(path_);
  Reader reader = open_reader(path_);
  mmapvideo_frame_info info = grey_info();
  info.pts_ns = 1;
  info.dts_ns = MMAPVIDEO_NONE;
  info.duration_ns = 3;
  info.offset = 4;
  info.offset_end = 5;
  info.flags = MMAPVIDEO_FRAME_DISCONTINUITY | MMAPVIDEO_FRAME_FIRST_IN_BUNDLE;
  info.clock_time_ns = 6;
  info.latency_ns = 7;
  info.fps_numerator = 30000;
  info.fps_denominator = 1001;
  info.par_numerator = 12;
  info.par_denominator = 11;
  info.interlace_mode = MMAPVIDEO_INTERLACE_MIXED;
  info.field_order = MMAPVIDEO_FIELD_ORDER_BOTTOM_FIRST;
  info.view_count = 2;
  set_text(info.colorimetry, sizeof info.colorimetry, "bt709");
  set_text(info.chroma_site, sizeof info.chroma_site, "mpeg2");
  const std::string metadata("binary\0metadata", 15);
  info.metadata_bytes = metadata.size();
  ASSERT_EQ(try_publish(writer, info, kCaps, metadata), MMAPVIDEO_OK);
  Taken taken = take(reader);
  ASSERT_EQ(taken.status, MMAPVIDEO_OK);
  info.publish_time_ns = taken.info.publish_time_ns;
  info.publish_wall_time_ns = taken.info.publish_wall_time_ns;
  EXPECT_EQ(std::memcmp(&info, &taken.info, sizeof info), 0);
  EXPECT_EQ(taken.caps, kCaps);
  EXPECT_EQ(taken.metadata, metadata);
}

TEST_F(ReaderFrameTest, frame_without_caps_metadata_and_planes_is_a_frame) {
  Writer writer = open_writer(path_);
  Reader reader = open_reader(path_);
  mmapvideo_frame_info info = grey_info(64, "");
  info.plane_count = 0;
  ASSERT_EQ(try_publish(writer, info, ""), MMAPVIDEO_OK);
  mmapvideo_frame frame = {};
  ASSERT_EQ(mmapvideo_reader_next(reader.get(), kForever, &frame, nullptr), MMAPVIDEO_OK);
  EXPECT_STREQ(frame.caps, "");
  EXPECT_EQ(frame.metadata, nullptr);
  EXPECT_EQ(frame.info->plane_count, 0u);
}

TEST_F(ReaderFrameTest, payload_of_one_byte_arrives) {
  Writer writer = open_writer(path_);
  Reader reader = open_reader(path_);
  mmapvideo_frame_info info = grey_info(1);
  info.plane_count = 0;
  const char byte = 'x';
  ASSERT_EQ(mmapvideo_writer_publish(writer.get(), &info, kCaps.c_str(), &byte, nullptr, nullptr,
                                     nullptr),
            MMAPVIDEO_OK);
  Taken taken = take(reader);
  ASSERT_EQ(taken.payload.size(), 1u);
  EXPECT_EQ(taken.payload[0], std::byte{'x'});
}

TEST_F(ReaderFrameTest, payloads_of_every_small_size_arrive_unharmed) {
  Writer writer = open_writer(path_);
  Reader reader = open_reader(path_);
  for (std::uint64_t bytes = 1; bytes < 300; ++bytes) {
    std::vector<std::byte> payload(bytes);
    for (std::uint64_t i = 0; i < bytes; ++i) payload[i] = static_cast<std::byte>(bytes * 7 + i);
    mmapvideo_frame_info info = grey_info(bytes);
    info.plane_count = 0;
    ASSERT_EQ(mmapvideo_writer_publish(writer.get(), &info, kCaps.c_str(), payload.data(), nullptr,
                                       nullptr, nullptr),
              MMAPVIDEO_OK);
    EXPECT_EQ(take(reader).payload, payload) << bytes;
  }
}

TEST_F(ReaderFrameTest, copies_only_as_many_bytes_as_asked_for) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_OK);
  std::vector<std::byte> to(kFrameBytes, std::byte{0xee});
  ASSERT_EQ(mmapvideo_reader_copy_payload(reader.get(), to.data(), 80, nullptr), MMAPVIDEO_OK);
  EXPECT_TRUE(all_words_are({to.begin(), to.begin() + 80}, 1));
  EXPECT_EQ(to[80], std::byte{0xee});
}

TEST_F(ReaderFrameTest, payload_may_be_copied_again) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  Taken taken = take(reader);
  taken.payload.clear();
  EXPECT_EQ(copy_payload(reader, taken), MMAPVIDEO_OK);
  EXPECT_TRUE(all_words_are(taken.payload, 1));
}

TEST_F(ReaderFrameTest, copying_after_a_call_that_returned_no_frame_is_refused) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  Taken taken = take(reader);
  ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(copy_payload(reader, taken), MMAPVIDEO_INVALID_ARGUMENT);
}

TEST_F(ReaderFrameTest, copying_more_than_the_payload_is_refused) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_OK);
  std::vector<std::byte> to(kFrameBytes + 1);
  EXPECT_EQ(mmapvideo_reader_copy_payload(reader.get(), to.data(), to.size(), nullptr),
            MMAPVIDEO_INVALID_ARGUMENT);
}

TEST_F(ReaderFrameTest, copying_before_the_first_frame_is_refused) {
  Reader reader = open_reader(path_);
  std::byte to;
  EXPECT_EQ(mmapvideo_reader_copy_payload(reader.get(), &to, 1, nullptr),
            MMAPVIDEO_INVALID_ARGUMENT);
}

TEST_F(ReaderFrameTest, times_of_a_file_of_this_boot_are_comparable) {
  Writer writer = open_writer(path_);
  publish(writer);
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).status, MMAPVIDEO_OK);
  EXPECT_EQ(stats_of(reader).clock_comparable, 1u);
}

TEST_F(ReaderFrameTest, times_of_another_boot_are_not_comparable_but_frames_are_valid) {
  Writer writer = open_writer(path_);
  RawFile raw(path_);
  publish(writer);
  raw.header().boot_id[3] ^= 0x55;
  Reader reader = open_reader(path_);
  EXPECT_EQ(take(reader).status, MMAPVIDEO_OK);
  EXPECT_EQ(stats_of(reader).clock_comparable, 0u);
}

// ---- Torn and overwritten frames

TEST_F(ReaderFrameTest, copy_says_overwritten_when_the_writer_has_begun_to_rewrite_the_slot) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  Taken taken = next_frame(reader);
  ASSERT_EQ(taken.number, 1u);
  file.start_slot(0);
  EXPECT_EQ(copy_payload(reader, taken), MMAPVIDEO_OVERWRITTEN);
}

TEST_F(ReaderFrameTest, copy_says_overwritten_when_the_slot_holds_a_newer_frame) {
  ForgedFile file(path_, {.slot_count = 2});
  file.publish();
  Reader reader = open_reader(path_);
  Taken taken = next_frame(reader);
  file.publish();
  file.publish();
  EXPECT_EQ(copy_payload(reader, taken), MMAPVIDEO_OVERWRITTEN);
  EXPECT_GE(stats_of(reader).torn_retry_count, 1u);
}

TEST_F(ReaderFrameTest, overwritten_frame_counts_as_skipped) {
  ForgedFile file(path_, {.slot_count = 2});
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  file.publish();
  Taken lost = next_frame(reader);
  ASSERT_EQ(lost.number, 2u);
  file.publish();
  file.publish();
  ASSERT_EQ(copy_payload(reader, lost), MMAPVIDEO_OVERWRITTEN);
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 4u);
  EXPECT_EQ(taken.skipped, 2u);  // 2 was lost in the copy, 3 was never seen
}

TEST_F(ReaderFrameTest, what_is_missed_is_counted_once_whatever_is_overwritten_in_between) {
  ForgedFile file(path_, {.slot_count = 2});
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  std::uint64_t delivered = 1, skipped = 0;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 3; ++i) file.publish();
    Taken lost = next_frame(reader);
    skipped += lost.skipped;
    for (int i = 0; i < 2; ++i) file.publish();
    ASSERT_EQ(copy_payload(reader, lost), MMAPVIDEO_OVERWRITTEN);
    if (round % 2 == 0) continue;  // two losses in a row
    Taken taken = take(reader);
    ASSERT_EQ(taken.copy_status, MMAPVIDEO_OK);
    skipped += taken.skipped;
    delivered += 1;
    EXPECT_EQ(delivered + skipped, taken.number);
    EXPECT_EQ(stats_of(reader).skipped_count, skipped);
  }
}

TEST_F(ReaderFrameTest, description_that_was_taken_survives_the_rewriting_of_its_slot) {
  ForgedFile file(path_, {.slot_count = 2});
  file.publish();
  Reader reader = open_reader(path_);
  mmapvideo_frame frame = {};
  ASSERT_EQ(mmapvideo_reader_next(reader.get(), kForever, &frame, nullptr), MMAPVIDEO_OK);
  std::memset(&file.slot(0), 0xff, sizeof(mmapvideo_slot_header));
  std::memset(file.raw().caps(0), 0xff, 100);
  EXPECT_EQ(frame.info->width, 64u);
  EXPECT_EQ(frame.caps, kCaps);
}
