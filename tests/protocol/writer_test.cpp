// SPDX-License-Identifier: MIT
// The writer (SPEC 7.1, 7.3): the file it creates, its ring, and how a session begins and ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>

#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using WriterTest = FileTest;

namespace {

bool all_zero(const std::byte* bytes, std::size_t count) {
  return std::all_of(bytes, bytes + count, [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

TEST_F(WriterTest, open_creates_a_file_with_the_identity_that_the_spec_gives) {
  Writer writer = open_writer(path_);
  RawFile raw(path_);
  ASSERT_GE(raw.size(), 4096u);
  const mmapvideo_file_header& header = raw.header();
  EXPECT_EQ(std::memcmp(raw.bytes(), "mmapvid\n", 8), 0);
  EXPECT_EQ(header.version, 1u);
  EXPECT_EQ(header.header_bytes, 4096u);
  EXPECT_EQ(header.incompatible_flags, 0u);
  EXPECT_EQ(header.compatible_flags, 0u);
  EXPECT_FALSE(all_zero(reinterpret_cast<const std::byte*>(header.file_id), 16));
}

TEST_F(WriterTest, open_begins_a_session) {
  std::uint64_t before = mmapvideo_clock_now_ns();
  Writer writer = open_writer(path_);
  std::uint64_t after = mmapvideo_clock_now_ns();
  RawFile raw(path_);
  const mmapvideo_file_header& header = raw.header();
  EXPECT_EQ(header.state, MMAPVIDEO_STATE_EMPTY);
  EXPECT_NE(header.session_id, 0u);
  EXPECT_EQ(header.session_count, 1u);
  EXPECT_EQ(header.session_first_number, 1u);
  EXPECT_EQ(header.writer_process_id, static_cast<std::uint64_t>(::getpid()));
  EXPECT_LE(before, header.session_start_time_ns);
  EXPECT_LE(header.session_start_time_ns, after);
  EXPECT_EQ(header.delivery, 0u);
  EXPECT_EQ(header.head_number, 0u);
}

TEST_F(WriterTest, reserved_bytes_of_the_header_are_zero) {
  Writer writer = open_writer(path_);
  publish(writer);
  RawFile raw(path_);
  const mmapvideo_file_header& header = raw.header();
  auto zero = [](const auto& bytes) {
    return all_zero(reinterpret_cast<const std::byte*>(&bytes), sizeof bytes);
  };
  EXPECT_TRUE(zero(header.reserved_124));
  EXPECT_TRUE(zero(header.reserved_136));
  EXPECT_TRUE(zero(header.reserved_320));
  EXPECT_TRUE(zero(header.reserved_400));
  EXPECT_TRUE(zero(header.reserved_452));
  EXPECT_TRUE(zero(header.released));
  EXPECT_TRUE(zero(header.reserved_516));
  EXPECT_TRUE(zero(header.reserved_616));
  EXPECT_TRUE(zero(raw.ring().reserved));
  EXPECT_TRUE(zero(raw.slot(raw.head_index()).reserved));
  EXPECT_TRUE(zero(raw.slot(raw.head_index()).info.reserved_140));
  EXPECT_TRUE(zero(raw.slot(raw.head_index()).info.reserved_400));
}

TEST_F(WriterTest, nothing_is_written_between_the_header_and_the_first_ring) {
  Writer writer = open_writer(path_);
  publish(writer);
  RawFile raw(path_);
  EXPECT_EQ(raw.ring().offset, 65536u);
  EXPECT_TRUE(all_zero(raw.bytes() + 4096, 65536 - 4096));
}

TEST_F(WriterTest, two_files_have_different_ids) {
  Writer one = open_writer(path_);
  Writer two = open_writer(dir_ / "other");
  RawFile raw_one(path_), raw_two(dir_ / "other");
  EXPECT_NE(std::memcmp(raw_one.header().file_id, raw_two.header().file_id, 16), 0);
  EXPECT_NE(raw_one.header().session_id, raw_two.header().session_id);
}

TEST_F(WriterTest, ring_is_valid_and_has_the_depth_that_was_asked_for) {
  Writer writer = open_writer(path_, 7);
  publish(writer);
  RawFile raw(path_);
  const mmapvideo_ring& ring = raw.ring();
  EXPECT_EQ(raw.header().ring_generation, 1u);
  EXPECT_EQ(ring.generation, 1u);
  EXPECT_EQ(ring.slot_count, 7u);
  EXPECT_EQ(ring.offset % 65536, 0u);
  EXPECT_EQ(ring.slot_stride % 65536, 0u);
  EXPECT_EQ(ring.payload_offset % 4096, 0u);
  EXPECT_EQ(ring.payload_capacity % 64, 0u);
  EXPECT_GE(ring.payload_capacity, kFrameBytes);
  EXPECT_LE(ring.payload_offset + ring.payload_capacity + ring.metadata_capacity, ring.slot_stride);
  EXPECT_LE(ring.offset + ring.slot_count * ring.slot_stride, raw.size());
  EXPECT_EQ(stats_of(writer).slot_count, 7u);
  EXPECT_EQ(stats_of(writer).payload_capacity, ring.payload_capacity);
}

TEST_F(WriterTest, depth_is_chosen_by_the_library_when_none_is_asked_for) {
  Writer writer = open_writer(path_, 0);
  publish(writer);
  EXPECT_GE(stats_of(writer).slot_count, MMAPVIDEO_MIN_SLOTS);
  EXPECT_LE(stats_of(writer).slot_count, MMAPVIDEO_MAX_SLOTS);
}

TEST_F(WriterTest, smallest_and_largest_depth_work) {
  for (unsigned slot_count : {MMAPVIDEO_MIN_SLOTS, MMAPVIDEO_MAX_SLOTS}) {
    Writer writer = open_writer(path_, slot_count);
    for (std::uint64_t number = 1; number <= 5; ++number) EXPECT_EQ(publish(writer), number);
    EXPECT_EQ(stats_of(writer).slot_count, slot_count);
  }
}

TEST_F(WriterTest, space_is_reserved_before_the_first_frame) {
  Writer writer = open_writer(path_, 4);
  const std::uint64_t bytes = 1 << 20;
  mmapvideo_error error = {};
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), bytes, 100, 0, 0, &error), MMAPVIDEO_OK)
      << error.message;
  EXPECT_GE(allocated_bytes(path_), 4 * bytes);
  std::uint64_t size = RawFile(path_).size();
  publish(writer, 1, bytes);
  EXPECT_EQ(RawFile(path_).size(), size);
}

TEST_F(WriterTest, reserve_keeps_a_ring_that_is_large_enough) {
  Writer writer = open_writer(path_);
  publish(writer, 1, 8192);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), 64, 10, 0, 0, nullptr), MMAPVIDEO_OK);
  EXPECT_EQ(RawFile(path_).header().ring_generation, 1u);
}

TEST_F(WriterTest, reserve_publishes_no_frame) {
  Writer writer = open_writer(path_);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), 8192, 10, 0, 0, nullptr), MMAPVIDEO_OK);
  RawFile raw(path_);
  EXPECT_EQ(raw.header().head_number, 0u);
  EXPECT_EQ(raw.header().state, MMAPVIDEO_STATE_EMPTY);
  EXPECT_EQ(raw.header().ring_generation, 1u);
}

TEST_F(WriterTest, bad_options_are_refused) {
  mmapvideo_error error = {};
  EXPECT_EQ(mmapvideo_writer_open(nullptr, &error), nullptr);
  EXPECT_EQ(error.status, MMAPVIDEO_INVALID_ARGUMENT);
  for (unsigned slot_count : {1u, MMAPVIDEO_MAX_SLOTS + 1, UINT32_MAX}) {
    WriterAttempt attempt = try_writer(path_, slot_count);
    EXPECT_FALSE(attempt.writer) << slot_count;
    EXPECT_EQ(attempt.error.status, MMAPVIDEO_INVALID_ARGUMENT) << slot_count;
    EXPECT_FALSE(exists(path_));
  }
}

TEST_F(WriterTest, close_removes_the_file) {
  Writer writer = open_writer(path_);
  publish(writer);
  writer.reset();
  EXPECT_FALSE(exists(path_));
}

TEST_F(WriterTest, close_says_ended_and_wakes_before_the_file_goes) {
  Writer writer = open_writer(path_);
  publish(writer);
  RawFile raw(path_);
  std::uint32_t before = load(raw.header().published);
  writer.reset();
  EXPECT_EQ(load(raw.header().state), MMAPVIDEO_STATE_ENDED);
  EXPECT_EQ(load(raw.header().published), before + 1);
}

TEST_F(WriterTest, end_keeps_file_and_lock_and_the_next_frame_begins_a_session) {
  Writer writer = open_writer(path_);
  publish(writer);
  RawFile raw(path_);
  std::uint64_t session = load(raw.header().session_id);
  std::uint32_t published = load(raw.header().published);
  mmapvideo_writer_end(writer.get());
  EXPECT_EQ(load(raw.header().state), MMAPVIDEO_STATE_ENDED);
  EXPECT_EQ(load(raw.header().published), published + 1);
  mmapvideo_writer_end(writer.get());
  EXPECT_EQ(load(raw.header().published), published + 1) << "ending twice does nothing";
  EXPECT_TRUE(writer_lock_is_held(path_));
  EXPECT_EQ(load(raw.header().session_id), session);
  EXPECT_EQ(publish(writer), 2u);
  EXPECT_EQ(load(raw.header().state), MMAPVIDEO_STATE_STREAMING);
  EXPECT_NE(load(raw.header().session_id), session);
  EXPECT_EQ(raw.header().session_count, 2u);
  EXPECT_EQ(raw.header().session_first_number, 2u);
  EXPECT_EQ(raw.header().frame_count, 1u);
  EXPECT_EQ(raw.slot(raw.head_index()).session_id, raw.header().session_id);
}

TEST_F(WriterTest, close_after_end_removes_the_file_without_another_event) {
  Writer writer = open_writer(path_);
  publish(writer);
  RawFile raw(path_);
  mmapvideo_writer_end(writer.get());
  std::uint32_t published = load(raw.header().published);
  writer.reset();
  EXPECT_EQ(load(raw.header().published), published);
  EXPECT_FALSE(exists(path_));
}

TEST_F(WriterTest, kept_file_stays_with_its_newest_frame) {
  Writer writer = open_writer(path_);
  publish(writer);
  publish(writer);
  close_and_keep(writer);
  RawFile raw(path_);
  EXPECT_EQ(raw.header().state, MMAPVIDEO_STATE_ENDED);
  EXPECT_EQ(raw.header().head_number, 2u);
  EXPECT_EQ(raw.slot(raw.head_index()).stamp, 4u);
}

TEST_F(WriterTest, close_does_not_remove_another_file_of_the_same_name) {
  Writer writer = open_writer(path_);
  write_bytes(dir_ / "other", "precious");
  put_in_place(dir_ / "other", path_);
  writer.reset();
  ASSERT_TRUE(exists(path_));
  EXPECT_EQ(read_bytes(path_), "precious");
}

TEST_F(WriterTest, writer_goes_on_when_its_file_is_removed) {
  Writer writer = open_writer(path_);
  publish(writer);
  RawFile raw(path_);
  ASSERT_TRUE(remove_name(path_));
  EXPECT_EQ(publish(writer), 2u);
  EXPECT_EQ(load(raw.header().head_number), 2u);
}

TEST_F(WriterTest, null_handles_are_allowed_where_the_header_says_so) {
  mmapvideo_writer_close(nullptr, 0);
  mmapvideo_reader_close(nullptr);
  EXPECT_FALSE(exists(path_));
}

TEST(Status, every_status_has_a_name_of_its_own) {
  std::set<std::string> names;
  for (int status = 0; status <= MMAPVIDEO_SYSTEM; ++status) {
    if (!is_known_status(static_cast<mmapvideo_status>(status))) continue;
    const char* name = mmapvideo_status_name(static_cast<mmapvideo_status>(status));
    ASSERT_NE(name, nullptr);
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_NE(mmapvideo_status_name(static_cast<mmapvideo_status>(9999)), nullptr);
}

TEST(Clock, never_goes_back) {
  std::uint64_t former = mmapvideo_clock_now_ns();
  for (int i = 0; i < 1000; ++i) {
    std::uint64_t now = mmapvideo_clock_now_ns();
    ASSERT_LE(former, now);
    former = now;
  }
}
