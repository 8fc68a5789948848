// SPDX-License-Identifier: MIT
// Several slots at a time (SPEC 4, 7.2): taken together, published and given back in any order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <vector>

#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"
#include "support/slots.hpp"

using namespace mmapvideo_test;
using TakenSlotsTest = FileTest;

namespace {

std::vector<mmapvideo_slot_view> take_slots(const Writer& writer, std::size_t count) {
  std::vector<mmapvideo_slot_view> views;
  for (std::size_t i = 0; i < count; ++i) views.push_back(take_slot(writer, 100 + i));
  return views;
}

}  // namespace

TEST_F(TakenSlotsTest, several_are_taken_at_a_time_each_with_memory_of_its_own) {
  Writer writer = open_writer(path_, 8);
  auto views = take_slots(writer, 5);
  std::set<std::uint32_t> indices;
  for (std::size_t i = 0; i < views.size(); ++i) {
    indices.insert(views[i].slot_index);
    EXPECT_TRUE(memory_is(views[i].payload, 100 + i));
    EXPECT_TRUE(is_taken(path_, views[i].slot_index));
    EXPECT_EQ(RawFile(path_).slot(views[i].slot_index).stamp % 2, 1u);
  }
  EXPECT_EQ(indices.size(), views.size());
  EXPECT_EQ(stats_of(writer).slots_out, 5u);
  for (const auto& view : views) abort_slot(writer, view);
}

TEST_F(TakenSlotsTest, numbers_are_given_in_the_order_of_commits) {
  std::vector<std::size_t> order = {0, 1, 2, 3};
  do {
    Writer writer = open_reserved_writer(path_, 6);
    Reader every = open_reader(path_, kEveryFrame);
    attach(every);
    auto views = take_slots(writer, order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      std::uint64_t number = 0;
      ASSERT_EQ(commit_slot(writer, views[order[i]], &number), MMAPVIDEO_OK);
      EXPECT_EQ(number, i + 1);
      EXPECT_EQ(RawFile(path_).head_index(), views[order[i]].slot_index);
      EXPECT_TRUE(is_unlocked(path_, views[order[i]].slot_index));
      EXPECT_EQ(stats_of(writer).slots_out, order.size() - i - 1);
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
      Taken taken = take(every, kNoWait);
      ASSERT_EQ(taken.number, i + 1);
      EXPECT_EQ(taken.skipped, 0u);
      EXPECT_TRUE(all_words_are(taken.payload, 100 + order[i]));
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(TakenSlotsTest, aborting_in_any_order_empties_unlocks_and_spends_nothing) {
  std::vector<std::size_t> order = {0, 1, 2};
  Writer writer = open_writer(path_, 4);
  std::uint64_t number = publish(writer);
  do {
    auto views = take_slots(writer, order.size());
    for (std::size_t each : order) {
      abort_slot(writer, views[each]);
      EXPECT_EQ(RawFile(path_).slot(views[each].slot_index).stamp, 0u);
      EXPECT_TRUE(is_unlocked(path_, views[each].slot_index));
    }
    EXPECT_EQ(stats_of(writer).slots_out, 0u);
    EXPECT_EQ(publish(writer), ++number);
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
}

TEST_F(TakenSlotsTest, frames_published_by_copying_go_past_what_is_taken) {
  Writer writer = open_writer(path_, 5);
  auto views = take_slots(writer, 2);
  for (std::uint64_t number = 1; number <= 30; ++number) {
    ASSERT_EQ(publish(writer, number), number);
    for (std::size_t i = 0; i < views.size(); ++i) {
      ASSERT_NE(RawFile(path_).head_index(), views[i].slot_index);
      ASSERT_TRUE(memory_is(views[i].payload, 100 + i));
    }
  }
  std::uint64_t number = 0;
  EXPECT_EQ(commit_slot(writer, views[1], &number), MMAPVIDEO_OK);
  EXPECT_EQ(number, 31u);
  EXPECT_EQ(publish(writer), 32u);
  EXPECT_EQ(commit_slot(writer, views[0], &number), MMAPVIDEO_OK);
  EXPECT_EQ(number, 33u);
  EXPECT_TRUE(all_words_are(take(open_reader(path_)).payload, 100));
}

TEST_F(TakenSlotsTest, frame_is_dropped_and_its_number_spent_when_all_are_taken) {
  Writer writer = open_writer(path_, 4);
  publish(writer);
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  auto views = take_slots(writer, 3);  // the fourth is the head's
  mmapvideo_slot_view none = {};
  EXPECT_EQ(begin_slot(writer, none), MMAPVIDEO_NO_FREE_SLOT);
  EXPECT_EQ(try_publish(writer, grey_info()), MMAPVIDEO_NO_FREE_SLOT);
  EXPECT_EQ(stats_of(writer).dropped_count, 2u);
  EXPECT_EQ(RawFile(path_).header().dropped_count, 2u);
  EXPECT_EQ(RawFile(path_).header().head_number, 1u);
  std::uint64_t number = 0;
  ASSERT_EQ(commit_slot(writer, views[2], &number), MMAPVIDEO_OK);
  EXPECT_EQ(number, 4u);
  EXPECT_EQ(take(reader, kNoWait).skipped, 2u);
  EXPECT_EQ(publish(writer), 5u) << "what was the head is free now";
  abort_slot(writer, views[0]);
  abort_slot(writer, views[1]);
}

TEST_F(TakenSlotsTest, before_the_first_frame_every_slot_can_be_taken) {
  Writer writer = open_writer(path_, 3);
  auto views = take_slots(writer, 3);
  mmapvideo_slot_view none = {};
  EXPECT_EQ(begin_slot(writer, none), MMAPVIDEO_NO_FREE_SLOT);
  std::uint64_t number = 0;
  for (std::uint64_t expected : {2u, 3u, 4u}) {
    EXPECT_EQ(commit_slot(writer, views[expected - 2], &number), MMAPVIDEO_OK);
    EXPECT_EQ(number, expected);
  }
}

TEST_F(TakenSlotsTest, view_that_was_used_up_is_refused_and_harmless) {
  Writer writer = open_writer(path_, 6);
  mmapvideo_slot_view committed = take_slot(writer, 1);
  ASSERT_EQ(commit_slot(writer, committed), MMAPVIDEO_OK);
  mmapvideo_slot_view aborted = take_slot(writer, 2), held = take_slot(writer, 3);
  abort_slot(writer, aborted);
  ASSERT_EQ(commit_and_hold_slot(writer, held), MMAPVIDEO_OK);
  mmapvideo_slot_view released = hold_slot(writer, 4);
  release_slot(writer, released);
  RawFile raw(path_);
  for (const auto& view : {committed, aborted, held, released}) {
    const std::uint64_t stamp = raw.slot(view.slot_index).stamp;
    std::uint64_t number = 99;
    EXPECT_EQ(commit_slot(writer, view, &number), MMAPVIDEO_INVALID_ARGUMENT);
    EXPECT_EQ(commit_and_hold_slot(writer, view, &number), MMAPVIDEO_INVALID_ARGUMENT);
    abort_slot(writer, view);
    EXPECT_EQ(raw.slot(view.slot_index).stamp, stamp);
    EXPECT_EQ(raw.header().head_number, 3u);
    EXPECT_EQ(stats_of(writer).slots_out, 1u);
  }
  for (const auto& view : {committed, aborted, released}) release_slot(writer, view);
  EXPECT_EQ(stats_of(writer).slots_out, 1u) << "the held one is still held";
  for (int i = 0; i < 20; ++i) publish(writer, 0);
  EXPECT_TRUE(memory_is(held.payload, 3));
  release_slot(writer, held);
  EXPECT_EQ(stats_of(writer).slots_out, 0u);
  EXPECT_EQ(free_slots(writer), 5u);
}

TEST_F(TakenSlotsTest, release_does_not_give_back_what_is_not_published) {
  Writer writer = open_writer(path_, 3);
  mmapvideo_slot_view view = take_slot(writer, 5);
  release_slot(writer, view);
  EXPECT_TRUE(is_taken(path_, view.slot_index));
  for (int i = 0; i < 9; ++i) publish(writer, 0);
  EXPECT_TRUE(memory_is(view.payload, 5));
  EXPECT_EQ(commit_slot(writer, view), MMAPVIDEO_OK);
}

TEST_F(TakenSlotsTest, view_of_no_slot_is_refused_and_harmless) {
  Writer writer = open_writer(path_, 4);
  publish(writer, 1);
  mmapvideo_slot_view right = take_slot(writer, 2);
  mmapvideo_slot_view wrong[5] = {{}, right, right, right, right};
  wrong[1].slot_index = 4;
  wrong[2].slot_index = UINT32_MAX;
  wrong[3].ring_generation += 1;
  wrong[4].ring_generation = 0;
  for (const auto& view : wrong) {
    EXPECT_EQ(commit_slot(writer, view), MMAPVIDEO_INVALID_ARGUMENT);
    EXPECT_EQ(commit_and_hold_slot(writer, view), MMAPVIDEO_INVALID_ARGUMENT);
    abort_slot(writer, view);
    release_slot(writer, view);
    EXPECT_EQ(stats_of(writer).slots_out, 1u);
  }
  EXPECT_EQ(commit_slot(writer, right), MMAPVIDEO_OK);
  EXPECT_EQ(RawFile(path_).header().head_number, 2u);
}

TEST_F(TakenSlotsTest, commit_that_failed_leaves_the_slot_taken) {
  Writer writer = open_writer(path_, 4);
  mmapvideo_slot_view view = take_slot(writer, 8);
  mmapvideo_frame_info info = grey_info();
  info.plane_count = 5;
  for (auto call : {mmapvideo_writer_commit, mmapvideo_writer_commit_and_hold}) {
    EXPECT_EQ(call(writer.get(), &view, &info, kCaps.c_str(), nullptr, nullptr),
              MMAPVIDEO_INVALID_ARGUMENT);
    EXPECT_TRUE(is_taken(path_, view.slot_index));
    EXPECT_EQ(stats_of(writer).slots_out, 1u);
  }
  std::uint64_t number = 0;
  EXPECT_EQ(commit_slot(writer, view, &number), MMAPVIDEO_OK);
  EXPECT_EQ(number, 1u);
}

TEST_F(TakenSlotsTest, payload_may_lie_in_a_taken_or_held_slot_of_the_same_writer) {
  Writer writer = open_writer(path_, 5);
  mmapvideo_slot_view held = hold_slot(writer, 21);
  mmapvideo_slot_view taken = take_slot(writer, 22);
  const mmapvideo_frame_info info = grey_info();
  for (const auto& [view, word] : {std::pair(held, 21u), std::pair(taken, 22u)}) {
    ASSERT_EQ(mmapvideo_writer_publish(writer.get(), &info, kCaps.c_str(), view.payload, nullptr,
                                       nullptr, nullptr),
              MMAPVIDEO_OK);
    EXPECT_TRUE(all_words_are(take(open_reader(path_)).payload, word));
    EXPECT_NE(RawFile(path_).head_index(), view.slot_index);
    EXPECT_TRUE(memory_is(view.payload, word));
  }
  abort_slot(writer, taken);
  release_slot(writer, held);
}

// ---- End of the session while slots are out

TEST_F(TakenSlotsTest, commit_after_the_end_begins_a_new_session) {
  Writer writer = open_writer(path_, 6);
  publish(writer, 1);
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  mmapvideo_slot_view first = take_slot(writer, 2), second = take_slot(writer, 3);
  RawFile raw(path_);
  const std::uint64_t session = raw.header().session_id;
  mmapvideo_writer_end(writer.get());
  EXPECT_EQ(load(raw.header().state), MMAPVIDEO_STATE_ENDED);
  EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
  EXPECT_TRUE(is_taken(path_, first.slot_index));
  EXPECT_TRUE(is_taken(path_, second.slot_index));
  std::uint64_t number = 0;
  ASSERT_EQ(commit_slot(writer, second, &number), MMAPVIDEO_OK);
  EXPECT_EQ(number, 2u);
  EXPECT_EQ(load(raw.header().state), MMAPVIDEO_STATE_STREAMING);
  EXPECT_NE(load(raw.header().session_id), session);
  EXPECT_EQ(raw.header().session_count, 2u);
  EXPECT_EQ(raw.header().session_first_number, 2u);
  EXPECT_EQ(raw.header().frame_count, 1u);
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 2u);
  EXPECT_TRUE(taken.new_session);
  EXPECT_EQ(taken.session_id, load(raw.header().session_id));
  EXPECT_TRUE(all_words_are(taken.payload, 3));
  ASSERT_EQ(commit_and_hold_slot(writer, first, &number), MMAPVIDEO_OK);
  EXPECT_EQ(number, 3u);
  EXPECT_FALSE(take(reader).new_session);
  release_slot(writer, first);
}

TEST_F(TakenSlotsTest, abort_and_release_after_the_end_begin_no_session) {
  Writer writer = open_writer(path_, 6);
  mmapvideo_slot_view held = hold_slot(writer, 1), taken = take_slot(writer, 2);
  mmapvideo_writer_end(writer.get());
  abort_slot(writer, taken);
  release_slot(writer, held);
  RawFile raw(path_);
  EXPECT_EQ(load(raw.header().state), MMAPVIDEO_STATE_ENDED);
  EXPECT_EQ(raw.header().session_count, 1u);
  EXPECT_EQ(raw.slot(taken.slot_index).stamp, 0u);
  EXPECT_EQ(raw.slot(held.slot_index).stamp, 2u);
  EXPECT_EQ(publish(writer), 2u);
  EXPECT_EQ(raw.header().session_count, 2u);
}
