// SPDX-License-Identifier: MIT
// What a lease outlives (SPEC 8.2): its reader, its writer, its ring, its file; and whom it does
// not disturb.
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>
#include <thread>
#include <vector>

#include "support/child.hpp"
#include "support/file_test.hpp"
#include "support/leases.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using LeaseLifetimeTest = FileTest;

namespace {

constexpr std::uint64_t kSmall = 64 * 1024;
constexpr std::uint64_t kLarge = 1024 * 1024;

void publish_many(const Writer& writer, int count, std::uint64_t bytes = kFrameBytes) {
  for (int i = 0; i < count; ++i) ASSERT_NE(publish(writer, 0, bytes), 0u);
}

}  // namespace

TEST_F(LeaseLifetimeTest, lease_outlives_its_reader_whose_own_lock_is_gone) {
  Writer writer = open_reserved_writer(path_, 4);
  publish(writer, 5);
  Reader reader = open_reader(path_);
  Lease lease = take_lease(reader);
  EXPECT_EQ(stats_of(writer).reader_count, 1u);
  reader.reset();
  EXPECT_EQ(stats_of(writer).reader_count, 0u);
  EXPECT_EQ(attached_readers(path_), 0u);
  EXPECT_EQ(locks_on_frame(path_, 1).size(), 1u);
  publish_many(writer, 40);
  EXPECT_TRUE(lease.words_are(5));
  EXPECT_TRUE(lease.is_intact());
  Lease shared = lease.share();
  lease.end();
  publish_many(writer, 8);
  EXPECT_TRUE(shared.words_are(5));
  EXPECT_EQ(locks_on_frame(path_, 1).size(), 1u);
  shared.end();
  EXPECT_EQ(slot_lock_count(path_), 0u);
  publish_many(writer, 4);
  EXPECT_EQ(RawFile(path_).find(1), -1);
}

TEST_F(LeaseLifetimeTest, leases_end_in_another_thread_after_the_reader_was_closed) {
  Writer writer = open_reserved_writer(path_, 8);
  for (int round = 0; round < 200; ++round) {
    publish(writer, 5);
    Reader reader = open_leasing_reader(path_, 3);
    Lease lease = take_lease(reader);
    std::thread other([own = lease.share()]() mutable {
      EXPECT_TRUE(own.words_are(5));
      own.end();
    });
    reader.reset();
    lease.end();
    other.join();
    ASSERT_EQ(slot_lock_count(path_), 0u);
  }
}

TEST_F(LeaseLifetimeTest, lease_outlives_the_end_of_the_session_and_its_writer) {
  for (bool keep_file : {true, false}) {
    Writer writer = open_reserved_writer(path_, 4);
    publish(writer, 7);
    Reader reader = open_reader(path_);
    Lease lease = take_lease(reader);
    mmapvideo_writer_end(writer.get());
    publish_many(writer, 9);
    EXPECT_TRUE(lease.words_are(7));
    mmapvideo_writer_close(writer.release(), keep_file);
    EXPECT_EQ(exists(path_), keep_file);
    EXPECT_TRUE(lease.words_are(7));
    EXPECT_TRUE(lease.is_intact());
    if (!keep_file) continue;
    writer = open_reserved_writer(path_, 0);
    publish_many(writer, 20);
    EXPECT_TRUE(lease.words_are(7)) << "the next writer sees the lock as well";
    lease.end();
    publish_many(writer, 4);
    EXPECT_EQ(RawFile(path_).find(1), -1);
  }
}

TEST_F(LeaseLifetimeTest, lease_outlives_a_killed_writer_and_holds_for_the_next) {
  Child first(
      [](const Results& results, const std::string& path) {
        Writer writer = open_reserved_writer(path, 4);
        publish(writer, 7);
        results.send(1);
        sleep_for_ever();
        return 0;
      },
      path_);
  int ready = 0;
  ASSERT_TRUE(first.receive(ready));
  Reader reader = open_reader(path_);
  Lease lease = take_lease(reader);
  first.kill_and_reap();
  EXPECT_TRUE(lease.words_are(7));
  Writer writer = open_reserved_writer(path_, 0);
  publish_many(writer, 40);
  EXPECT_TRUE(lease.words_are(7));
  EXPECT_TRUE(lease.is_intact());
}

TEST_F(LeaseLifetimeTest, lease_outlives_its_ring_and_the_pages_come_back_after_it) {
  Writer writer = open_reserved_writer(path_, 4);
  for (int i = 0; i < 4; ++i) publish(writer, 9, kSmall);
  Reader reader = open_reader(path_);
  Lease lease = take_lease(reader);
  RawFile raw(path_);
  const mmapvideo_ring former = raw.ring();
  const unsigned index = raw.head_index();
  publish_many(writer, 12, kLarge);
  EXPECT_TRUE(lease.words_are(9));
  EXPECT_TRUE(lease.is_intact());
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_OK);
  Lease present;
  ASSERT_EQ(lease_frame(reader, present), MMAPVIDEO_OK);
  EXPECT_EQ(present.bytes(), kLarge);
  EXPECT_EQ(load(raw.slot(former, index).stamp), 8u);
  const std::uint64_t before = allocated_bytes(path_);
  lease.end();
  publish_many(writer, 12, kLarge);
  EXPECT_EQ(load(raw.slot(former, index).stamp), 0u);
  EXPECT_LE(allocated_bytes(path_) + kSmall, before);
  EXPECT_EQ(stats_of(reader).lease_count, 1u);
}

TEST_F(LeaseLifetimeTest, leases_of_several_former_rings_stay_and_all_pages_come_back) {
  Writer writer = open_reserved_writer(path_, 6);
  Reader reader = open_leasing_reader(path_, 4);
  std::vector<Lease> leases;
  std::vector<mmapvideo_ring> rings;
  std::uint64_t bytes = kSmall;
  for (std::uint64_t word = 1; word <= 4; ++word, bytes *= 2) {
    publish(writer, word, bytes);
    leases.push_back(take_lease(reader));
    rings.push_back(RawFile(path_).ring());
  }
  publish(writer, 0, bytes);
  publish_many(writer, 20);
  for (std::uint64_t word = 1; word <= 4; ++word) EXPECT_TRUE(leases[word - 1].words_are(word));
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_OK);
  EXPECT_EQ(try_lease(reader), MMAPVIDEO_TOO_MANY_LEASES) << "those of former rings count";
  leases.clear();
  EXPECT_EQ(stats_of(reader).lease_count, 0u);
  publish_many(writer, 20);
  RawFile raw(path_);
  const std::uint64_t present = raw.ring().slot_stride * raw.ring().slot_count;
  const std::uint64_t headers = rings.size() * 6 * 4096;
  EXPECT_LE(allocated_bytes(path_), present + headers + 65536);
  EXPECT_EQ(slot_lock_count(path_), 0u);
}

// SPEC 8.2.4 and 11: a frame of a former ring that is unread can be leased as long as it is there.
TEST_F(LeaseLifetimeTest, frame_found_in_a_former_ring_is_leased_whole_or_found_overwritten) {
  for (int later_frames : {1, 3, 12}) {
    Writer writer = open_reserved_writer(path_, 4);
    Reader reader = open_reader(path_, kEveryFrame);
    attach(reader);
    publish(writer, 1, kSmall);
    ASSERT_EQ(next_frame(reader).number, 1u);
    publish_many(writer, later_frames, kLarge);
    Lease lease;
    const mmapvideo_status status = lease_frame(reader, lease);
    EXPECT_EQ(status, later_frames < 4 ? MMAPVIDEO_OK : MMAPVIDEO_OVERWRITTEN);
    EXPECT_TRUE(status != MMAPVIDEO_OK || lease.words_are(1));
    publish_many(writer, 12, kLarge);
    EXPECT_TRUE(status != MMAPVIDEO_OK || lease.words_are(1));
  }
}

TEST_F(LeaseLifetimeTest, lease_outlives_its_file_when_the_reader_went_to_another) {
  Writer first = open_reserved_writer(path_, 4);
  publish(first, 3);
  Reader reader = open_reader(path_);
  Lease lease = take_lease(reader);
  first.reset();
  Writer second = open_reserved_writer(path_, 4);
  publish(second, 4);
  Taken taken;
  do taken = take(reader);
  while (taken.status == MMAPVIDEO_ENDED);
  ASSERT_EQ(taken.status, MMAPVIDEO_OK);
  EXPECT_TRUE(all_words_are(taken.payload, 4));
  EXPECT_EQ(stats_of(reader).attach_count, 2u);
  Lease of_second;
  ASSERT_EQ(lease_frame(reader, of_second), MMAPVIDEO_OK);
  EXPECT_TRUE(lease.words_are(3));
  EXPECT_TRUE(lease.is_intact());
  EXPECT_EQ(lease.number(), 1u);
  EXPECT_EQ(of_second.number(), 1u) << "the same number of another file";
  EXPECT_EQ(stats_of(reader).lease_count, 2u);
  publish_many(second, 20);
  EXPECT_TRUE(lease.words_are(3));
  EXPECT_TRUE(of_second.words_are(4));
  lease.end();
  EXPECT_EQ(stats_of(reader).lease_count, 1u);
  EXPECT_EQ(slot_lock_count(path_), 1u);
}

// ---- Whom leases do not disturb

TEST_F(LeaseLifetimeTest, every_frame_reader_counts_exactly_beside_one_that_hoards_leases) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    const unsigned slot_count = 4 + seed % 5;
    Writer writer = open_reserved_writer(path_, slot_count);
    Reader hoarder = open_leasing_reader(path_, 1 + seed % 4, kLatest);
    Reader every = open_reader(path_, kEveryFrame);
    attach(hoarder);
    attach(every);
    std::vector<Lease> hoard;
    std::uint64_t published = 0, delivered = 0, skipped = 0, last = 0;
    auto read_one = [&] {
      Taken taken = take(every, kNoWait);
      if (taken.status != MMAPVIDEO_OK) return false;
      EXPECT_GT(taken.number, last);
      EXPECT_EQ(taken.skipped, taken.number - last - 1) << "seed " << seed;
      EXPECT_TRUE(all_words_are(taken.payload, taken.number));
      last = taken.number;
      delivered += 1;
      skipped += taken.skipped;
      return true;
    };
    for (int step = 0; step < 400; ++step) {
      const auto count = random() % (random() % 8 == 0 ? 3 * slot_count : 3);
      for (unsigned i = 0; i < count; ++i) {
        published += 1;
        EXPECT_EQ(publish(writer, published), published);
      }
      Lease lease;
      if (random() % 3 == 0 && next_frame(hoarder, kNoWait).status == MMAPVIDEO_OK &&
          lease_frame(hoarder, lease) == MMAPVIDEO_OK) {
        hoard.push_back(std::move(lease));
      }
      if (!hoard.empty() && random() % 6 == 0) {
        std::swap(hoard[random() % hoard.size()], hoard.back());
        EXPECT_TRUE(hoard.back().words_are(hoard.back().number()));
        hoard.pop_back();
      }
      for (auto i = random() % 4; i > 0; --i) read_one();
    }
    while (read_one()) continue;
    EXPECT_EQ(last, published);
    EXPECT_EQ(delivered + skipped, published) << "seed " << seed;
    EXPECT_EQ(stats_of(writer).dropped_count, 0u);
    for (const Lease& lease : hoard) EXPECT_TRUE(lease.words_are(lease.number()));
  }
}

// No overrun, only leases in the way: nothing may be missed.
TEST_F(LeaseLifetimeTest, every_frame_reader_that_keeps_up_misses_nothing_beside_old_leases) {
  Writer writer = open_reserved_writer(path_, 6);
  Reader hoarder = open_leasing_reader(path_, 2);
  Reader every = open_reader(path_, kEveryFrame);
  attach(hoarder);
  attach(every);
  std::vector<Lease> hoard;
  for (std::uint64_t number = 1; number <= 300; ++number) {
    ASSERT_EQ(publish(writer, number), number);
    if (number == 1 || number == 4) {
      hoard.push_back(take_lease(hoarder));
      while (number == 1 && next_frame(hoarder, kNoWait).status == MMAPVIDEO_OK) continue;
    }
    if (number % 3 != 0) continue;  // three at a time
    for (std::uint64_t expected = number - 2; expected <= number; ++expected) {
      Taken taken = take(every, kNoWait);
      ASSERT_EQ(taken.number, expected);
      ASSERT_EQ(taken.skipped, 0u);
      EXPECT_TRUE(all_words_are(taken.payload, expected));
    }
  }
}
