// SPDX-License-Identifier: MIT
// Slots that stay with the writer's user: held after publication (SPEC 4), and out while a larger
// ring takes over (SPEC 11).
#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <vector>

#include "support/file_test.hpp"
#include "support/leases.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"
#include "support/slots.hpp"

using namespace mmapvideo_test;
using HeldSlotsTest = FileTest;

namespace {

constexpr std::uint64_t kSmall = 64 * 1024;
constexpr std::uint64_t kLarge = 1024 * 1024;

void publish_round(const Writer& writer, std::uint64_t bytes = kFrameBytes, unsigned rounds = 1) {
  mmapvideo_writer_reserve(writer.get(), bytes, kCapsBytes, 0, 0, nullptr);
  const unsigned count = stats_of(writer).slot_count * rounds;
  for (unsigned i = 0; i < count; ++i) publish(writer, 0, bytes);
}

/// The bytes that a slot takes in the file, holes not counted.
std::uint64_t allocated_bytes_of_slot(const RawFile& raw, const mmapvideo_ring& ring,
                                      unsigned index) {
  const std::uint64_t begin = ring.offset + ring.slot_stride * index;
  return raw.allocated_bytes_between(begin, begin + ring.slot_stride);
}

}  // namespace

TEST_F(HeldSlotsTest, held_slot_is_the_head_and_read_as_any_other) {
  Writer writer = open_reserved_writer(path_, 5);
  Reader reader = open_reader(path_);
  mmapvideo_slot_view view = take_slot(writer, 0x77);
  std::uint64_t number = 0;
  ASSERT_EQ(commit_and_hold_slot(writer, view, &number), MMAPVIDEO_OK);
  EXPECT_EQ(number, 1u);
  EXPECT_EQ(RawFile(path_).head_index(), view.slot_index);
  EXPECT_TRUE(is_unlocked(path_, view.slot_index)) << "a hold is the writer's private matter";
  EXPECT_EQ(stats_of(writer).slots_out, 1u);
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 1u);
  EXPECT_TRUE(all_words_are(taken.payload, 0x77));
  release_slot(writer, view);
  EXPECT_EQ(stats_of(writer).slots_out, 0u);
}

TEST_F(HeldSlotsTest, held_slot_is_not_rewritten_for_many_rounds) {
  Writer writer = open_reserved_writer(path_, 4);
  mmapvideo_slot_view first = hold_slot(writer, 11);
  publish(writer);
  mmapvideo_slot_view third = hold_slot(writer, 33);
  RawFile raw(path_);
  for (std::uint64_t number = 4; number < 204; ++number) {
    ASSERT_EQ(publish(writer), number);
    ASSERT_EQ(load(raw.slot(first.slot_index).stamp), 2u);
    ASSERT_EQ(load(raw.slot(third.slot_index).stamp), 6u);
  }
  EXPECT_TRUE(memory_is(first.payload, 11));
  EXPECT_TRUE(memory_is(third.payload, 33));
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
  release_slot(writer, first);
  release_slot(writer, third);
  publish_round(writer);
  EXPECT_NE(load(raw.slot(first.slot_index).stamp), 2u);
  EXPECT_NE(load(raw.slot(third.slot_index).stamp), 6u);
}

TEST_F(HeldSlotsTest, every_frame_reader_is_not_led_astray_by_old_held_frames) {
  Writer writer = open_reserved_writer(path_, 6);
  Reader every = open_reader(path_, kEveryFrame);
  attach(every);
  std::vector<mmapvideo_slot_view> held = {hold_slot(writer, 1), hold_slot(writer, 2)};
  std::uint64_t delivered = 0, skipped = 0, last = 0;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 1 + round % 9; ++i) publish(writer, stats_of(writer).frame_count + 1);
    Taken taken = take(every, kNoWait);
    ASSERT_EQ(taken.status, MMAPVIDEO_OK);
    ASSERT_GT(taken.number, last);
    ASSERT_EQ(taken.skipped, taken.number - last - 1);
    EXPECT_TRUE(all_words_are(taken.payload, taken.number));
    last = taken.number;
    delivered += 1;
    skipped += taken.skipped;
  }
  for (Taken taken; (taken = take(every, kNoWait)).status == MMAPVIDEO_OK;) {
    delivered += 1;
    skipped += taken.skipped;
  }
  EXPECT_EQ(delivered + skipped, RawFile(path_).header().head_number);
  for (const auto& view : held) release_slot(writer, view);
}

TEST_F(HeldSlotsTest, reader_leases_a_held_slot_and_keeps_it_after_the_release) {
  Writer writer = open_reserved_writer(path_, 5);
  mmapvideo_slot_view view = hold_slot(writer, 0x51);
  Reader reader = open_reader(path_);
  Lease lease = take_lease(reader);
  release_slot(writer, view);
  publish_round(writer, kFrameBytes, 5);
  EXPECT_TRUE(memory_is(lease.payload(), 0x51));
  EXPECT_TRUE(lease.is_intact());
  lease.end();
  publish_round(writer);
  EXPECT_NE(load(RawFile(path_).slot(view.slot_index).stamp), 2u);
}

TEST_F(HeldSlotsTest, frame_is_dropped_when_all_but_the_head_are_held) {
  Writer writer = open_reserved_writer(path_, 3);
  std::vector<mmapvideo_slot_view> held;
  for (std::uint64_t word = 1; word <= 3; ++word) held.push_back(hold_slot(writer, word));
  EXPECT_EQ(try_publish(writer, grey_info()), MMAPVIDEO_NO_FREE_SLOT);
  mmapvideo_slot_view none = {};
  EXPECT_EQ(begin_slot(writer, none), MMAPVIDEO_NO_FREE_SLOT);
  EXPECT_EQ(stats_of(writer).dropped_count, 2u);
  EXPECT_EQ(stats_of(writer).slots_out, 3u);
  release_slot(writer, held[1]);
  EXPECT_EQ(publish(writer), 6u);
  EXPECT_EQ(RawFile(path_).head_index(), held[1].slot_index);
  for (std::uint64_t word : {1u, 3u}) EXPECT_TRUE(memory_is(held[word - 1].payload, word));
  release_slot(writer, held[0]);
  release_slot(writer, held[2]);
}

TEST_F(HeldSlotsTest, hold_outlives_the_end_of_the_session) {
  Writer writer = open_reserved_writer(path_, 4);
  mmapvideo_slot_view view = hold_slot(writer, 9);
  mmapvideo_writer_end(writer.get());
  publish_round(writer, kFrameBytes, 4);
  EXPECT_TRUE(memory_is(view.payload, 9));
  EXPECT_EQ(stats_of(writer).slots_out, 1u);
  release_slot(writer, view);
}

// ---- Growth while slots are out

TEST_F(HeldSlotsTest, slot_of_a_former_ring_is_not_published_but_its_copy_is) {
  Writer writer = open_reserved_writer(path_, 4);
  publish(writer, 1, kSmall);
  mmapvideo_slot_view view = take_slot(writer, 0x99, kSmall);
  publish(writer, 2, kLarge);
  for (auto call : {commit_slot, commit_and_hold_slot}) {
    std::uint64_t number = 0;
    EXPECT_EQ(call(writer, view, &number, kSmall), MMAPVIDEO_RING_REPLACED);
    EXPECT_EQ(stats_of(writer).slots_out, 1u) << "it is still taken";
    EXPECT_EQ(RawFile(path_).header().head_number, 2u);
  }
  const mmapvideo_frame_info info = grey_info(kSmall);
  std::uint64_t number = 0;
  ASSERT_EQ(mmapvideo_writer_publish(writer.get(), &info, kCaps.c_str(), view.payload, nullptr,
                                     &number, nullptr),
            MMAPVIDEO_OK);
  EXPECT_EQ(number, 3u);
  EXPECT_TRUE(all_words_are(take(open_reader(path_)).payload, 0x99));
  abort_slot(writer, view);
  EXPECT_EQ(stats_of(writer).slots_out, 0u);
  EXPECT_EQ(commit_slot(writer, view, nullptr, kSmall), MMAPVIDEO_INVALID_ARGUMENT);
}

TEST_F(HeldSlotsTest, slot_of_the_same_index_in_the_new_ring_is_another_one) {
  Writer writer = open_reserved_writer(path_, 4);
  mmapvideo_slot_view former = take_slot(writer, 1, kSmall);
  mmapvideo_slot_view present = take_slot(writer, 2, kLarge);
  ASSERT_EQ(former.slot_index, present.slot_index);
  abort_slot(writer, former);
  EXPECT_TRUE(is_taken(path_, present.slot_index));
  EXPECT_EQ(stats_of(writer).slots_out, 1u);
  EXPECT_EQ(commit_slot(writer, present, nullptr, kLarge), MMAPVIDEO_OK);
}

TEST_F(HeldSlotsTest, former_ring_keeps_the_pages_of_a_taken_slot_until_it_is_given_back) {
  Writer writer = open_reserved_writer(path_, 4);
  publish_round(writer, kSmall);
  mmapvideo_slot_view view = take_slot(writer, 0xaa, kSmall);
  const mmapvideo_ring former = RawFile(path_).ring();
  publish(writer, 0, kLarge);
  publish_round(writer, kLarge, 3);
  RawFile raw(path_);
  EXPECT_EQ(allocated_bytes_of_slot(raw, former, (view.slot_index + 1) % 4), 4096u);
  EXPECT_GE(allocated_bytes_of_slot(raw, former, view.slot_index), kSmall);
  EXPECT_TRUE(memory_is(view.payload, 0xaa, kSmall));
  fill_words(view.payload, kSmall, 0xbb);
  publish_round(writer, kLarge);
  EXPECT_TRUE(memory_is(view.payload, 0xbb, kSmall));
  abort_slot(writer, view);
  publish_round(writer, kLarge, 2);
  EXPECT_EQ(allocated_bytes_of_slot(raw, former, view.slot_index), 4096u);
  EXPECT_EQ(load(raw.slot(former, view.slot_index).stamp), 0u);
}

TEST_F(HeldSlotsTest, former_ring_keeps_the_pages_of_a_held_slot_until_it_is_released) {
  Writer writer = open_reserved_writer(path_, 4);
  publish_round(writer, kSmall);
  mmapvideo_slot_view view = hold_slot(writer, 0xcc, kSmall);
  const mmapvideo_ring former = RawFile(path_).ring();
  publish(writer, 0, kLarge);
  publish_round(writer, kLarge, 3);
  RawFile raw(path_);
  EXPECT_EQ(load(raw.slot(former, view.slot_index).stamp), 10u);
  EXPECT_TRUE(memory_is(view.payload, 0xcc, kSmall));
  EXPECT_GE(allocated_bytes_of_slot(raw, former, view.slot_index), kSmall);
  release_slot(writer, view);
  publish_round(writer, kLarge, 2);
  EXPECT_EQ(load(raw.slot(former, view.slot_index).stamp), 0u);
  EXPECT_EQ(allocated_bytes_of_slot(raw, former, view.slot_index), 4096u);
}

// One slot taken and one held in each of several rings that come after another.
TEST_F(HeldSlotsTest, slots_of_many_former_rings_stay_and_come_back) {
  Writer writer = open_reserved_writer(path_, 4);
  struct Out {
    std::uint64_t word, bytes;
    mmapvideo_slot_view taken, held;
    mmapvideo_ring ring;
  };
  std::vector<Out> outs;
  std::uint64_t word = 1;
  for (std::uint64_t bytes = kSmall; bytes <= 16 * kSmall; bytes *= 2, word += 2) {
    publish(writer, 0, bytes);
    outs.push_back({word, bytes, take_slot(writer, word, bytes), hold_slot(writer, word + 1, bytes),
                    RawFile(path_).ring()});
  }
  publish(writer, 0, 32 * kSmall);
  publish_round(writer, kSmall, 3);
  EXPECT_EQ(stats_of(writer).slots_out, 2 * outs.size());
  for (const Out& out : outs) {
    EXPECT_TRUE(memory_is(out.taken.payload, out.word, out.bytes)) << out.bytes;
    EXPECT_TRUE(memory_is(out.held.payload, out.word + 1, out.bytes)) << out.bytes;
  }
  for (const Out& out : outs) {
    abort_slot(writer, out.taken);
    release_slot(writer, out.held);
  }
  EXPECT_EQ(stats_of(writer).slots_out, 0u);
  publish_round(writer, kSmall, 3);
  RawFile raw(path_);
  for (const Out& out : outs) {
    for (unsigned index : {out.taken.slot_index, out.held.slot_index}) {
      EXPECT_EQ(load(raw.slot(out.ring, index).stamp), 0u) << out.bytes;
      EXPECT_EQ(allocated_bytes_of_slot(raw, out.ring, index), 4096u) << out.bytes;
    }
  }
  EXPECT_EQ(slot_lock_count(path_), 0u);
}
