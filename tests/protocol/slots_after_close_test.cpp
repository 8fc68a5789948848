// SPDX-License-Identifier: MIT
// A writer that is closed while its user still has slots (SPEC 7.3): their memory stays, the next
// writer keeps off them, and nothing in them is published any more.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "support/file_test.hpp"
#include "support/leases.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"
#include "support/slots.hpp"

using namespace mmapvideo_test;

namespace {

constexpr std::uint64_t kTakenWord = 0x7a7a, kHeldWord = 0x4e4e;

/// A file of six slots. The first writer published three frames and has two slots taken and one
/// held.
class SlotsAfterCloseTest : public FileTest {
 protected:
  ~SlotsAfterCloseTest() override { let_go(); }

  void close_first_writer(bool keep_file = true, std::uint64_t bytes = kFrameBytes) {
    Writer writer = open_writer(path_, 6);
    publish(writer, 1, bytes);
    held_ = hold_slot(writer, kHeldWord, bytes);
    taken_[0] = take_slot(writer, kTakenWord, bytes);
    publish(writer, 3, bytes);
    taken_[1] = take_slot(writer, kTakenWord, bytes);
    handle_ = writer.release();
    mmapvideo_writer_close(handle_, keep_file);
  }
  void let_go() {
    if (handle_ == nullptr) return;
    mmapvideo_writer_abort(handle_, &taken_[1]);
    mmapvideo_writer_release(handle_, &held_);
    mmapvideo_writer_abort(handle_, &taken_[0]);
    handle_ = nullptr;
  }
  bool is_out(unsigned index) const {
    return index == held_.slot_index || index == taken_[0].slot_index ||
           index == taken_[1].slot_index;
  }
  void expect_memory_as_it_was(std::uint64_t bytes = kFrameBytes) const {
    EXPECT_TRUE(memory_is(held_.payload, kHeldWord, bytes));
    for (const auto& view : taken_) EXPECT_TRUE(memory_is(view.payload, kTakenWord, bytes));
  }

  mmapvideo_writer* handle_ = nullptr;
  mmapvideo_slot_view held_ = {};
  mmapvideo_slot_view taken_[2] = {};
};

}  // namespace

TEST_F(SlotsAfterCloseTest, taken_and_held_slots_get_item_0_and_the_writer_item_is_free) {
  close_first_writer();
  EXPECT_FALSE(writer_lock_is_held(path_));
  for (const auto& view : taken_) EXPECT_TRUE(is_left_to_its_user(path_, view.slot_index));
  EXPECT_TRUE(is_left_to_its_user(path_, held_.slot_index));
  EXPECT_EQ(slot_lock_count(path_), 3u);
  EXPECT_EQ(RawFile(path_).header().state, MMAPVIDEO_STATE_ENDED);
}

TEST_F(SlotsAfterCloseTest, memory_stays_readable_and_what_is_taken_writable) {
  for (bool keep_file : {true, false}) {
    close_first_writer(keep_file);
    EXPECT_EQ(exists(path_), keep_file);
    expect_memory_as_it_was();
    for (const auto& view : taken_) {
      std::memset(view.payload, 0x11, view.payload_capacity);
      EXPECT_TRUE(memory_is(view.payload, 0x1111111111111111));
    }
    let_go();
  }
}

TEST_F(SlotsAfterCloseTest, each_slot_is_unlocked_when_its_user_lets_go_of_it) {
  close_first_writer();
  mmapvideo_writer_abort(handle_, &taken_[0]);
  EXPECT_TRUE(is_unlocked(path_, taken_[0].slot_index));
  EXPECT_EQ(slot_lock_count(path_), 2u);
  mmapvideo_writer_release(handle_, &held_);
  EXPECT_TRUE(is_unlocked(path_, held_.slot_index));
  EXPECT_EQ(slot_lock_count(path_), 1u);
  EXPECT_TRUE(memory_is(taken_[1].payload, kTakenWord));
  mmapvideo_writer_abort(handle_, &taken_[1]);
  EXPECT_EQ(slot_lock_count(path_), 0u);
  handle_ = nullptr;
}

TEST_F(SlotsAfterCloseTest, next_writer_takes_over_at_once_and_voids_only_what_was_not_published) {
  close_first_writer();
  RawFile raw(path_);
  Writer next = open_writer(path_, 0);
  for (const auto& view : taken_) {
    EXPECT_EQ(load(raw.slot(view.slot_index).stamp), 0u);
    EXPECT_TRUE(is_left_to_its_user(path_, view.slot_index))
        << "the stamp is void, the lock is not";
  }
  EXPECT_EQ(load(raw.slot(held_.slot_index).stamp), 4u);
  EXPECT_EQ(publish(next), 4u);
  EXPECT_EQ(raw.header().session_count, 2u);
  EXPECT_EQ(raw.header().ring_generation, 1u) << "the ring is kept";
}

TEST_F(SlotsAfterCloseTest, next_writer_keeps_off_the_slots_until_they_are_given_back) {
  close_first_writer();
  Writer next = open_writer(path_, 0);
  RawFile raw(path_);
  for (std::uint64_t number = 4; number < 64; ++number) {
    ASSERT_EQ(publish(next, number), number);
    ASSERT_FALSE(is_out(raw.head_index()));
  }
  expect_memory_as_it_was();
  EXPECT_EQ(stats_of(next).dropped_count, 0u);
  EXPECT_EQ(stats_of(next).slots_out, 0u) << "they are not the next writer's";
  EXPECT_EQ(free_slots(next), 2u);
  let_go();
  EXPECT_EQ(free_slots(next), 5u);
  EXPECT_EQ(slot_lock_count(path_), 0u);
}

TEST_F(SlotsAfterCloseTest, what_the_former_user_does_shows_in_no_frame) {
  close_first_writer();
  Writer next = open_writer(path_, 0);
  Reader every = open_reader(path_, kEveryFrame);
  attach(every);
  for (std::uint64_t number = 4; number < 40; ++number) {
    for (const auto& view : taken_) {
      std::memset(view.payload, 0xee, view.payload_capacity);
      std::memset(view.metadata, 0xee, view.metadata_capacity);
    }
    ASSERT_EQ(publish(next, number), number);
    if (number == 20) mmapvideo_writer_abort(handle_, &taken_[0]);
    if (number == 20) taken_[0] = taken_[1];
    if (number == 30) mmapvideo_writer_release(handle_, &held_);
    Taken taken = take(every);
    EXPECT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_TRUE(all_words_are(taken.payload, number));
  }
  mmapvideo_writer_abort(handle_, &taken_[1]);
  handle_ = nullptr;
  EXPECT_EQ(free_slots(next), 5u);
}

TEST_F(SlotsAfterCloseTest, held_slot_is_still_readable_to_readers_of_the_next_session) {
  close_first_writer();
  Reader reader = open_leasing_reader(path_, 2, kLatest);
  mmapvideo_writer_abort(handle_, &taken_[0]);
  Writer next = open_writer(path_, 0);
  publish(next, 4);
  ASSERT_EQ(next_frame(reader).number, 4u);
  for (std::uint64_t number = 5; number < 20; ++number) publish(next, number);
  EXPECT_EQ(load(RawFile(path_).slot(held_.slot_index).stamp), 4u);
  EXPECT_TRUE(memory_is(held_.payload, kHeldWord));
  mmapvideo_writer_release(handle_, &held_);
  mmapvideo_writer_abort(handle_, &taken_[1]);
  handle_ = nullptr;
}

TEST_F(SlotsAfterCloseTest, next_writer_drops_frames_where_too_little_is_left_and_goes_on_after) {
  std::vector<mmapvideo_slot_view> held;
  Writer first = open_writer(path_, 4);
  for (std::uint64_t word = 1; word <= 4; ++word) held.push_back(hold_slot(first, word));
  mmapvideo_writer* handle = first.release();
  mmapvideo_writer_close(handle, 1);
  Writer next = open_writer(path_, 4);
  EXPECT_EQ(try_publish(next, grey_info()), MMAPVIDEO_NO_FREE_SLOT);
  mmapvideo_writer_release(handle, &held[0]);
  EXPECT_EQ(publish(next), 6u);
  for (std::uint64_t word = 2; word <= 4; ++word) {
    EXPECT_TRUE(memory_is(held[word - 1].payload, word));
    mmapvideo_writer_release(handle, &held[word - 1]);
  }
  EXPECT_EQ(free_slots(next), 3u);
}

TEST_F(SlotsAfterCloseTest, next_writer_gives_their_pages_back_only_when_they_are_free) {
  constexpr std::uint64_t kBytes = 64 * 1024;
  close_first_writer(true, kBytes);
  RawFile raw(path_);
  const mmapvideo_ring former = raw.ring();
  Writer next = open_writer(path_, 6);
  for (int i = 0; i < 30; ++i) publish(next, 0, 4 * kBytes);
  raw.remap();
  ASSERT_EQ(raw.header().ring_generation, 2u);
  expect_memory_as_it_was(kBytes);
  EXPECT_EQ(load(raw.slot(former, held_.slot_index).stamp), 4u);
  const std::uint64_t before = allocated_bytes(path_);
  let_go();
  for (int i = 0; i < 12; ++i) publish(next, 0, 4 * kBytes);
  EXPECT_LE(allocated_bytes(path_) + 3 * kBytes, before);
  for (unsigned index = 0; index < 6; ++index) {
    EXPECT_EQ(load(raw.slot(former, index).stamp), 0u);
  }
}

TEST_F(SlotsAfterCloseTest, several_writers_after_another_leave_slots_of_their_own) {
  struct Left {
    mmapvideo_writer* handle;
    mmapvideo_slot_view taken, held;
  };
  std::vector<Left> left;
  for (std::uint64_t word = 1; word <= 4; ++word) {
    Writer writer = open_writer(path_, 12);
    Left each = {writer.get(), take_slot(writer, word), hold_slot(writer, 10 * word)};
    for (int i = 0; i < 30; ++i) publish(writer, 0);
    left.push_back(each);
    mmapvideo_writer_close(writer.release(), 1);
  }
  EXPECT_EQ(slot_lock_count(path_), 8u);
  Writer last = open_writer(path_, 12);
  for (int i = 0; i < 30; ++i) publish(last, 0);
  for (std::uint64_t word = 1; word <= 4; ++word) {
    EXPECT_TRUE(memory_is(left[word - 1].taken.payload, word));
    EXPECT_TRUE(memory_is(left[word - 1].held.payload, 10 * word));
  }
  for (const Left& each : left) {
    mmapvideo_writer_release(each.handle, &each.held);
    mmapvideo_writer_abort(each.handle, &each.taken);
  }
  EXPECT_EQ(free_slots(last), 11u);
}

TEST_F(SlotsAfterCloseTest, slots_of_a_removed_file_leave_the_new_file_alone) {
  close_first_writer(false);
  Writer next = open_writer(path_, 6);
  for (std::uint64_t number = 1; number <= 20; ++number) EXPECT_EQ(publish(next, number), number);
  EXPECT_EQ(slot_lock_count(path_), 0u);
  expect_memory_as_it_was();
  let_go();
  EXPECT_EQ(publish(next), 21u);
}

TEST_F(SlotsAfterCloseTest, slot_of_a_former_ring_outlives_the_close_as_well) {
  constexpr std::uint64_t kBytes = 64 * 1024;
  Writer writer = open_writer(path_, 4);
  mmapvideo_slot_view held = hold_slot(writer, kHeldWord, kBytes);
  mmapvideo_slot_view taken = take_slot(writer, kTakenWord, kBytes);
  publish(writer, 0, 4 * kBytes);
  const mmapvideo_ring former = RawFile(path_).other_ring();
  mmapvideo_writer* handle = writer.release();
  mmapvideo_writer_close(handle, 1);
  Writer next = open_writer(path_, 4);
  for (int i = 0; i < 12; ++i) publish(next, 0, 4 * kBytes);
  EXPECT_TRUE(memory_is(held.payload, kHeldWord, kBytes));
  EXPECT_TRUE(memory_is(taken.payload, kTakenWord, kBytes));
  mmapvideo_writer_abort(handle, &taken);
  mmapvideo_writer_release(handle, &held);
  for (int i = 0; i < 12; ++i) publish(next, 0, 4 * kBytes);
  RawFile raw(path_);
  for (unsigned index : {held.slot_index, taken.slot_index}) {
    EXPECT_EQ(load(raw.slot(former, index).stamp), 0u);
  }
}
