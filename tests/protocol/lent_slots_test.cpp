// SPDX-License-Identifier: MIT
// Slots ahead of need (SPEC 7.2): how many are lent, what is left for others, and how reserve makes
// room for them.
#include <gtest/gtest.h>

#include <vector>

#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"
#include "support/slots.hpp"

using namespace mmapvideo_test;
using LentSlotsTest = FileTest;

namespace {

/// All that can be lent, until it goes out of scope.
class Lent {
 public:
  explicit Lent(const Writer& writer) : writer_(writer) {
    mmapvideo_slot_view view = {};
    while (lend_slot(writer, view) == MMAPVIDEO_OK) views_.push_back(view);
  }
  ~Lent() {
    for (const auto& view : views_) abort_slot(writer_, view);
  }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

  std::size_t count() const { return views_.size(); }

 private:
  const Writer& writer_;
  std::vector<mmapvideo_slot_view> views_;
};

}  // namespace

TEST_F(LentSlotsTest, lent_slot_is_taken_and_can_be_published) {
  Writer writer = open_writer(path_, 8);
  publish(writer);
  mmapvideo_slot_view view = {};
  ASSERT_EQ(lend_slot(writer, view), MMAPVIDEO_OK);
  EXPECT_GE(view.payload_capacity, kFrameBytes);
  EXPECT_TRUE(is_taken(path_, view.slot_index));
  EXPECT_EQ(RawFile(path_).slot(view.slot_index).stamp % 2, 1u);
  EXPECT_EQ(stats_of(writer).slots_out, 1u);
  fill_words(view.payload, kFrameBytes, 77);
  std::uint64_t number = 0;
  ASSERT_EQ(commit_slot(writer, view, &number), MMAPVIDEO_OK);
  EXPECT_EQ(number, 2u);
  EXPECT_TRUE(all_words_are(take(open_reader(path_)).payload, 77));
}

TEST_F(LentSlotsTest, four_slots_are_left_and_small_rings_lend_one_or_none) {
  const std::pair<unsigned, std::size_t> lent_of[] = {{2, 0}, {3, 1}, {4, 1},  {5, 1},
                                                      {6, 2}, {8, 4}, {12, 8}, {20, 16}};
  for (const auto& [slot_count, expected] : lent_of) {
    for (bool with_head : {false, true}) {
      Writer writer = open_writer(path_, slot_count);
      ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), kFrameBytes, kCapsBytes, 0, 0, nullptr),
                MMAPVIDEO_OK);
      if (with_head) publish(writer);
      EXPECT_EQ(Lent(writer).count(), expected) << "of " << slot_count;
      EXPECT_EQ(Lent(writer).count(), expected) << "of " << slot_count << " once more";
    }
  }
}

TEST_F(LentSlotsTest, what_is_begun_or_held_counts_as_out) {
  Writer writer = open_writer(path_, 8);
  mmapvideo_slot_view begun = take_slot(writer), held = hold_slot(writer);
  EXPECT_EQ(Lent(writer).count(), 2u);
  abort_slot(writer, begun);
  EXPECT_EQ(Lent(writer).count(), 3u);
  release_slot(writer, held);
  Lent lent(writer);
  EXPECT_EQ(lent.count(), 4u);
  EXPECT_EQ(stats_of(writer).slots_out, 4u);
}

TEST_F(LentSlotsTest, small_ring_lends_one_at_a_time) {
  for (unsigned slot_count : {3u, 4u, 5u}) {
    Writer writer = open_writer(path_, slot_count);
    mmapvideo_slot_view held = hold_slot(writer, 1), view = {};
    EXPECT_EQ(lend_slot(writer, view), MMAPVIDEO_NO_FREE_SLOT) << slot_count;
    release_slot(writer, held);
    for (int i = 0; i < 10; ++i) {
      ASSERT_EQ(lend_slot(writer, view), MMAPVIDEO_OK) << slot_count;
      ASSERT_EQ(commit_and_hold_slot(writer, view), MMAPVIDEO_OK);
      release_slot(writer, view);
    }
  }
}

TEST_F(LentSlotsTest, nothing_is_dropped_when_none_can_be_lent) {
  Writer writer = open_writer(path_, 6);
  publish(writer);
  Lent lent(writer);
  for (int i = 0; i < 5; ++i) {
    mmapvideo_slot_view none = {};
    EXPECT_EQ(lend_slot(writer, none), MMAPVIDEO_NO_FREE_SLOT);
  }
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
  EXPECT_EQ(RawFile(path_).header().dropped_count, 0u);
  EXPECT_EQ(publish(writer), 2u) << "no number was spent";
}

TEST_F(LentSlotsTest, frames_published_by_copying_lose_nothing_while_all_are_lent) {
  for (unsigned slot_count : {3u, 5u, 6u, 9u}) {
    Writer writer = open_writer(path_, slot_count);
    publish(writer);
    Lent lent(writer);
    for (int i = 0; i < 30; ++i) EXPECT_NE(publish(writer), 0u);
    EXPECT_EQ(stats_of(writer).dropped_count, 0u);
  }
}

TEST_F(LentSlotsTest, whatever_readers_hold_a_slot_to_publish_into_is_not_lent) {
  Writer writer = open_writer(path_, 6);
  for (int i = 0; i < 6; ++i) publish(writer);
  RawFile raw(path_);
  LockFile lane(path_, O_RDONLY);
  for (unsigned index = 0; index < 6; ++index) {
    if (index == raw.head_index()) continue;
    ASSERT_TRUE(lane.try_shared(lock_item(Family::slot, raw.slot_id(index), 9)));
  }
  mmapvideo_slot_view none = {};
  EXPECT_EQ(lend_slot(writer, none), MMAPVIDEO_NO_FREE_SLOT);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
  const unsigned one = (raw.head_index() + 3) % 6, other = (raw.head_index() + 4) % 6;
  lane.unlock(lock_item(Family::slot, raw.slot_id(one), 9));
  EXPECT_EQ(lend_slot(writer, none), MMAPVIDEO_NO_FREE_SLOT);
  lane.unlock(lock_item(Family::slot, raw.slot_id(other), 9));
  mmapvideo_slot_view view = {};
  EXPECT_EQ(lend_slot(writer, view), MMAPVIDEO_OK);
  EXPECT_TRUE(view.slot_index == one || view.slot_index == other);
  for (int i = 0; i < 3; ++i) EXPECT_NE(publish(writer), 0u);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
  abort_slot(writer, view);
}

// ---- Rings

TEST_F(LentSlotsTest, lending_makes_no_ring) {
  Writer writer = open_writer(path_, 8);
  mmapvideo_slot_view none = {};
  EXPECT_EQ(lend_slot(writer, none), MMAPVIDEO_NO_FREE_SLOT);
  EXPECT_EQ(stats_of(writer).slot_count, 0u);
  EXPECT_EQ(RawFile(path_).header().ring_generation, 0u);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
}

TEST_F(LentSlotsTest, lending_replaces_no_ring) {
  Writer writer = open_writer(path_, 8);
  publish(writer);
  const std::uint64_t size = RawFile(path_).size();
  mmapvideo_slot_view view = {};
  EXPECT_EQ(lend_slot(writer, view, 1 << 20), MMAPVIDEO_NO_FREE_SLOT);
  EXPECT_EQ(mmapvideo_writer_lend(writer.get(), kFrameBytes, 100'000, 0, &view, nullptr),
            MMAPVIDEO_NO_FREE_SLOT);
  EXPECT_EQ(mmapvideo_writer_lend(writer.get(), kFrameBytes, 10, 1 << 20, &view, nullptr),
            MMAPVIDEO_NO_FREE_SLOT);
  EXPECT_EQ(RawFile(path_).header().ring_generation, 1u);
  EXPECT_EQ(RawFile(path_).size(), size);
  EXPECT_EQ(stats_of(writer).slots_out, 0u);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), 1 << 20, kCapsBytes, 0, 0, nullptr),
            MMAPVIDEO_OK);
  ASSERT_EQ(lend_slot(writer, view, 1 << 20), MMAPVIDEO_OK);
  EXPECT_EQ(view.ring_generation, 2u);
  abort_slot(writer, view);
}

TEST_F(LentSlotsTest, held_slots_of_reserve_deepen_a_ring_of_open_depth) {
  for (std::uint32_t held_slots : {0u, 1u, 5u, 20u, 40u}) {
    Writer writer = open_writer(path_, 0);
    ASSERT_EQ(
        mmapvideo_writer_reserve(writer.get(), kFrameBytes, kCapsBytes, 0, held_slots, nullptr),
        MMAPVIDEO_OK);
    const std::uint32_t depth = RawFile(path_).ring().slot_count;
    EXPECT_EQ(stats_of(writer).slot_count, depth);
    EXPECT_GE(depth, held_slots + 4);
    EXPECT_GE(Lent(writer).count(), held_slots) << "as many as were announced can be lent";
  }
}

TEST_F(LentSlotsTest, held_slots_of_reserve_do_not_deepen_a_ring_of_given_depth) {
  Writer writer = open_writer(path_, 7);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), kFrameBytes, kCapsBytes, 0, 9, nullptr),
            MMAPVIDEO_OK);
  EXPECT_EQ(stats_of(writer).slot_count, 7u);
}

TEST_F(LentSlotsTest, held_slots_of_reserve_stop_at_256_mib_and_at_the_greatest_depth) {
  constexpr std::uint64_t kHuge = 24 << 20, kLimit = 256 << 20;
  {
    Writer writer = open_writer(path_, 0);
    mmapvideo_status status =
        mmapvideo_writer_reserve(writer.get(), kHuge, kCapsBytes, 0, 100, nullptr);
    if (status == MMAPVIDEO_NO_SPACE) GTEST_SKIP() << "no room for 256 MiB here";
    ASSERT_EQ(status, MMAPVIDEO_OK);
    const mmapvideo_ring ring = RawFile(path_).ring();
    EXPECT_LE(ring.slot_stride * ring.slot_count, kLimit);
    EXPECT_GT(ring.slot_stride * (ring.slot_count + 1), kLimit);
  }
  Writer writer = open_writer(path_, 0);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), 64, kCapsBytes, 0, UINT32_MAX, nullptr),
            MMAPVIDEO_OK);
  EXPECT_EQ(stats_of(writer).slot_count, MMAPVIDEO_MAX_SLOTS);
}
