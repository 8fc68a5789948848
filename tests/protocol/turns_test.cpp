// SPDX-License-Identifier: MIT
// Lossless delivery from the writer's side (SPEC 7.4): what a turn keeps, how long, and what it
// means to be passed over.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "support/file_test.hpp"
#include "support/later.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"
#include "support/slots.hpp"
#include "support/turns.hpp"

using namespace mmapvideo_test;
using TurnsTest = FileTest;

namespace {

constexpr std::int64_t kShort = 20'000'000;

/// As if that many frames had been published before.
void continue_from(const std::string& path, std::uint64_t head) {
  { open_waiting_writer(path); }
  Writer writer = open_waiting_writer(path);
  mmapvideo_writer_close(writer.release(), 1);
  store(RawFile(path).header().head_number, head);
}

}  // namespace

TEST_F(TurnsTest, header_tells_how_the_writer_delivers) {
  for (auto delivery : {kLatest, kEveryFrame, kAcknowledged}) {
    Writer writer = open_waiting_writer(path_, 4, kShort, delivery);
    EXPECT_EQ(RawFile(path_).header().delivery, static_cast<std::uint32_t>(delivery));
  }
}

TEST_F(TurnsTest, unknown_delivery_is_refused) {
  mmapvideo_writer_options options = writer_options(path_, 4);
  options.delivery = 3;
  mmapvideo_error error = {};
  EXPECT_EQ(mmapvideo_writer_open(&options, &error), nullptr);
  EXPECT_EQ(error.status, MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_FALSE(exists(path_));
}

TEST_F(TurnsTest, frame_with_a_turn_is_kept_and_those_behind_it_too) {
  Writer writer = open_waiting_writer(path_, 4);
  for (std::uint64_t word = 1; word <= 2; ++word) publish(writer, word);
  HandTurn turn(path_, 2);
  for (std::uint64_t word = 3; word <= 5; ++word) publish(writer, word);
  EXPECT_FALSE(holds(path_, 1)) << "nobody needs it";
  const Later leave = once_writer_waits(path_, [&] { turn.leave(); });
  EXPECT_EQ(publish(writer, 6), 6u);
  EXPECT_EQ(stats_of(writer).wait_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_count, 0u);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
}

TEST_F(TurnsTest, writer_goes_on_slot_by_slot_as_the_turn_moves) {
  Writer writer = open_waiting_writer(path_, 4);
  publish(writer, 1);
  HandTurn turn(path_, 2);
  for (std::uint64_t word = 2; word <= 5; ++word) publish(writer, word);
  for (std::uint64_t number = 6; number < 30; ++number) {
    EXPECT_TRUE(holds(path_, number - 4));
    const Later move = once_writer_waits(path_, [&] { turn.move_to(number - 3); });
    EXPECT_EQ(publish(writer, number), number);
    EXPECT_TRUE(holds(path_, number - 3));
  }
  EXPECT_EQ(stats_of(writer).wait_count, 24u);
}

TEST_F(TurnsTest, turn_of_the_next_frame_holds_nothing_up) {
  Writer writer = open_waiting_writer(path_, 4);
  HandTurn turn(path_, 1);
  for (std::uint64_t number = 1; number < 40; ++number) {
    turn.move_to(number);
    EXPECT_EQ(publish(writer), number);
  }
  EXPECT_EQ(stats_of(writer).wait_count, 0u);
}

TEST_F(TurnsTest, slowest_of_several_is_waited_for) {
  Writer writer = open_waiting_writer(path_, 4);
  publish(writer);
  HandTurn fast(path_, 5, 1), slow(path_, 2, 2), latest(path_, 4, 3);
  for (int i = 0; i < 4; ++i) publish(writer);
  const Later leave([&] { slow.move_to(3); });
  EXPECT_EQ(publish(writer), 6u);
  EXPECT_FALSE(holds(path_, 2));
  EXPECT_TRUE(holds(path_, 3));
  EXPECT_EQ(stats_of(writer).lossless_reader_count, 3u);
}

TEST_F(TurnsTest, latest_writer_waits_for_nobody) {
  Writer writer = open_writer(path_, 4);
  publish(writer);
  HandTurn turn(path_, 1);
  for (int i = 0; i < 20; ++i) publish(writer);
  EXPECT_EQ(stats_of(writer).wait_count, 0u);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
}

TEST_F(TurnsTest, stopped_reader_costs_one_time_limit_and_is_passed_over) {
  Writer writer = open_waiting_writer(path_, 4, kShort);
  publish(writer);
  HandTurn stopped(path_, 2);
  for (std::uint64_t number = 2; number < 300; ++number) ASSERT_EQ(publish(writer), number);
  EXPECT_EQ(stats_of(writer).wait_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_now, 1u);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
  EXPECT_EQ(RawFile(path_).header().passed_over_count, 1u);
  EXPECT_EQ(RawFile(path_).header().wait_count, 1u);
}

TEST_F(TurnsTest, stopped_reader_is_not_waited_for_when_its_number_comes_round) {
  continue_from(path_, 65530);
  Writer writer = open_waiting_writer(path_, 4, kShort);
  const HandTurn stopped(path_, 65531);
  for (int i = 0; i < 70'000; ++i) ASSERT_NE(publish(writer, 0, 64), 0u);
  EXPECT_EQ(stats_of(writer).wait_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_count, 1u);
}

TEST_F(TurnsTest, reader_that_was_passed_over_is_waited_for_again_once_it_has_moved) {
  Writer writer = open_waiting_writer(path_, 4, kShort);
  publish(writer);
  HandTurn turn(path_, 2);
  for (int i = 0; i < 20; ++i) publish(writer);
  EXPECT_EQ(stats_of(writer).wait_count, 1u);
  turn.move_to(22);
  for (int i = 0; i < 20; ++i) publish(writer);
  EXPECT_EQ(stats_of(writer).wait_count, 2u);
  EXPECT_EQ(stats_of(writer).passed_over_count, 2u);
  turn.leave();
  for (int i = 0; i < 8; ++i) publish(writer);
  EXPECT_EQ(stats_of(writer).passed_over_now, 0u);
}

TEST_F(TurnsTest, others_are_kept_while_one_is_passed_over) {
  Writer writer = open_waiting_writer(path_, 4, kShort);
  publish(writer);
  HandTurn stopped(path_, 2, 1);
  HandTurn slow(path_, 4, 2);
  for (std::uint64_t number = 2; number <= 6; ++number) publish(writer);
  EXPECT_TRUE(holds(path_, 4));
  EXPECT_EQ(stats_of(writer).passed_over_count, 1u);
}

TEST_F(TurnsTest, turns_hold_where_the_numbers_wrap) {
  continue_from(path_, 65530);
  Writer writer = open_waiting_writer(path_, 4);
  HandTurn turn(path_, 65531);
  for (std::uint64_t number = 65531; number < 65550; ++number) {
    ASSERT_EQ(publish(writer), number);
    ASSERT_TRUE(number < 65534 || holds(path_, number - 2));
    if (number >= 65533) turn.move_to(number - 1);
  }
  EXPECT_EQ(stats_of(writer).passed_over_count, 0u);
}

TEST_F(TurnsTest, leases_are_waited_for_as_well) {
  Writer writer = open_waiting_writer(path_, 4);
  for (int i = 0; i < 4; ++i) publish(writer);
  RawFile raw(path_);
  LockFile lane(path_, O_RDONLY);
  for (unsigned index = 0; index < 4; ++index)
    ASSERT_TRUE(lane.try_shared(lock_item(Family::slot, raw.slot_id(index), 9)));
  const Later end([&] { lane.unlock(lock_item(Family::slot, raw.slot_id(1), 9)); });
  EXPECT_EQ(publish(writer), 5u);
  EXPECT_EQ(raw.head_index(), 1u);
}

TEST_F(TurnsTest, frame_is_dropped_when_leases_outlast_the_limit) {
  Writer writer = open_waiting_writer(path_, 3, kShort);
  for (int i = 0; i < 3; ++i) publish(writer);
  RawFile raw(path_);
  LockFile lane(path_, O_RDONLY);
  for (unsigned index = 0; index < 3; ++index)
    ASSERT_TRUE(lane.try_shared(lock_item(Family::slot, raw.slot_id(index), 9)));
  EXPECT_EQ(try_publish(writer, grey_info()), MMAPVIDEO_NO_FREE_SLOT);
  EXPECT_EQ(stats_of(writer).dropped_count, 1u);
}

TEST_F(TurnsTest, slots_of_the_writers_own_user_are_not_waited_for) {
  Writer writer = open_waiting_writer(path_, 4);
  publish(writer);
  const std::size_t taken = free_slots(writer);
  EXPECT_EQ(taken, 3u) << "it would hang otherwise";
}

TEST_F(TurnsTest, lending_waits_for_turns_but_not_for_the_pools_own_buffers) {
  Writer writer = open_waiting_writer(path_, 6);
  for (int i = 0; i < 6; ++i) publish(writer);
  HandTurn turn(path_, 1);
  mmapvideo_slot_view first = {}, second = {}, third = {};
  {
    const Later leave([&] { turn.leave(); });
    EXPECT_EQ(lend_slot(writer, first), MMAPVIDEO_OK);
  }
  EXPECT_EQ(lend_slot(writer, second), MMAPVIDEO_OK);
  EXPECT_EQ(lend_slot(writer, third), MMAPVIDEO_NO_FREE_SLOT);
  abort_slot(writer, first);
  abort_slot(writer, second);
}

TEST_F(TurnsTest, cancel_ends_the_wait_and_spends_no_number) {
  Writer writer = open_waiting_writer(path_, 4);
  publish(writer);
  HandTurn turn(path_, 1);
  for (int i = 0; i < 3; ++i) publish(writer);
  {
    const Later cancel([&] { mmapvideo_writer_cancel(writer.get()); });
    EXPECT_EQ(try_publish(writer, grey_info()), MMAPVIDEO_CANCELLED);
  }
  EXPECT_EQ(try_publish(writer, grey_info()), MMAPVIDEO_CANCELLED);
  mmapvideo_writer_resume(writer.get());
  turn.leave();
  EXPECT_EQ(publish(writer), 5u);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
}

TEST_F(TurnsTest, released_is_odd_while_the_writer_waits) {
  Writer writer = open_waiting_writer(path_, 4);
  publish(writer);
  HandTurn turn(path_, 1);
  for (int i = 0; i < 3; ++i) publish(writer);
  RawFile raw(path_);
  EXPECT_EQ(load(raw.header().released) % 2, 0u);
  {
    const Later leave = once_writer_waits(path_, [&] { turn.leave(); });
    publish(writer);
  }
  EXPECT_EQ(load(raw.header().released) % 2, 0u);
}

TEST_F(TurnsTest, former_ring_is_not_given_back_while_its_frames_are_needed) {
  Writer writer = open_waiting_writer(path_, 4);
  for (std::uint64_t word = 1; word <= 3; ++word) publish(writer, word);
  RawFile raw(path_);
  const mmapvideo_ring former = raw.ring();
  HandTurn turn(path_, 2);
  publish(writer, 4, 64 * kFrameBytes);
  for (std::uint64_t word = 5; word <= 6; ++word) publish(writer, word, 64 * kFrameBytes);
  turn.move_to(3);
  publish(writer, 7, 64 * kFrameBytes);
  EXPECT_EQ(load(raw.slot(former, 2).stamp), 6u);
  turn.move_to(8);
  for (int i = 0; i < 8; ++i) {
    publish(writer, 8, 64 * kFrameBytes);
    turn.move_to(9 + static_cast<unsigned>(i));
  }
  EXPECT_EQ(load(raw.slot(former, 2).stamp), 0u);
}

TEST_F(TurnsTest, third_ring_waits_for_who_has_not_read_the_first) {
  Writer writer = open_waiting_writer(path_);
  for (std::uint64_t word = 1; word <= 2; ++word) publish(writer, word);
  HandTurn turn(path_, 2);
  publish(writer, 3, 64 * kFrameBytes);
  EXPECT_EQ(stats_of(writer).wait_count, 0u) << "both rings are described";
  const Later move = once_writer_waits(path_, [&] { turn.move_to(3); });
  EXPECT_EQ(publish(writer, 4, 128 * kFrameBytes), 4u);
  EXPECT_EQ(stats_of(writer).wait_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_count, 0u);
}

TEST_F(TurnsTest, growth_passes_over_who_hangs_and_waits_for_nobody_who_went_on) {
  Writer writer = open_waiting_writer(path_, 4, kShort);
  publish(writer, 1);
  const HandTurn hung(path_, 1, 5), reading(path_, 2, 6);
  publish(writer, 2, 64 * kFrameBytes);
  EXPECT_EQ(publish(writer, 3, 128 * kFrameBytes), 3u);
  EXPECT_EQ(stats_of(writer).wait_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_count, 1u);
}

TEST_F(TurnsTest, growth_knows_turns_of_other_numbers_with_the_same_index) {
  continue_from(path_, 70'000);
  Writer writer = open_waiting_writer(path_, 4, kShort);
  publish(writer, 0, 64 * kFrameBytes);
  for (int i = 0; i < 4200; ++i) publish(writer, 0, 64);
  const HandTurn turn(path_, 69'999 + 65'536);
  publish(writer, 0, 128 * kFrameBytes);
  EXPECT_EQ(stats_of(writer).wait_count, 0u);
}

TEST_F(TurnsTest, cancel_ends_the_wait_for_a_larger_ring) {
  Writer writer = open_waiting_writer(path_);
  publish(writer, 1);
  const HandTurn turn(path_, 1);
  publish(writer, 2, 64 * kFrameBytes);
  const Later cancel([&] { mmapvideo_writer_cancel(writer.get()); });
  mmapvideo_error error = {};
  EXPECT_EQ(mmapvideo_writer_reserve(writer.get(), 128 * kFrameBytes, 0, 0, 0, &error),
            MMAPVIDEO_CANCELLED);
  EXPECT_EQ(load(RawFile(path_).header().ring_generation), 2u);
}

// One that was passed over makes the writer ask part by part: the lower part first, or a turn that
// moves from there to the upper part is in neither.
TEST_F(TurnsTest, moving_turn_is_found_beside_one_that_was_passed_over) {
  Writer writer = open_waiting_writer(path_, 4, 2'000'000'000);
  for (int i = 0; i < 3; ++i) publish(writer);
  const HandTurn hung(path_, 2, 9);
  for (int i = 0; i < 4; ++i) publish(writer);
  ASSERT_EQ(stats_of(writer).passed_over_now, 1u);
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_OK);
  std::thread other([&] {
    for (int i = 0; i < 20'000; ++i) publish(writer, 0, 64);
  });
  for (std::uint64_t taken = 0; taken < 19'000; ++taken) {
    const std::uint64_t skipped = next_frame(reader).skipped;
    // On a machine that stands still for so long, the writer goes on without it, and counts that.
    if (skipped != 0 && stats_of(writer).passed_over_count > 1) break;
    EXPECT_EQ(skipped, 0u) << "after " << taken;
  }
  reader.reset();
  other.join();
}

// ---- Acknowledged -----------------------------------------------------------------------------

TEST_F(TurnsTest, acknowledged_frame_returns_when_it_is_finished) {
  Writer writer = open_waiting_writer(path_, 4, kForever, kAcknowledged);
  EXPECT_EQ(publish(writer), 1u) << "nobody is there";
  HandTurn turn(path_, 2);
  for (std::uint64_t number = 2; number < 10; ++number) {
    const Later finish = once_writer_waits(path_, [&] { turn.move_to(number + 1); });
    EXPECT_EQ(publish(writer), number);
  }
  EXPECT_EQ(stats_of(writer).wait_count, 8u);
}

TEST_F(TurnsTest, acknowledged_frame_is_out_though_nobody_finishes_it) {
  Writer writer = open_waiting_writer(path_, 4, kShort, kAcknowledged);
  HandTurn turn(path_, 1);
  for (std::uint64_t number = 1; number < 10; ++number) EXPECT_EQ(publish(writer), number);
  EXPECT_EQ(stats_of(writer).wait_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_count, 1u);
}

TEST_F(TurnsTest, cancelled_wait_for_the_end_of_a_frame_leaves_it_published) {
  Writer writer = open_waiting_writer(path_, 4, kForever, kAcknowledged);
  HandTurn turn(path_, 1);
  const Later cancel([&] { mmapvideo_writer_cancel(writer.get()); });
  EXPECT_EQ(publish(writer), 1u);
  EXPECT_EQ(RawFile(path_).header().head_number, 1u);
}

// ---- Rendezvous -------------------------------------------------------------------------------

TEST_F(TurnsTest, wait_for_readers_ends_with_the_last_of_them) {
  Writer writer = open_waiting_writer(path_, 4);
  EXPECT_EQ(mmapvideo_writer_wait_for_readers(writer.get(), 0, kForever, nullptr), MMAPVIDEO_OK);
  EXPECT_EQ(mmapvideo_writer_wait_for_readers(writer.get(), 1, kShort, nullptr), MMAPVIDEO_TIMEOUT);
  Reader first = open_reader(path_), second = open_reader(path_, kEveryFrame);
  attach(first);
  EXPECT_EQ(mmapvideo_writer_wait_for_readers(writer.get(), 1, kForever, nullptr), MMAPVIDEO_OK);
  const Later come([&] { attach(second); });
  EXPECT_EQ(mmapvideo_writer_wait_for_readers(writer.get(), 2, kForever, nullptr), MMAPVIDEO_OK);
}

TEST_F(TurnsTest, wait_for_readers_can_be_cancelled) {
  Writer writer = open_waiting_writer(path_, 4);
  const Later cancel([&] { mmapvideo_writer_cancel(writer.get()); });
  EXPECT_EQ(mmapvideo_writer_wait_for_readers(writer.get(), 1, kForever, nullptr),
            MMAPVIDEO_CANCELLED);
}

// ---- What others leave behind -----------------------------------------------------------------

TEST_F(TurnsTest, leased_old_frame_does_not_hide_the_reader_that_is_late) {
  Writer writer = open_waiting_writer(path_, 4, kShort);
  publish(writer);
  LockFile lane(path_, O_RDONLY);
  ASSERT_TRUE(lane.try_shared(lock_item(Family::slot, RawFile(path_).slot_id(0), 9)));
  const HandTurn stopped(path_, 2);
  for (std::uint64_t number = 2; number <= 30; ++number) ASSERT_EQ(publish(writer), number);
  EXPECT_EQ(stats_of(writer).wait_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_count, 1u);
}

TEST_F(TurnsTest, reader_that_stopped_while_it_moved_is_one_reader) {
  Writer writer = open_waiting_writer(path_, 4, kShort);
  publish(writer);
  const HandTurn former(path_, 2, 7), next(path_, 3, 7);
  for (std::uint64_t number = 2; number <= 30; ++number) ASSERT_EQ(publish(writer), number);
  EXPECT_EQ(stats_of(writer).wait_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_count, 1u);
  EXPECT_EQ(stats_of(writer).passed_over_now, 1u);
}

TEST_F(TurnsTest, writer_that_died_waiting_leaves_no_odd_word_to_the_next) {
  { open_waiting_writer(path_); }
  Writer writer = open_waiting_writer(path_);
  close_and_keep(writer);
  RawFile raw(path_);
  store(raw.header().released, 7u);
  writer = open_waiting_writer(path_);
  EXPECT_EQ(load(raw.header().released), 8u);
}
