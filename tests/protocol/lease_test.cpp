// SPDX-License-Identifier: MIT
// Leases (SPEC 8.2): a frame in place that the writer does not rewrite, the lock that says so, and
// how many there may be.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <thread>
#include <vector>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/leases.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using LeaseTest = FileTest;

namespace {

void publish_many(const Writer& writer, int count) {
  for (int i = 0; i < count; ++i) ASSERT_NE(publish(writer, 0), 0u);
}

}  // namespace

TEST_F(LeaseTest, lease_shows_the_same_bytes_as_a_copy) {
  Writer writer = open_reserved_writer(path_, 6);
  for (std::uint64_t bytes : {std::uint64_t{64}, kFrameBytes, std::uint64_t{100'032}}) {
    Reader reader = open_reader(path_);
    publish(writer, bytes + 1, bytes);
    Taken taken = take(reader);
    Lease lease;
    ASSERT_EQ(lease_frame(reader, lease), MMAPVIDEO_OK);
    EXPECT_EQ(lease.number(), taken.number);
    ASSERT_EQ(lease.bytes(), bytes);
    EXPECT_EQ(std::memcmp(lease.payload(), taken.payload.data(), bytes), 0);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(lease.payload()) % 4096, 0u);
    EXPECT_EQ(access_of(lease.payload()), "r--s");
    EXPECT_TRUE(lease.is_intact());
  }
}

TEST_F(LeaseTest, leased_slot_is_not_rewritten_for_many_rounds) {
  Writer writer = open_reserved_writer(path_, 4);
  Reader reader = open_reader(path_, kEveryFrame);
  publish(writer, 11);
  publish(writer, 22);
  Lease second = take_lease(reader);
  ASSERT_EQ(second.number(), 2u) << "the head is the first one delivered";
  publish(writer, 33);
  Lease third = take_lease(reader);
  RawFile raw(path_);
  const int slots[] = {raw.find(2), raw.find(3)};
  for (int i = 0; i < 200; ++i) {
    ASSERT_NE(publish(writer, 0), 0u);
    ASSERT_EQ(raw.find(2), slots[0]);
    ASSERT_EQ(raw.find(3), slots[1]);
  }
  EXPECT_TRUE(second.words_are(22));
  EXPECT_TRUE(third.words_are(33));
  EXPECT_TRUE(second.is_intact());
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
  second.end();
  publish_many(writer, 4);
  EXPECT_EQ(raw.find(2), -1);
  EXPECT_EQ(raw.find(3), slots[1]);
  EXPECT_TRUE(third.words_are(33));
}

TEST_F(LeaseTest, lease_is_a_shared_lock_in_the_lane_of_the_reader) {
  Writer writer = open_reserved_writer(path_, 6);
  publish(writer);
  Reader reader = open_reader(path_);
  Lease lease = take_lease(reader);
  auto readers = LockFile(path_).list(all_lanes(Family::reader, 0));
  ASSERT_EQ(readers.size(), 1u);
  const std::uint64_t lane =
      (readers[0].range.offset - lock_offset(Family::reader, 0, 0)) / MMAPVIDEO_LOCK_ITEM_BYTES;
  auto found = locks_on_frame(path_, 1);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].type, F_RDLCK);
  RawFile raw(path_);
  const LockRange item =
      lock_item(Family::slot, raw.slot_id(static_cast<unsigned>(raw.find(1))), lane);
  EXPECT_EQ(found[0].range.offset, item.offset);
  EXPECT_EQ(found[0].range.bytes, item.bytes);
  lease.end();
  EXPECT_TRUE(locks_on_frame(path_, 1).empty());
  EXPECT_EQ(attached_readers(path_), 1u);
}

TEST_F(LeaseTest, several_readers_lease_one_frame_and_the_last_one_frees_it) {
  Writer writer = open_reserved_writer(path_, 4);
  publish(writer, 5);
  std::vector<Reader> readers;
  std::vector<Lease> leases;
  for (int i = 0; i < 5; ++i) {
    readers.push_back(open_reader(path_));
    leases.push_back(take_lease(readers.back()));
  }
  EXPECT_EQ(locks_on_frame(path_, 1).size(), 5u);
  while (!leases.empty()) {
    publish_many(writer, 8);
    EXPECT_TRUE(leases.back().words_are(5));
    EXPECT_EQ(locks_on_frame(path_, 1).size(), leases.size());
    leases.pop_back();
  }
  publish_many(writer, 4);
  EXPECT_EQ(RawFile(path_).find(1), -1);
}

TEST_F(LeaseTest, copy_and_lease_of_one_frame_go_together_in_any_order) {
  Writer writer = open_reserved_writer(path_, 4);
  publish(writer, 8);
  Reader reader = open_reader(path_);
  Taken taken = next_frame(reader);
  Lease lease;
  ASSERT_EQ(lease_frame(reader, lease), MMAPVIDEO_OK);
  publish_many(writer, 20);
  EXPECT_EQ(copy_payload(reader, taken), MMAPVIDEO_OK) << "the lease keeps it";
  EXPECT_TRUE(all_words_are(taken.payload, 8));
}

// ---- Sharing

TEST_F(LeaseTest, shared_lease_lasts_until_its_last_part_ends_in_any_order) {
  Writer writer = open_reserved_writer(path_, 4);
  Reader reader = open_reader(path_);
  for (int first_to_end : {0, 1, 2}) {
    const std::uint64_t number = publish(writer, 6);
    std::vector<Lease> parts;
    parts.push_back(take_lease(reader));
    parts.push_back(parts[0].share());
    parts.push_back(parts[1].share());
    for (const Lease& part : parts) {
      EXPECT_EQ(part.payload(), parts[0].payload());
      EXPECT_EQ(part.bytes(), kFrameBytes);
      EXPECT_EQ(part.number(), number);
    }
    EXPECT_EQ(locks_on_frame(path_, number).size(), 1u);
    EXPECT_EQ(stats_of(reader).lease_count, 1u);
    for (int i = 0; i < 3; ++i) {
      publish_many(writer, 8);
      Lease& part = parts[static_cast<unsigned>((first_to_end + i) % 3)];
      EXPECT_TRUE(part.words_are(6));
      EXPECT_EQ(locks_on_frame(path_, number).size(), 1u);
      part.end();
    }
    EXPECT_TRUE(locks_on_frame(path_, number).empty());
    EXPECT_EQ(stats_of(reader).lease_count, 0u);
  }
}

TEST_F(LeaseTest, frame_leased_twice_is_unlocked_at_the_last_end) {
  Writer writer = open_reserved_writer(path_, 6);
  publish(writer, 3);
  Reader reader = open_reader(path_);
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_OK);
  Lease first, second;
  ASSERT_EQ(lease_frame(reader, first), MMAPVIDEO_OK);
  ASSERT_EQ(lease_frame(reader, second), MMAPVIDEO_OK);
  EXPECT_EQ(locks_on_frame(path_, 1).size(), 1u);
  first.end();
  publish_many(writer, 20);
  EXPECT_TRUE(second.words_are(3));
  EXPECT_EQ(locks_on_frame(path_, 1).size(), 1u);
  second.end();
  EXPECT_TRUE(locks_on_frame(path_, 1).empty());
  EXPECT_EQ(stats_of(reader).lease_count, 0u);
}

TEST_F(LeaseTest, lease_that_is_0_is_left_alone) {
  mmapvideo_lease none = {};
  mmapvideo_lease_end(&none);
  mmapvideo_lease_end(&none);
  EXPECT_EQ(none.payload, nullptr);
  Writer writer = open_reserved_writer(path_, 4);
  publish(writer);
  Reader reader = open_reader(path_);
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_OK);
  mmapvideo_lease lease = {};
  ASSERT_EQ(mmapvideo_reader_lease(reader.get(), &lease, nullptr), MMAPVIDEO_OK);
  mmapvideo_lease_end(&lease);
  EXPECT_EQ(lease.payload, nullptr);
  EXPECT_EQ(lease.payload_bytes, 0u);
  EXPECT_EQ(lease.ring, nullptr);
  mmapvideo_lease_end(&lease);
  EXPECT_EQ(stats_of(reader).lease_count, 0u);
}

TEST_F(LeaseTest, leases_are_shared_and_ended_by_other_threads) {
  Writer writer = open_reserved_writer(path_, 6);
  Reader reader = open_leasing_reader(path_, 4);
  for (int round = 0; round < 300; ++round) {
    const auto word = static_cast<std::uint64_t>(round) + 1;
    publish(writer, word);
    Lease lease = take_lease(reader);
    std::vector<std::thread> threads;
    std::vector<char> whole(3);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      threads.emplace_back([part = lease.share(), &whole, i, word]() mutable {
        Lease own = part.share();
        part.end();
        whole[i] = own.words_are(word) && own.is_intact();
      });
    }
    lease.end();
    if (round % 3 == 0) publish(writer, 0), next_frame(reader);
    for (auto& thread : threads) thread.join();
    for (char each : whole) EXPECT_TRUE(each);
    ASSERT_EQ(stats_of(reader).lease_count, 0u);
  }
  EXPECT_EQ(stats_of(reader).leased_count, 300u);
}

// ---- How many

TEST_F(LeaseTest, as_many_frames_can_be_leased_as_asked_for_and_two_by_default) {
  const std::pair<std::uint32_t, std::size_t> expected_of[] = {{0, 2}, {1, 1}, {2, 2}, {5, 5}};
  for (const auto& [max_leases, expected] : expected_of) {
    Writer writer = open_reserved_writer(path_, 10);
    Reader reader = open_leasing_reader(path_, max_leases);
    attach(reader);
    std::vector<Lease> leases;
    for (std::size_t i = 0; i < 7; ++i) {
      publish(writer, i + 1);
      Taken taken = next_frame(reader);
      Lease lease;
      const mmapvideo_status status = lease_frame(reader, lease);
      EXPECT_EQ(status, i < expected ? MMAPVIDEO_OK : MMAPVIDEO_TOO_MANY_LEASES) << i;
      if (status == MMAPVIDEO_OK) leases.push_back(std::move(lease));
      EXPECT_EQ(copy_payload(reader, taken), MMAPVIDEO_OK);
      EXPECT_TRUE(all_words_are(taken.payload, i + 1));
      EXPECT_EQ(stats_of(reader).lease_count, leases.size());
      EXPECT_EQ(stats_of(reader).leased_count, leases.size());
    }
    leases.erase(leases.begin());
    publish(writer);
    Lease again = take_lease(reader);
    EXPECT_EQ(stats_of(reader).lease_count, expected);
    EXPECT_EQ(stats_of(reader).leased_count, expected + 1);
    EXPECT_EQ(stats_of(reader).skipped_count, 0u);
  }
}

TEST_F(LeaseTest, two_slots_are_always_left) {
  for (unsigned slot_count : {2u, 3u, 4u, 6u}) {
    Writer writer = open_reserved_writer(path_, slot_count);
    Reader reader = open_leasing_reader(path_, 100);
    attach(reader);
    std::vector<Lease> leases(slot_count);
    for (unsigned i = 0; i < slot_count; ++i) {
      publish(writer, i + 1);
      ASSERT_EQ(next_frame(reader).number, i + 1u);
      EXPECT_EQ(lease_frame(reader, leases[i]),
                i < slot_count - 2 ? MMAPVIDEO_OK : MMAPVIDEO_TOO_MANY_LEASES)
          << i << " of " << slot_count;
    }
    publish_many(writer, 20);
    EXPECT_EQ(stats_of(writer).dropped_count, 0u);
    for (unsigned i = 0; i + 2 < slot_count; ++i) EXPECT_TRUE(leases[i].words_are(i + 1));
  }
}

TEST_F(LeaseTest, frame_leased_already_can_be_leased_again_at_the_limit) {
  Writer writer = open_reserved_writer(path_, 6);
  publish(writer);
  Reader reader = open_leasing_reader(path_, 1);
  Lease first = take_lease(reader), second;
  EXPECT_EQ(lease_frame(reader, second), MMAPVIDEO_OK) << "frames count, not leases";
  EXPECT_EQ(stats_of(reader).lease_count, 1u);
}

TEST_F(LeaseTest, shares_do_not_count) {
  Writer writer = open_reserved_writer(path_, 6);
  Reader reader = open_leasing_reader(path_, 2);
  attach(reader);
  publish(writer);
  Lease first = take_lease(reader);
  std::vector<Lease> shares;
  for (int i = 0; i < 10; ++i) shares.push_back(first.share());
  EXPECT_EQ(stats_of(reader).lease_count, 1u);
  publish(writer);
  Lease second = take_lease(reader);
  publish(writer);
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_OK);
  EXPECT_EQ(try_lease(reader), MMAPVIDEO_TOO_MANY_LEASES);
  shares.clear();
  EXPECT_EQ(try_lease(reader), MMAPVIDEO_TOO_MANY_LEASES);
  first.end();
  EXPECT_EQ(try_lease(reader), MMAPVIDEO_OK);
}

TEST_F(LeaseTest, writer_drops_frames_while_readers_lease_all_slots_and_goes_on_after) {
  Writer writer = open_reserved_writer(path_, 4);
  Reader first = open_reader(path_, kEveryFrame), second = open_reader(path_, kEveryFrame);
  attach(first);
  attach(second);
  for (std::uint64_t word = 1; word <= 4; ++word) publish(writer, word);
  std::vector<Lease> leases;
  leases.push_back(take_lease(first));
  leases.push_back(take_lease(first));
  next_frame(second);
  next_frame(second);
  leases.push_back(take_lease(second));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(try_publish(writer, grey_info()), MMAPVIDEO_NO_FREE_SLOT);
  EXPECT_EQ(stats_of(writer).dropped_count, 3u);
  EXPECT_EQ(RawFile(path_).header().dropped_count, 3u);
  for (std::uint64_t word = 1; word <= 3; ++word) EXPECT_TRUE(leases[word - 1].words_are(word));
  leases[1].end();
  EXPECT_EQ(publish(writer, 8), 8u);
  Taken taken = take(second);
  EXPECT_EQ(taken.number, 4u);
  taken = take(second);
  EXPECT_EQ(taken.number, 8u);
  EXPECT_EQ(taken.skipped, 3u);
}

// ---- When there is nothing to lease

TEST_F(LeaseTest, lease_before_the_first_frame_is_an_invalid_argument) {
  Writer writer = open_reserved_writer(path_, 4);
  Reader reader = open_reader(path_);
  EXPECT_EQ(try_lease(reader), MMAPVIDEO_INVALID_ARGUMENT);
  ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  mmapvideo_error error = {};
  mmapvideo_lease lease = {};
  EXPECT_EQ(mmapvideo_reader_lease(reader.get(), &lease, &error), MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_NE(error.message[0], '\0');
  EXPECT_EQ(lease.payload, nullptr);
  publish(writer);
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_OK);
  EXPECT_EQ(try_lease(reader), MMAPVIDEO_OK);
}

TEST_F(LeaseTest, frame_overwritten_before_the_lease_is_counted_as_skipped_by_the_next) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    Writer writer = open_reserved_writer(path_, 4);
    Reader reader = open_leasing_reader(path_, 2, delivery);
    attach(reader);
    publish(writer, 1);
    ASSERT_EQ(next_frame(reader).number, 1u);
    publish_many(writer, 5);
    EXPECT_EQ(try_lease(reader), MMAPVIDEO_OVERWRITTEN);
    EXPECT_EQ(slot_lock_count(path_), 0u) << "what was locked in vain is unlocked";
    EXPECT_EQ(stats_of(reader).lease_count, 0u);
    EXPECT_EQ(stats_of(reader).leased_count, 0u);
    Taken taken = take(reader);
    EXPECT_EQ(taken.skipped, taken.number - 1) << "frame 1 was missed as well";
    EXPECT_EQ(stats_of(reader).frame_count, 1u);
    EXPECT_EQ(stats_of(reader).skipped_count, taken.number - 1);
  }
}

TEST_F(LeaseTest, slot_that_is_locked_exclusively_is_overwritten) {
  ForgedFile file(path_);
  for (int i = 0; i < 3; ++i) file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(next_frame(reader).number, 3u);
  LockFile writer(path_);
  ASSERT_TRUE(writer.try_exclusive(all_lanes(Family::slot, file.raw().slot_id(2))));
  EXPECT_EQ(try_lease(reader), MMAPVIDEO_OVERWRITTEN);
  file.publish();
  Taken taken = next_frame(reader);
  EXPECT_EQ(taken.number, 4u);
  EXPECT_EQ(taken.skipped, 1u);
  EXPECT_EQ(try_lease(reader), MMAPVIDEO_OK);
}

TEST_F(LeaseTest, slot_with_another_stamp_is_overwritten_and_unlocked_again) {
  for (std::uint64_t stamp :
       {std::uint64_t{MMAPVIDEO_STAMP_WRITING}, std::uint64_t{8}, std::uint64_t{0}}) {
    ForgedFile file(path_);
    for (int i = 0; i < 3; ++i) file.publish();
    Reader reader = open_reader(path_);
    ASSERT_EQ(next_frame(reader).number, 3u);
    store(file.slot(2).stamp, stamp);
    EXPECT_EQ(try_lease(reader), MMAPVIDEO_OVERWRITTEN);
    EXPECT_EQ(slot_lock_count(path_), 0u);
  }
}

TEST_F(LeaseTest, file_that_is_marked_unlocked_has_no_leases_but_copies) {
  ForgedFile file(path_);
  file.header().compatible_flags = MMAPVIDEO_COMPATIBLE_UNLOCKED;
  file.publish();
  Reader reader = open_reader(path_);
  Taken taken = next_frame(reader);
  ASSERT_EQ(taken.number, 1u);
  EXPECT_EQ(try_lease(reader), MMAPVIDEO_NO_LOCKS);
  EXPECT_EQ(slot_lock_count(path_), 0u);
  EXPECT_EQ(copy_payload(reader, taken), MMAPVIDEO_OK);
  file.publish();
  EXPECT_EQ(take(reader).skipped, 0u);
}

TEST_F(LeaseTest, lease_is_intact_until_the_stamp_changes) {
  ForgedFile file(path_);
  for (int i = 0; i < 2; ++i) file.publish();
  Reader reader = open_reader(path_);
  Lease lease = take_lease(reader);
  ASSERT_EQ(lease.number(), 2u);
  Lease shared = lease.share();
  EXPECT_TRUE(lease.is_intact());
  const std::uint64_t right = load(file.slot(1).stamp);
  for (std::uint64_t stamp :
       {std::uint64_t{MMAPVIDEO_STAMP_WRITING}, right + 8, std::uint64_t{0}}) {
    store(file.slot(1).stamp, stamp);
    EXPECT_FALSE(lease.is_intact()) << stamp;
    EXPECT_FALSE(shared.is_intact()) << stamp;
  }
  store(file.slot(1).stamp, right | 1);
  EXPECT_TRUE(lease.is_intact()) << "the writer looks for leases, and finds this one";
  store(file.slot(1).stamp, right);
  EXPECT_TRUE(lease.is_intact());
}
