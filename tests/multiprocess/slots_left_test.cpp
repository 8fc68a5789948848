// SPDX-License-Identifier: MIT
// Slots that a writer's process left behind (SPEC 7.3, 10): by closing, another process's writer
// keeps off them; by dying, they are free.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <vector>

#include "support/child.hpp"
#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/order.hpp"
#include "support/raw_file.hpp"
#include "support/slots.hpp"

using namespace mmapvideo_test;
using SlotsLeftTest = FileTest;

namespace {

constexpr unsigned kSlotCount = 7;
constexpr std::uint64_t kTakenWord = 0x7a7a, kHeldWord = 0x4e4e;

struct Out {
  std::uint32_t taken[2];
  std::uint32_t held;
};

/// Publishes frames 1 to 3, takes two slots and holds the one of frame 2.
struct Slots {
  explicit Slots(const Writer& writer) {
    publish(writer, 1);
    held = hold_slot(writer, kHeldWord);
    for (auto& view : taken) view = take_slot(writer, kTakenWord);
    publish(writer, 3);
  }
  Out out() const { return {{taken[0].slot_index, taken[1].slot_index}, held.slot_index}; }
  bool are_as_they_were() const {
    return memory_is(held.payload, kHeldWord) && memory_is(taken[0].payload, kTakenWord) &&
           memory_is(taken[1].payload, kTakenWord);
  }

  mmapvideo_slot_view taken[2] = {};
  mmapvideo_slot_view held = {};
};

/// As the first writer: closes with slots out, tells whether their memory stayed, writes to it,
/// gives them back.
int close_and_linger(const std::string& path, const Order& order, const Results& results) {
  Writer writer = open_writer(path, kSlotCount);
  Slots slots(writer);
  mmapvideo_writer* handle = writer.release();
  mmapvideo_writer_close(handle, 1);
  results.send(slots.out());
  order.await();
  results.send(slots.are_as_they_were());
  for (const auto& view : slots.taken) std::memset(view.payload, 0xee, view.payload_capacity);
  results.send(true);
  order.await();
  results.send(memory_is(slots.taken[0].payload, 0xeeeeeeeeeeeeeeee) &&
               memory_is(slots.held.payload, kHeldWord));
  for (const auto& view : slots.taken) mmapvideo_writer_abort(handle, &view);
  mmapvideo_writer_release(handle, &slots.held);
  results.send(true);
  order.await();
  return 0;
}

std::unique_ptr<Child> start_lingering(const std::string& path, const Order& order) {
  return std::make_unique<Child>(
      [](const Results& results, const std::string& file, const Order& go_on) {
        return close_and_linger(file, go_on, results);
      },
      path, order);
}

bool receives_true(const Child& child) {
  bool value = false;
  return child.receive(value) && value;
}

bool is_out(const Out& out, unsigned index) {
  return index == out.taken[0] || index == out.taken[1] || index == out.held;
}

/// Some rounds of frames: each is read back whole, and none is in a slot that is out.
void publish_around(const std::string& path, const Writer& writer, const Out& out) {
  Reader every = open_reader(path, kEveryFrame);
  publish(writer);  // behind the numbers that free_slots() spends
  ASSERT_EQ(take(every, kNoWait).status, MMAPVIDEO_OK);
  for (unsigned i = 0; i < 8 * kSlotCount; ++i) {
    const std::uint64_t word = 1000 + i;
    const std::uint64_t number = publish(writer, word);
    ASSERT_FALSE(is_out(out, RawFile(path).head_index()));
    Taken taken = take(every);
    ASSERT_EQ(taken.number, number);
    ASSERT_EQ(taken.skipped, 0u);
    ASSERT_TRUE(all_words_are(taken.payload, word));
  }
}

}  // namespace

TEST_F(SlotsLeftTest, writer_of_another_process_keeps_off_what_a_closed_writer_left) {
  Order order;
  const std::unique_ptr<Child> first_child = start_lingering(path_, order);
  Child& first = *first_child;
  Out out;
  ASSERT_TRUE(first.receive(out));
  EXPECT_FALSE(writer_lock_is_held(path_));
  for (unsigned index : out.taken) EXPECT_TRUE(is_left_to_its_user(path_, index));
  EXPECT_TRUE(is_left_to_its_user(path_, out.held));

  Writer next = open_writer(path_, 0);
  for (unsigned index : out.taken) EXPECT_EQ(RawFile(path_).slot(index).stamp, 0u);
  for (unsigned index : out.taken) EXPECT_TRUE(is_left_to_its_user(path_, index));
  EXPECT_EQ(RawFile(path_).slot(out.held).stamp, 4u);
  EXPECT_EQ(publish(next, 4), 4u);
  publish_around(path_, next, out);
  order.give();
  EXPECT_TRUE(receives_true(first)) << "its memory changed";
  ASSERT_TRUE(receives_true(first));
  publish_around(path_, next, out);
  EXPECT_EQ(free_slots(next), kSlotCount - 4);
  order.give();
  EXPECT_TRUE(receives_true(first)) << "its memory changed";
  ASSERT_TRUE(receives_true(first));
  EXPECT_EQ(locked_slot_count(path_), 0u);
  EXPECT_EQ(free_slots(next), kSlotCount - 1);
  publish_around(path_, next, {{99, 99}, 99});
  EXPECT_EQ(stats_of(next).slots_out, 0u);
  order.give();
  EXPECT_EQ(first.exit_status(), 0);
}

TEST_F(SlotsLeftTest, killed_writer_leaves_taken_and_held_slots_free) {
  for (bool closed : {false, true}) {
    Child first(
        [](const Results& results, const std::string& path, bool close) {
          Writer writer = open_writer(path, kSlotCount);
          Slots slots(writer);
          if (close) mmapvideo_writer_close(writer.release(), 1);
          results.send(slots.out());
          sleep_for_ever();
          return 0;
        },
        path_, closed);
    Out out;
    ASSERT_TRUE(first.receive(out));
    EXPECT_EQ(locked_slot_count(path_), closed ? 3u : 0u);
    first.kill_and_reap();
    EXPECT_EQ(locked_slot_count(path_), 0u);
    RawFile raw(path_);
    for (unsigned index : out.taken) EXPECT_EQ(raw.slot(index).stamp % 2, 1u);
    Writer next = open_writer(path_, 0);
    for (unsigned index : out.taken) EXPECT_EQ(raw.slot(index).stamp, 0u);
    EXPECT_EQ(publish(next), 4u);
    EXPECT_EQ(free_slots(next), kSlotCount - 1);
    for (unsigned i = 0; i < kSlotCount; ++i) publish(next);
    for (unsigned index : out.taken) EXPECT_NE(raw.slot(index).stamp, 0u);
    EXPECT_NE(raw.slot(out.held).stamp, 4u);
  }
}

TEST_F(SlotsLeftTest, stopped_process_keeps_what_it_left_and_a_killed_one_does_not) {
  Order order;
  const std::unique_ptr<Child> first_child = start_lingering(path_, order);
  Child& first = *first_child;
  Out out;
  ASSERT_TRUE(first.receive(out));
  first.stop();
  Writer next = open_writer(path_, 0);
  publish(next, 4);
  publish_around(path_, next, out);
  first.kill_and_reap();
  EXPECT_EQ(locked_slot_count(path_), 0u);
  EXPECT_EQ(free_slots(next), kSlotCount - 1);
}
