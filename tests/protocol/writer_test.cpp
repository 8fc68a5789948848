// SPDX-License-Identifier: MIT
// The writer (SPEC 7), watched through the bytes it leaves in the file.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <vector>

#include "support/file_test.hpp"
#include "support/futex_waiter.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using WriterTest = FileTest;

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

std::string boot_id_of_this_machine() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string text, hex;
  in >> text;
  for (char c : text) {
    if (std::isxdigit(static_cast<unsigned char>(c))) hex += c;
  }
  return hex;
}

std::string hex_of(const std::uint8_t* bytes, std::size_t count) {
  static const char digits[] = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < count; ++i) {
    hex += digits[bytes[i] / 16];
    hex += digits[bytes[i] % 16];
  }
  return hex;
}

bool all_zero(const std::byte* bytes, std::size_t count) {
  return std::all_of(bytes, bytes + count, [](std::byte b) { return b == std::byte{0}; });
}

class Umask {
 public:
  explicit Umask(mode_t mask) : former_(::umask(mask)) {}
  ~Umask() { ::umask(former_); }

 private:
  mode_t former_;
};

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

TEST_F(WriterTest, header_says_which_clock_of_which_boot_and_namespace_stamps_the_frames) {
  Writer writer = open_writer(path_);
  RawFile raw(path_);
  EXPECT_EQ(raw.header().clock_id, MMAPVIDEO_CLOCK_MONOTONIC);
  EXPECT_EQ(hex_of(raw.header().boot_id, 16), boot_id_of_this_machine());
  struct stat status = {};
  std::uint64_t expected = ::stat("/proc/self/ns/time", &status) == 0 ? status.st_ino : 0;
  EXPECT_EQ(raw.header().clock_namespace, expected);
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

TEST_F(WriterTest, file_is_for_its_owner_alone_unless_asked_otherwise) {
  Umask none(0);
  Writer writer = open_writer(path_);
  EXPECT_EQ(stat_of(path_).st_mode & 07777, 0600u);
}

TEST_F(WriterTest, file_gets_the_permissions_that_were_asked_for) {
  Umask none(0);
  mmapvideo_writer_options options = writer_options(path_, 4);
  options.permissions = 0644;
  Writer writer(mmapvideo_writer_open(&options, nullptr));
  ASSERT_TRUE(writer);
  EXPECT_EQ(stat_of(path_).st_mode & 07777, 0644u);
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
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), bytes, 100, 0, &error), MMAPVIDEO_OK)
      << error.message;
  EXPECT_GE(allocated_bytes(path_), 4 * bytes);
  std::uint64_t size = RawFile(path_).size();
  publish(writer, 1, bytes);
  EXPECT_EQ(RawFile(path_).size(), size);
}

TEST_F(WriterTest, reserve_keeps_a_ring_that_is_large_enough) {
  Writer writer = open_writer(path_);
  publish(writer, 1, 8192);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), 64, 10, 0, nullptr), MMAPVIDEO_OK);
  EXPECT_EQ(RawFile(path_).header().ring_generation, 1u);
}

TEST_F(WriterTest, reserve_publishes_no_frame) {
  Writer writer = open_writer(path_);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), 8192, 10, 0, nullptr), MMAPVIDEO_OK);
  RawFile raw(path_);
  EXPECT_EQ(raw.header().head_number, 0u);
  EXPECT_EQ(raw.header().state, MMAPVIDEO_STATE_EMPTY);
  EXPECT_EQ(raw.header().ring_generation, 1u);
}

TEST_F(WriterTest, frame_is_complete_in_its_slot) {
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

TEST_F(WriterTest, payload_is_in_its_place_in_the_slot) {
  Writer writer = open_writer(path_);
  publish(writer, 0xabcdef, 8192);
  RawFile raw(path_);
  std::vector<std::byte> payload(8192);
  std::memcpy(payload.data(), raw.payload(raw.head_index()), payload.size());
  EXPECT_TRUE(all_words_are(payload, 0xabcdef));
}

TEST_F(WriterTest, numbers_count_up_from_one_and_the_head_follows) {
  Writer writer = open_writer(path_);
  for (std::uint64_t number = 1; number <= 10; ++number) {
    ASSERT_EQ(publish(writer), number);
    RawFile raw(path_);
    EXPECT_EQ(raw.header().head_number, number);
    EXPECT_EQ(raw.slot(raw.head_index()).stamp, 2 * number);
    EXPECT_EQ(raw.header().state, MMAPVIDEO_STATE_STREAMING);
  }
}

TEST_F(WriterTest, frames_go_round_the_ring_in_order) {
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

TEST_F(WriterTest, published_changes_by_one_with_each_frame) {
  Writer writer = open_writer(path_);
  publish(writer);
  RawFile raw(path_);
  std::uint32_t before = load(raw.header().published);
  for (std::uint32_t i = 1; i <= 5; ++i) {
    publish(writer);
    EXPECT_EQ(load(raw.header().published), before + i);
  }
}

TEST_F(WriterTest, whoever_sleeps_on_published_is_woken_by_frame_growth_end_and_start) {
  Writer writer = open_writer(path_);
  publish(writer);
  RawFile raw(path_);
  auto expect_wake = [&raw](const char* event, auto cause) {
    FutexWaiter waiter(raw.header().published);
    cause();
    EXPECT_TRUE(waiter.was_woken()) << event;
  };
  expect_wake("frame", [&] { publish(writer); });
  expect_wake("growth", [&] {
    EXPECT_EQ(mmapvideo_writer_reserve(writer.get(), 1 << 20, 0, 0, nullptr), MMAPVIDEO_OK);
  });
  expect_wake("end", [&] { close_and_keep(writer); });
  expect_wake("start", [&] { writer = open_writer(path_); });
}

TEST_F(WriterTest, published_wraps_around) {
  Writer writer = open_writer(path_);
  publish(writer);
  RawFile raw(path_);
  store(raw.header().published, UINT32_MAX);
  publish(writer);
  EXPECT_EQ(load(raw.header().published), 0u);
}

TEST_F(WriterTest, counters_in_the_file_and_stats_agree) {
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

TEST_F(WriterTest, stats_before_the_first_reserve_name_no_slots) {
  Writer writer = open_writer(path_);
  EXPECT_EQ(stats_of(writer).slot_count, 0u);
  EXPECT_EQ(stats_of(writer).frame_count, 0u);
}

TEST_F(WriterTest, stats_know_a_file_system_in_memory) {
  if (dir_.path().rfind("/dev/shm", 0) != 0) GTEST_SKIP() << "no /dev/shm here";
  Writer writer = open_writer(path_);
  EXPECT_EQ(stats_of(writer).in_memory, 1u);
}

TEST_F(WriterTest, taken_slot_is_marked_and_not_yet_the_head) {
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

TEST_F(WriterTest, view_leads_to_the_bytes_of_its_slot) {
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

TEST_F(WriterTest, abort_empties_the_slot_and_spends_no_number) {
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

TEST_F(WriterTest, second_begin_without_commit_is_refused) {
  Writer writer = open_writer(path_);
  mmapvideo_slot_view view = {}, second = {};
  ASSERT_EQ(begin(writer, view), MMAPVIDEO_OK);
  EXPECT_EQ(begin(writer, second), MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_EQ(commit(writer, view, grey_info()), MMAPVIDEO_OK);
}

TEST_F(WriterTest, commit_without_begin_is_refused) {
  Writer writer = open_writer(path_);
  mmapvideo_slot_view view = {};
  ASSERT_EQ(begin(writer, view), MMAPVIDEO_OK);
  ASSERT_EQ(commit(writer, view, grey_info()), MMAPVIDEO_OK);
  EXPECT_EQ(commit(writer, view, grey_info()), MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_EQ(RawFile(path_).header().head_number, 1u);
}

TEST_F(WriterTest, frame_of_no_bytes_is_refused) {
  Writer writer = open_writer(path_);
  EXPECT_EQ(try_publish(writer, grey_info(0)), MMAPVIDEO_INVALID_ARGUMENT);
  mmapvideo_slot_view view = {};
  ASSERT_EQ(begin(writer, view), MMAPVIDEO_OK);
  EXPECT_EQ(commit(writer, view, grey_info(0)), MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_EQ(RawFile(path_).header().head_number, 0u);
}

TEST_F(WriterTest, commit_of_more_than_was_asked_for_is_refused) {
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
  EXPECT_EQ(RawFile(path_).header().head_number, 0u);
}

// What a reader would have to call broken (SPEC 12) must not get into the file.
TEST_F(WriterTest, description_that_readers_would_refuse_is_refused) {
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

TEST_F(WriterTest, caps_with_a_nul_inside_are_refused) {
  Writer writer = open_writer(path_);
  std::string caps = kCaps;
  caps[5] = '\0';
  EXPECT_EQ(try_publish(writer, grey_info(), caps), MMAPVIDEO_INVALID_ARGUMENT);
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

TEST_F(WriterTest, sizes_that_overflow_are_refused_and_the_writer_goes_on) {
  Writer writer = open_writer(path_);
  publish(writer);
  for (std::uint64_t bytes : {UINT64_MAX, UINT64_MAX - 4095, std::uint64_t{1} << 63}) {
    EXPECT_TRUE(is_failure(mmapvideo_writer_reserve(writer.get(), bytes, 0, 0, nullptr))) << bytes;
    EXPECT_TRUE(is_failure(mmapvideo_writer_reserve(writer.get(), 64, 0, bytes, nullptr)));
  }
  EXPECT_EQ(publish(writer), 2u);
}

TEST_F(WriterTest, reserve_makes_room_for_very_long_caps) {
  Writer writer = open_writer(path_);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), 64, 1u << 20, 0, nullptr), MMAPVIDEO_OK);
  EXPECT_LT(1u << 20, RawFile(path_).ring().payload_offset - 512);
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
  ASSERT_EQ(std::rename((dir_ / "other").c_str(), path_.c_str()), 0);
  writer.reset();
  ASSERT_TRUE(exists(path_));
  EXPECT_EQ(read_bytes(path_), "precious");
}

TEST_F(WriterTest, writer_goes_on_when_its_file_is_removed) {
  Writer writer = open_writer(path_);
  publish(writer);
  RawFile raw(path_);
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  EXPECT_EQ(publish(writer), 2u);
  EXPECT_EQ(load(raw.header().head_number), 2u);
}

TEST_F(WriterTest, close_takes_back_a_slot_that_was_not_committed) {
  Writer writer = open_writer(path_);
  publish(writer);
  mmapvideo_slot_view view = {};
  ASSERT_EQ(begin(writer, view), MMAPVIDEO_OK);
  close_and_keep(writer);
  RawFile raw(path_);
  EXPECT_EQ(raw.header().head_number, 1u);
  Writer next = open_writer(path_);
  EXPECT_EQ(publish(next), 2u);
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
