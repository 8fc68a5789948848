// SPDX-License-Identifier: MIT
// Opening what is there (SPEC 9): each row of the table from both sides, and hostile files. The
// promise throughout: a status, never a crash, and a refused file keeps every byte.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <random>

#include "support/forged_file.hpp"
#include "support/library.hpp"
#include "support/opening.hpp"

using namespace mmapvideo_test;

namespace {

#define HEADER_AT(field) offsetof(struct mmapvideo_file_header, field)
#define RING_AT(field) (HEADER_AT(rings) + 64 + offsetof(struct mmapvideo_ring, field))

}  // namespace

// ---- The table of SPEC 9

TEST_F(OpeningTest, nothing) { expect_not_yet_and_writer_works(); }

TEST_F(OpeningTest, size_0) {
  write_bytes(path_, "");
  expect_not_yet_and_writer_works();
}

TEST_F(OpeningTest, fewer_than_8_bytes_that_do_not_begin_the_magic_are_foreign) {
  for (std::string bytes : {"x", "mmapviX", "\n", "MMAPVID"}) {
    write_bytes(path_, bytes);
    expect_both_refuse(MMAPVIDEO_FOREIGN_FILE);
  }
}

TEST_F(OpeningTest, another_magic_is_foreign) {
  for (std::size_t size : {8u, 47u, 4096u, 200'000u}) {
    write_bytes(path_, std::string("MMAPVID\n") + std::string(size - 8, 'z'));
    expect_both_refuse(MMAPVIDEO_FOREIGN_FILE);
  }
}

TEST_F(OpeningTest, zeros_are_foreign) {
  write_bytes(path_, std::string(100'000, '\0'));
  expect_both_refuse(MMAPVIDEO_FOREIGN_FILE);
}

TEST_F(OpeningTest, film_keeps_every_byte) {
  std::string bytes(
      "\0\0\0\x18"
      "ftypmp42\0\0\0\0mp42isom",
      24);
  std::mt19937 random(7);
  while (bytes.size() < 300'000) bytes += static_cast<char>(random());
  write_bytes(path_, bytes);
  expect_both_refuse(MMAPVIDEO_FOREIGN_FILE);
  EXPECT_TRUE(read_bytes(path_) == bytes);
}

TEST_F(OpeningTest, another_version_is_refused) {
  for (std::uint32_t version : {0u, 2u, 0x01000000u, UINT32_MAX}) {
    for (std::size_t size : {valid().size(), std::size_t{48}, std::size_t{4096}}) {
      std::string bytes = valid().substr(0, size);
      poke(bytes, HEADER_AT(version), version);
      write_bytes(path_, bytes);
      expect_both_refuse(MMAPVIDEO_UNSUPPORTED_VERSION);
    }
  }
}

TEST_F(OpeningTest, unknown_incompatible_flag_is_refused) {
  for (int bit : {0, 1, 31, 32, 63}) {
    std::string bytes = valid();
    poke(bytes, HEADER_AT(incompatible_flags), std::uint64_t{1} << bit);
    write_bytes(path_, bytes);
    expect_both_refuse(MMAPVIDEO_UNSUPPORTED_VERSION);
  }
}

TEST_F(OpeningTest, unknown_compatible_flag_is_ignored_and_cleared_by_the_writer) {
  std::string bytes = valid();
  poke(bytes, HEADER_AT(compatible_flags), std::uint64_t{1} << 40);
  write_bytes(path_, bytes);
  expect_reader_says(MMAPVIDEO_OK);
  Writer writer = open_writer(path_);
  EXPECT_EQ(RawFile(path_).header().compatible_flags, 0u);
}

TEST_F(OpeningTest, beginning_of_a_preamble_is_finished) {
  std::string whole = preamble();
  for (std::size_t size = 1; size <= whole.size(); ++size) {
    write_bytes(path_, whole.substr(0, size));
    SCOPED_TRACE(size);
    expect_not_yet_and_writer_works();
  }
}

TEST_F(OpeningTest, short_file_with_a_preamble_is_finished_with_a_new_file_id) {
  for (std::size_t size : {48u, 49u, 2000u, 4095u}) {
    std::string bytes = preamble();
    bytes.resize(size);
    write_bytes(path_, bytes);
    expect_reader_says(MMAPVIDEO_TIMEOUT);
    Writer writer = open_writer(path_);
    EXPECT_TRUE(read_bytes(path_).substr(HEADER_AT(file_id), 16) !=
                bytes.substr(HEADER_AT(file_id), 16));
    EXPECT_EQ(publish(writer), 1u);
  }
}

TEST_F(OpeningTest, short_file_with_a_wrong_preamble_is_left_alone) {
  std::string bytes = preamble();
  poke(bytes, HEADER_AT(header_bytes), std::uint32_t{8192});
  for (std::size_t size : {std::size_t{16}, std::size_t{48}}) {
    write_bytes(path_, bytes.substr(0, size));
    const auto before = stat_of(path_);
    WriterAttempt attempt = try_writer(path_);
    EXPECT_FALSE(attempt.writer);
    EXPECT_TRUE(is_failure(attempt.error.status));
    EXPECT_EQ(stat_of(path_).st_ino, before.st_ino);
    EXPECT_TRUE(read_bytes(path_) == bytes.substr(0, size)) << "the file changed";
  }
}

TEST_F(OpeningTest, state_forming_is_not_yet_and_taken_over) {
  std::string bytes = valid();
  poke(bytes, HEADER_AT(state), MMAPVIDEO_STATE_FORMING);
  write_bytes(path_, bytes);
  expect_not_yet_and_writer_works();
}

TEST_F(OpeningTest, state_forming_without_a_session_is_taken_over) {
  std::string bytes = valid();
  poke(bytes, HEADER_AT(state), MMAPVIDEO_STATE_FORMING);
  poke(bytes, HEADER_AT(session_id), std::uint64_t{0});
  write_bytes(path_, bytes);
  expect_not_yet_and_writer_works();
}

TEST_F(OpeningTest, page_with_a_preamble_only_is_forming) {
  std::string bytes = preamble();
  bytes.resize(4096);
  write_bytes(path_, bytes);
  expect_not_yet_and_writer_works();
}

TEST_F(OpeningTest, file_without_a_ring_is_not_yet_and_taken_over) {
  std::string bytes = valid().substr(0, 4096);
  poke(bytes, HEADER_AT(ring_generation), std::uint64_t{0});
  poke(bytes, HEADER_AT(head_number), std::uint64_t{0});
  poke(bytes, HEADER_AT(state), MMAPVIDEO_STATE_EMPTY);
  write_bytes(path_, bytes);
  expect_not_yet_and_writer_works();
}

TEST_F(OpeningTest, valid_file_is_read_and_taken_over) {
  write_bytes(path_, valid());
  expect_reader_says(MMAPVIDEO_OK);
  expect_writer_works();
}

TEST_F(OpeningTest, valid_file_of_a_living_writer_is_already_being_written) {
  ForgedFile file(path_);
  file.publish();
  expect_reader_says(MMAPVIDEO_OK);
  expect_writer_refuses(MMAPVIDEO_ALREADY_WRITING);
}

TEST_F(OpeningTest, directory_is_refused) {
  ASSERT_TRUE(std::filesystem::create_directory(path_));
  expect_both_refuse(MMAPVIDEO_NOT_A_REGULAR_FILE);
}

TEST_F(OpeningTest, failure_is_told_again_until_the_file_is_right) {
  write_bytes(path_, "not a video file");
  Reader reader = open_reader(path_);
  EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_FOREIGN_FILE);
  EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_FOREIGN_FILE);
  write_bytes(dir_ / "right", valid());
  put_in_place(dir_ / "right", path_);
  EXPECT_EQ(take(reader, kForever).number, 2u);
}

// ---- Header and descriptor rules of SPEC 12, each broken alone

TEST_F(OpeningTest, invalid_header_or_descriptor_is_broken_and_untouched) {
  struct Broken {
    const char* what;
    std::size_t offset;
    std::uint64_t value;
    int bytes;
  };
  const std::uint64_t too_large = std::uint64_t{1} << 62;
  const Broken all[] = {
      {"header_bytes", HEADER_AT(header_bytes), 8192, 4},
      {"state", HEADER_AT(state), 4, 4},
      {"head_number", HEADER_AT(head_number), too_large, 8},
      {"session_id", HEADER_AT(session_id), 0, 8},
      {"generation without descriptor", HEADER_AT(ring_generation), 2, 8},
      {"generation of the descriptor", RING_AT(generation), 3, 8},
      {"offset in the header", RING_AT(offset), 0, 8},
      {"offset not aligned", RING_AT(offset), 65536 + 4096, 8},
      {"offset beyond the end", RING_AT(offset), 131072, 8},
      {"offset overflows", RING_AT(offset), 0xffffffffffff0000, 8},
      {"stride 0", RING_AT(slot_stride), 0, 8},
      {"stride not aligned", RING_AT(slot_stride), 65536 + 64, 8},
      {"stride beyond the end", RING_AT(slot_stride), 131072, 8},
      {"stride overflows", RING_AT(slot_stride), 0x8000000000000000, 8},
      {"payload_offset in the slot header", RING_AT(payload_offset), 0, 8},
      {"payload_offset not aligned", RING_AT(payload_offset), 4096 + 64, 8},
      {"payload_offset beyond the slot", RING_AT(payload_offset), 65536, 8},
      {"payload_offset overflows", RING_AT(payload_offset), 0xfffffffffffff000, 8},
      {"payload_capacity 0", RING_AT(payload_capacity), 0, 8},
      {"payload_capacity not aligned", RING_AT(payload_capacity), 4097, 8},
      {"payload_capacity beyond the slot", RING_AT(payload_capacity), 65536, 8},
      {"payload_capacity overflows", RING_AT(payload_capacity), 0xffffffffffffffc0, 8},
      {"metadata_capacity beyond the slot", RING_AT(metadata_capacity), 65536, 8},
      {"metadata_capacity overflows", RING_AT(metadata_capacity), UINT64_MAX, 8},
      {"one slot", RING_AT(slot_count), 1, 4},
      {"no slot", RING_AT(slot_count), 0, 4},
      {"more slots than the file has room for", RING_AT(slot_count), 3, 4},
      {"too many slots", RING_AT(slot_count), 1025, 4},
      {"first_slot_id", RING_AT(first_slot_id), 1u << 24, 4},
  };
  for (const Broken& each : all) {
    SCOPED_TRACE(each.what);
    std::string bytes = valid();
    std::memcpy(bytes.data() + each.offset, &each.value, each.bytes);
    write_bytes(path_, bytes);
    expect_both_refuse(MMAPVIDEO_BROKEN_FILE);
  }
}

TEST_F(OpeningTest, too_many_slots_are_broken_even_if_the_file_has_room_for_them) {
  std::string bytes = valid();
  poke(bytes, RING_AT(slot_count), std::uint32_t{1025});
  write_bytes(path_, bytes);
  RawFile(path_).resize(65536u * 1027);
  expect_reader_says(MMAPVIDEO_BROKEN_FILE);
  WriterAttempt attempt = try_writer(path_);
  EXPECT_EQ(attempt.error.status, MMAPVIDEO_BROKEN_FILE);
}

TEST_F(OpeningTest, extreme_but_valid_values_are_accepted) {
  std::string bytes = valid();
  poke(bytes, HEADER_AT(session_count), UINT64_MAX - 1);
  poke(bytes, HEADER_AT(writer_process_id), UINT64_MAX);
  poke(bytes, HEADER_AT(published), UINT32_MAX);
  poke(bytes, HEADER_AT(clock_id), UINT32_MAX);
  write_bytes(path_, bytes);
  expect_reader_says(MMAPVIDEO_OK);
  expect_writer_works();
}

TEST_F(OpeningTest, broken_file_of_a_living_writer_is_left_to_it) {
  ForgedFile file(path_);
  file.header().rings[1].slot_stride = 1;
  WriterAttempt attempt = try_writer(path_);
  EXPECT_EQ(attempt.error.status, MMAPVIDEO_ALREADY_WRITING) << attempt.error.message;
}

// ---- Truncation

TEST_F(OpeningTest, truncated_below_a_page_is_not_yet) {
  std::string whole = valid();
  for (std::size_t size : {0u, 1u, 7u, 8u, 9u, 11u, 12u, 16u, 24u, 47u, 48u, 49u, 512u, 4095u}) {
    SCOPED_TRACE(size);
    write_bytes(path_, whole.substr(0, size));
    expect_not_yet_and_writer_works();
  }
}

TEST_F(OpeningTest, truncated_within_hole_or_ring_is_broken) {
  std::string whole = valid();
  for (std::size_t size : {std::size_t{4096}, std::size_t{4097}, std::size_t{65535},
                           std::size_t{65536}, std::size_t{65537}, std::size_t{131072},
                           whole.size() - 65536, whole.size() - 4096, whole.size() - 1}) {
    SCOPED_TRACE(size);
    write_bytes(path_, whole.substr(0, size));
    expect_both_refuse(MMAPVIDEO_BROKEN_FILE);
  }
}

TEST_F(OpeningTest, longer_than_its_ring_is_fine) {
  write_bytes(path_, valid() + std::string(70'001, 'x'));
  expect_reader_says(MMAPVIDEO_OK);
  expect_writer_works();
}

TEST_F(OpeningTest, preamble_bits_are_refused_by_the_name_of_their_field) {
  std::string whole = valid();
  for (std::size_t byte = 0; byte < HEADER_AT(compatible_flags); ++byte) {
    std::string bytes = whole;
    flip(bytes, byte, static_cast<int>(byte % 8));
    write_bytes(path_, bytes);
    SCOPED_TRACE(byte);
    if (byte < HEADER_AT(version)) {
      expect_both_refuse(MMAPVIDEO_FOREIGN_FILE);
    } else if (byte < HEADER_AT(header_bytes) || byte >= HEADER_AT(incompatible_flags)) {
      expect_both_refuse(MMAPVIDEO_UNSUPPORTED_VERSION);
    } else {
      expect_both_refuse(MMAPVIDEO_BROKEN_FILE);
    }
  }
}
