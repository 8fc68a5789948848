// SPDX-License-Identifier: MIT
// What a turn holds (SPEC 7.4, 8.4.6): leases that need no lock of their own, and frames that stay
// although their reader was passed over.
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/leases.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"
#include "support/slots.hpp"
#include "support/turns.hpp"

using namespace mmapvideo_test;

namespace {

constexpr std::int64_t kShort = 20'000'000;
constexpr unsigned kSlots = 16;  // of which a turn holds four

unsigned claimed_slots(const std::string& path) {
  RawFile raw(path, O_RDONLY);
  unsigned count = 0;
  for (unsigned index = 0; index < raw.ring().slot_count; ++index) {
    const std::uint64_t stamp = load(raw.slot(index).stamp);
    count += stamp > 1 && stamp % 2 != 0;
  }
  return count;
}

class TurnHoldTest : public FileTest {
 protected:
  /// Has a turn on frame 1 and knows that it is waited for.
  Reader open_lossless_reader(std::uint32_t max_leases = 8) {
    Reader reader = open_leasing_reader(path_, max_leases);
    next_frame(reader, kNoWait);
    return reader;
  }
  void publish_up_to(const Writer& writer, std::uint64_t last) {
    while (stats_of(writer).frame_count < last) {
      const std::uint64_t number = stats_of(writer).frame_count + 1;
      ASSERT_EQ(publish(writer, number), number);
    }
  }
};

}  // namespace

TEST_F(TurnHoldTest, lease_on_a_frame_of_the_turn_needs_no_lock) {
  Writer writer = open_waiting_writer(path_, kSlots);
  Reader reader = open_lossless_reader();
  publish_up_to(writer, 3);
  Lease lease = take_lease(reader);
  EXPECT_EQ(lease.number(), 1u);
  EXPECT_EQ(slot_lock_count(path_), 0u);
  EXPECT_EQ(stats_of(reader).lease_count, 1u);
  lease.end();
  EXPECT_EQ(stats_of(reader).lease_count, 0u);
}

TEST_F(TurnHoldTest, lease_beyond_what_the_turn_holds_has_a_lock) {
  Writer writer = open_waiting_writer(path_, 3);  // a quarter of three slots is none
  Reader reader = open_lossless_reader();
  publish_up_to(writer, 1);
  const Lease lease = take_lease(reader);
  EXPECT_EQ(slot_lock_count(path_), 1u);
}

TEST_F(TurnHoldTest, lease_gets_a_lock_before_the_turn_leaves_it) {
  Writer writer = open_waiting_writer(path_, kSlots);
  Reader reader = open_lossless_reader();
  publish_up_to(writer, 12);
  Lease first = take_lease(reader);
  for (std::uint64_t number = 2; number <= 12; ++number)
    ASSERT_EQ(next_frame(reader).number, number);
  EXPECT_GT(turns_in(path_).at(0), 1u);
  EXPECT_EQ(locks_on_frame(path_, 1).size(), 1u);
  publish_up_to(writer, 20);
  EXPECT_TRUE(first.words_are(1));
  first.end();
  EXPECT_EQ(slot_lock_count(path_), 0u);
}

TEST_F(TurnHoldTest, turn_stays_on_the_last_frame_while_that_is_leased) {
  Writer writer = open_waiting_writer(path_, kSlots);
  Reader reader = open_lossless_reader();
  publish_up_to(writer, 1);
  Lease lease = take_lease(reader);
  ASSERT_EQ(next_frame(reader, 1'000'000).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(turns_in(path_), std::vector<std::uint64_t>{1});
  EXPECT_EQ(slot_lock_count(path_), 0u);
  lease.end();
  while (turns_in(path_) == std::vector<std::uint64_t>{1})
    ASSERT_EQ(next_frame(reader, 1'000'000).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(turns_in(path_), std::vector<std::uint64_t>{2});
}

TEST_F(TurnHoldTest, acknowledged_frame_is_finished_although_it_is_leased) {
  Writer writer = open_waiting_writer(path_, kSlots, kForever, kAcknowledged);
  Reader reader = open_lossless_reader();
  std::thread other([&] { publish_up_to(writer, 2); });
  const Lease lease = take_lease(reader);
  ASSERT_EQ(next_frame(reader).number, 2u);
  EXPECT_EQ(locks_on_frame(path_, 1).size(), 1u);
  EXPECT_TRUE(lease.words_are(1));
  reader.reset();
  other.join();
  EXPECT_EQ(stats_of(writer).passed_over_count, 0u);
}

TEST_F(TurnHoldTest, shared_lease_without_a_lock_ends_with_its_last_share) {
  Writer writer = open_waiting_writer(path_, kSlots, kShort);
  Reader reader = open_lossless_reader();
  publish_up_to(writer, 1);
  Lease lease = take_lease(reader);
  Lease other = lease.share();
  lease.end();
  publish_up_to(writer, 100);
  EXPECT_TRUE(other.words_are(1));
  EXPECT_EQ(stats_of(reader).lease_count, 1u);
  other.end();
  EXPECT_EQ(stats_of(reader).lease_count, 0u);
}

TEST_F(TurnHoldTest, frames_that_a_turn_holds_stay_when_its_reader_is_passed_over) {
  Writer writer = open_waiting_writer(path_, kSlots, kShort);
  publish_up_to(writer, 1);
  HandTurn stopped(path_, 2);
  publish_up_to(writer, 300);
  EXPECT_EQ(stats_of(writer).wait_count, 1u);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
  for (std::uint64_t number = 2; number <= 5; ++number) EXPECT_TRUE(holds(path_, number)) << number;
  EXPECT_FALSE(holds(path_, 6));
  stopped.leave();
  publish_up_to(writer, 400);
  EXPECT_FALSE(holds(path_, 2));
}

TEST_F(TurnHoldTest, no_more_frames_are_held_when_the_number_comes_round) {
  Writer writer = open_waiting_writer(path_, kSlots, kShort);
  publish_up_to(writer, 1);
  HandTurn stopped(path_, 2);
  publish_up_to(writer, 70'000);
  EXPECT_FALSE(holds(path_, 65'536 + 2));
  EXPECT_TRUE(holds(path_, 2));
}

TEST_F(TurnHoldTest, leased_frame_stays_when_its_reader_is_passed_over) {
  Writer writer = open_waiting_writer(path_, kSlots, kShort);
  Reader reader = open_lossless_reader();
  publish_up_to(writer, 4);
  std::vector<Lease> leases;
  for (int i = 0; i < 4; ++i) leases.push_back(take_lease(reader));
  ASSERT_EQ(slot_lock_count(path_), 0u);
  publish_up_to(writer, 200);
  EXPECT_EQ(stats_of(writer).passed_over_count, 1u);
  for (std::uint64_t number = 1; number <= 4; ++number)
    EXPECT_TRUE(leases[number - 1].words_are(number)) << number;
}

TEST_F(TurnHoldTest, leased_frame_stays_when_its_reader_is_closed) {
  Writer writer = open_waiting_writer(path_, kSlots);
  Reader reader = open_lossless_reader();
  publish_up_to(writer, 1);
  Lease lease = take_lease(reader);
  reader.reset();
  EXPECT_EQ(turns_in(path_).size(), 0u);
  EXPECT_EQ(slot_lock_count(path_), 1u);
  publish_up_to(writer, 100);
  EXPECT_TRUE(lease.words_are(1));
  lease.end();
  EXPECT_EQ(slot_lock_count(path_), 0u);
}

TEST_F(TurnHoldTest, leased_frame_stays_when_the_ring_grows) {
  Writer writer = open_waiting_writer(path_, kSlots);
  Reader reader = open_lossless_reader();
  publish_up_to(writer, 1);
  Lease lease = take_lease(reader);
  ASSERT_EQ(publish(writer, 2, 10 * kFrameBytes), 2u);
  ASSERT_EQ(next_frame(reader).number, 2u);
  for (std::uint64_t number = 3; number <= 60; ++number) {
    ASSERT_EQ(publish(writer, number, 10 * kFrameBytes), number);
    ASSERT_EQ(next_frame(reader).number, number);
  }
  EXPECT_TRUE(lease.words_are(1));
}

TEST_F(TurnHoldTest, writer_that_waits_for_nobody_leaves_alone_what_turns_hold) {
  Writer lossless = open_waiting_writer(path_, kSlots);
  Reader reader = open_lossless_reader();
  publish_up_to(lossless, 2);
  Lease lease = take_lease(reader);
  ASSERT_EQ(slot_lock_count(path_), 0u);
  close_and_keep(lossless);
  Writer latest = open_writer(path_, kSlots);
  for (std::uint64_t number = 3; number <= 100; ++number)
    ASSERT_EQ(publish(latest, number), number);
  EXPECT_TRUE(lease.words_are(1));
  EXPECT_EQ(stats_of(latest).wait_count, 0u);
  EXPECT_EQ(stats_of(latest).passed_over_now, 0u);

  // The reader sees that nobody waits for it, and locks what it has.
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_OK);
  EXPECT_EQ(turns_in(path_).size(), 0u);
  EXPECT_EQ(locks_on_frame(path_, 1).size(), 1u);
  for (std::uint64_t number = 101; number <= 200; ++number)
    ASSERT_EQ(publish(latest, number), number);
  EXPECT_TRUE(lease.words_are(1));
}

// 65536 numbers later the lock table does not tell which of two frames a turn is on.
TEST_F(TurnHoldTest, leased_frame_stays_though_two_writers_have_come_round_since) {
  for (const auto delivery : {kLatest, kEveryFrame}) {
    SCOPED_TRACE(delivery);
    Writer first = open_waiting_writer(path_, kSlots, kShort);
    Reader reader = open_lossless_reader();
    publish_up_to(first, 1);
    Lease lease = take_lease(reader);
    const std::uint64_t number = lease.number();
    ASSERT_EQ(slot_lock_count(path_), 0u);
    publish_up_to(first, 66'000);
    close_and_keep(first);
    Writer second = open_waiting_writer(path_, kSlots, kShort, delivery);
    for (int i = 0; i < 100; ++i) ASSERT_NE(publish(second, 9), 0u);
    EXPECT_TRUE(lease.words_are(1));
    EXPECT_TRUE(holds(path_, number));
    EXPECT_EQ(stats_of(second).dropped_count, 0u);
    mmapvideo_writer_close(second.release(), 0);
  }
}

TEST_F(TurnHoldTest, slot_of_a_former_ring_is_not_given_back_while_a_turn_holds_it) {
  Writer writer = open_waiting_writer(path_, kSlots, kShort);
  Reader reader = open_lossless_reader();
  publish_up_to(writer, 2);
  Lease lease = take_lease(reader);
  ASSERT_EQ(slot_lock_count(path_), 0u);
  // The reader stands still while the ring is left, and for more than a round.
  for (int i = 0; i < 3 * static_cast<int>(kSlots); ++i) publish(writer, 9, 4 * kFrameBytes);
  EXPECT_EQ(stats_of(writer).passed_over_count, 1u);
  EXPECT_EQ(slot_lock_count(path_), 0u);
  EXPECT_TRUE(lease.words_are(1));
}

// Four of them could hold all sixteen slots.
TEST_F(TurnHoldTest, readers_that_stand_still_all_over_the_ring_cost_no_frame) {
  Writer writer = open_waiting_writer(path_, kSlots, 1'000'000);
  publish_up_to(writer, 2);
  std::vector<std::unique_ptr<HandTurn>> stopped;
  for (std::uint64_t lane = 1; lane <= 6; ++lane) {
    stopped.push_back(std::make_unique<HandTurn>(path_, stats_of(writer).frame_count, lane));
    publish_up_to(writer, stats_of(writer).frame_count + 5);
  }
  publish_up_to(writer, 500);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
  EXPECT_LE(stats_of(writer).passed_over_count, 6u);
  EXPECT_TRUE(holds(path_, 500));
  stopped.clear();
  publish_up_to(writer, 600);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
}

TEST_F(TurnHoldTest, growth_waits_for_no_reader_that_sleeps_with_a_lease) {
  Writer writer = open_waiting_writer(path_, kSlots);
  Reader reader = open_lossless_reader();
  publish_up_to(writer, 1);
  const Lease lease = take_lease(reader);
  std::thread sleeper([&] { EXPECT_EQ(next_frame(reader).number, 2u); });
  // Two rings after one another: the second may not replace a ring that is still needed.
  for (const std::uint64_t bytes : {4, 16})
    ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), bytes * kFrameBytes, 100, 0, 0, nullptr),
              MMAPVIDEO_OK);
  publish_up_to(writer, 2);
  sleeper.join();
  EXPECT_TRUE(lease.words_are(1));
  EXPECT_EQ(stats_of(writer).passed_over_count, 0u);
}

// An intruder's lock over all turns hides those of others.
TEST_F(TurnHoldTest, leased_frame_stays_below_a_lock_on_all_turns) {
  Writer writer = open_waiting_writer(path_, kSlots, 1'000'000);
  Reader reader = open_lossless_reader();
  publish_up_to(writer, 1);
  const Lease lease = take_lease(reader);
  ASSERT_EQ(slot_lock_count(path_), 0u);
  LockFile intruder(path_, O_RDONLY);
  ASSERT_TRUE(intruder.try_shared(all_turns()));
  for (int i = 0; i < 50; ++i) publish(writer, 9);
  EXPECT_TRUE(lease.words_are(1));
}

TEST_F(TurnHoldTest, turn_holds_nothing_where_nobody_waits_for_it) {
  ForgedFile file(path_, {.slot_count = kSlots});
  file.publish();
  store(file.header().delivery, MMAPVIDEO_DELIVERY_EVERY_FRAME);
  Reader reader = open_leasing_reader(path_, 8);
  ASSERT_EQ(next_frame(reader).number, 1u);
  store(file.header().delivery, MMAPVIDEO_DELIVERY_LATEST);
  file.publish();
  const Lease lease = take_lease(reader);
  EXPECT_EQ(locks_on_frame(path_, 2).size(), 1u);
}

TEST_F(TurnHoldTest, turn_stays_where_a_lease_cannot_get_its_lock) {
  Writer writer = open_waiting_writer(path_, kSlots);
  Reader reader = open_lossless_reader();
  publish_up_to(writer, 12);
  Lease lease = take_lease(reader);
  {
    LockFile intruder(path_);
    const RawFile raw(path_, O_RDONLY);
    ASSERT_TRUE(intruder.try_exclusive(
        all_lanes(Family::slot, raw.slot_id(static_cast<unsigned>(raw.find(1))))));
    for (std::uint64_t number = 2; number <= 6; ++number)
      ASSERT_EQ(next_frame(reader).number, number);
    EXPECT_EQ(turns_in(path_), std::vector<std::uint64_t>{1});
  }
  ASSERT_EQ(next_frame(reader).number, 7u);
  EXPECT_GT(turns_in(path_).at(0), 1u);
  EXPECT_EQ(locks_on_frame(path_, 1).size(), 1u);
}

TEST_F(TurnHoldTest, claimed_frame_is_leased_with_a_lock_or_copied) {
  ForgedFile file(path_, {.slot_count = kSlots});
  file.publish();
  store(file.header().delivery, MMAPVIDEO_DELIVERY_EVERY_FRAME);
  Reader reader = open_leasing_reader(path_, 8);
  ASSERT_EQ(next_frame(reader).number, 1u);
  RawFile raw(path_);
  std::uint64_t& stamp = raw.slot(static_cast<unsigned>(raw.find(1))).stamp;
  store(stamp, std::uint64_t{3});
  EXPECT_EQ(try_lease(reader), MMAPVIDEO_TOO_MANY_LEASES);
  EXPECT_EQ(slot_lock_count(path_), 0u);
  store(stamp, std::uint64_t{2});
  EXPECT_EQ(try_lease(reader), MMAPVIDEO_OK);
}

// ---- Slots that are claimed together (SPEC 7.2.2) ---------------------------------------------

TEST_F(TurnHoldTest, writer_that_waits_claims_half_a_ring_together) {
  Writer writer = open_waiting_writer(path_, kSlots);
  publish_up_to(writer, kSlots);
  EXPECT_EQ(claimed_slots(path_), 0u) << "empty slots have no frame to claim";
  publish_up_to(writer, kSlots + 1);
  EXPECT_EQ(claimed_slots(path_), kSlots / 2 - 1);
  Reader reader = open_reader(path_, kEveryFrame);
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, kSlots + 1);
  EXPECT_EQ(taken.copy_status, MMAPVIDEO_OK);
}

TEST_F(TurnHoldTest, writer_that_does_not_wait_claims_one_at_a_time) {
  Writer writer = open_writer(path_, kSlots);
  publish_up_to(writer, 3 * kSlots);
  EXPECT_EQ(claimed_slots(path_), 0u);
}

TEST_F(TurnHoldTest, nothing_stays_claimed_when_the_session_ends) {
  Writer writer = open_waiting_writer(path_, kSlots);
  publish_up_to(writer, kSlots + 1);
  ASSERT_GT(claimed_slots(path_), 0u);
  mmapvideo_writer_end(writer.get());
  EXPECT_EQ(claimed_slots(path_), 0u);
  ASSERT_EQ(publish(writer, 18), kSlots + 2u);
  close_and_keep(writer);
  EXPECT_EQ(claimed_slots(path_), 0u);
}

TEST_F(TurnHoldTest, claims_stop_before_a_leased_slot_and_go_on_behind_it) {
  Writer writer = open_waiting_writer(path_, kSlots);
  Reader latest = open_leasing_reader(path_, 8, kLatest);
  publish_up_to(writer, 4);
  const Lease lease = take_lease(latest);
  ASSERT_EQ(lease.number(), 4u);
  publish_up_to(writer, 500);
  EXPECT_TRUE(lease.words_are(4));
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
  EXPECT_EQ(stats_of(writer).wait_count, 0u);
}

TEST_F(TurnHoldTest, what_is_lent_after_the_end_does_not_stay_claimed) {
  Writer writer = open_waiting_writer(path_, kSlots);
  publish_up_to(writer, 2 * kSlots);
  mmapvideo_writer_end(writer.get());
  mmapvideo_slot_view view = {};
  ASSERT_EQ(mmapvideo_writer_lend(writer.get(), kFrameBytes, 100, 0, &view, nullptr), MMAPVIDEO_OK);
  EXPECT_GT(claimed_slots(path_), 0u);
  mmapvideo_writer_abort(writer.get(), &view);
  close_and_keep(writer);
  EXPECT_EQ(claimed_slots(path_), 0u);
}

TEST_F(TurnHoldTest, claims_stop_before_a_turn) {
  Writer writer = open_waiting_writer(path_, kSlots, kShort);
  publish_up_to(writer, 3);
  HandTurn turn(path_, 3);
  publish_up_to(writer, 18);
  EXPECT_EQ(stats_of(writer).wait_count, 0u);
  EXPECT_TRUE(holds(path_, 3));
  publish_up_to(writer, 19);
  EXPECT_EQ(stats_of(writer).wait_count, 1u);
}
