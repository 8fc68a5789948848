// SPDX-License-Identifier: MIT
// Lease holders as processes of their own: running, stopped and killed; and those they do not
// disturb.
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "support/child.hpp"
#include "support/file_test.hpp"
#include "support/leases.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/order.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using LeasesTest = FileTest;

namespace {

constexpr std::uint64_t kBytes = 32 * 1024;

/// What a process that hoards leases tells of each.
struct Hoarded {
  std::uint64_t number = 0;
  bool whole = false;
};

/// Leases `count` frames and keeps them; on an order looks whether they are still whole.
int hoard(const std::string& path, std::size_t count, const Order& look, const Results& results) {
  Reader reader = open_leasing_reader(path, static_cast<std::uint32_t>(count));
  std::vector<Lease> leases;
  for (std::size_t i = 0; i < count; ++i) {
    leases.push_back(take_lease(reader));
    results.send(Hoarded{leases.back().number(), leases.back().words_are(leases.back().number())});
  }
  for (;;) {
    look.await();
    for (const Lease& lease : leases) {
      results.send(Hoarded{lease.number(), lease.words_are(lease.number()) && lease.is_intact()});
    }
  }
}

struct ReadFrame {
  std::uint64_t number = 0;
  std::uint64_t skipped = 0;
  bool whole = false;
};

/// Leases every frame, looks at all of it, ends the lease, and tells.
int follow(const std::string& path, const Results& results) {
  Reader reader = open_leasing_reader(path, 2);
  for (;;) {
    Taken taken = next_frame(reader);
    if (taken.status != MMAPVIDEO_OK) return 0;
    Lease lease;
    if (lease_frame(reader, lease) != MMAPVIDEO_OK) return 1;
    ReadFrame read = {taken.number, taken.skipped, lease.words_are(taken.number)};
    lease.end();
    results.send(read);
  }
}

std::unique_ptr<Child> start_hoarder_after(const Order& start, const std::string& path,
                                           std::size_t count, const Order& look) {
  return std::make_unique<Child>(
      [](const Results& results, const Order& begin, const std::string& file, std::size_t frames,
         const Order& look_again) {
        begin.await();
        return hoard(file, frames, look_again, results);
      },
      start, path, count, look);
}
std::unique_ptr<Child> start_hoarder(const std::string& path, std::size_t count,
                                     const Order& look) {
  return std::make_unique<Child>(
      [](const Results& results, const std::string& file, std::size_t frames,
         const Order& look_again) { return hoard(file, frames, look_again, results); },
      path, count, look);
}
std::unique_ptr<Child> start_follower(const std::string& path) {
  return std::make_unique<Child>(
      [](const Results& results, const std::string& file) { return follow(file, results); }, path);
}

void wait_for_readers(const Writer& writer, std::uint32_t count) {
  while (stats_of(writer).reader_count < count) ::usleep(1000);
}

/// Publishes `count` frames, each after the follower has done with the one before.
void publish_paced(const Writer& writer, const Child& follower, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t expected = stats_of(writer).frame_count + 1;
    ASSERT_EQ(publish(writer, expected, kBytes), expected);
    ReadFrame read;
    ASSERT_TRUE(follower.receive(read));
    ASSERT_EQ(read.number, expected);
    ASSERT_EQ(read.skipped, 0u);
    ASSERT_TRUE(read.whole);
  }
}

}  // namespace

TEST_F(LeasesTest, nothing_is_lost_while_one_reader_hoards_leases_and_another_is_stopped) {
  Order look, never;
  const std::unique_ptr<Child> hoarder = start_hoarder(path_, 2, look);
  const std::unique_ptr<Child> stopped_child = start_hoarder(path_, 2, never);
  const std::unique_ptr<Child> follower_child = start_follower(path_);
  Child& follower = *follower_child;
  Writer writer = open_reserved_writer(path_, 0);
  wait_for_readers(writer, 3);

  publish_paced(writer, follower, 2);
  Hoarded hoarded;
  for (std::uint64_t number : {1u, 2u}) {
    for (const Child* child : {hoarder.get(), stopped_child.get()}) {
      ASSERT_TRUE(child->receive(hoarded));
      EXPECT_EQ(hoarded.number, number);
      EXPECT_TRUE(hoarded.whole);
    }
  }
  stopped_child->stop();
  const std::uint64_t size = RawFile(path_).size();
  publish_paced(writer, follower, 500);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
  EXPECT_EQ(RawFile(path_).size(), size);
  EXPECT_EQ(RawFile(path_).header().ring_generation, 1u);
  look.give();
  for (std::uint64_t number : {1u, 2u}) {
    ASSERT_TRUE(hoarder->receive(hoarded));
    EXPECT_EQ(hoarded.number, number);
    EXPECT_TRUE(hoarded.whole);
  }

  RawFile raw(path_);
  const LockRange slots[] = {
      all_lanes(Family::slot, raw.slot_id(static_cast<unsigned>(raw.find(1)))),
      all_lanes(Family::slot, raw.slot_id(static_cast<unsigned>(raw.find(2))))};
  LockFile other(path_);
  for (const LockRange& slot : slots) EXPECT_EQ(other.list(slot).size(), 2u);
  stopped_child->kill_and_reap();
  for (const LockRange& slot : slots) EXPECT_EQ(other.list(slot).size(), 1u);
  hoarder->kill_and_reap();
  for (const LockRange& slot : slots) {
    EXPECT_TRUE(other.try_exclusive(slot)) << "what a killed reader held is free at once";
    other.unlock(slot);
  }
  EXPECT_EQ(attached_readers(path_), 1u);
  publish_paced(writer, follower, stats_of(writer).slot_count);
  EXPECT_EQ(raw.find(1), -1);
  EXPECT_EQ(raw.find(2), -1);
  writer.reset();
  EXPECT_EQ(follower.exit_status(), 0);
}

// Two processes that lease different frames, the most that the default ring has to bear.
TEST_F(LeasesTest, nothing_is_lost_while_two_readers_hoard_different_frames) {
  Order never[2];
  const std::unique_ptr<Child> follower_child = start_follower(path_);
  const Child& follower = *follower_child;
  std::vector<std::unique_ptr<Child>> hoarders;
  Order start[2];
  for (int i = 0; i < 2; ++i) {
    hoarders.push_back(start_hoarder_after(start[i], path_, 2, never[i]));
  }
  Writer writer = open_reserved_writer(path_, 0);
  wait_for_readers(writer, 1);
  Hoarded hoarded;
  for (int i = 0; i < 2; ++i) {
    publish_paced(writer, follower, 1);
    start[i].give();  // it begins with the head
    ASSERT_TRUE(hoarders[static_cast<unsigned>(i)]->receive(hoarded));
    publish_paced(writer, follower, 1);
    ASSERT_TRUE(hoarders[static_cast<unsigned>(i)]->receive(hoarded));
    hoarders[static_cast<unsigned>(i)]->stop();
  }
  EXPECT_EQ(slot_lock_count(path_), 4u);
  const std::uint64_t size = RawFile(path_).size();
  publish_paced(writer, follower, 300);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
  EXPECT_EQ(RawFile(path_).size(), size);
  EXPECT_EQ(slot_lock_count(path_), 4u);
}

TEST_F(LeasesTest, writer_that_dropped_goes_on_when_the_holders_are_killed) {
  Order never;
  std::vector<std::unique_ptr<Child>> holders;
  Order start[3];
  for (auto& order : start) {
    holders.push_back(start_hoarder_after(order, path_, 1, never));
  }
  Writer writer = open_writer(path_, 4);
  Hoarded hoarded;
  for (std::size_t i = 0; i < holders.size(); ++i) {
    publish(writer, i + 1);
    start[i].give();
    ASSERT_TRUE(holders[i]->receive(hoarded));
    ASSERT_EQ(hoarded.number, i + 1);
  }
  publish(writer, 4);
  for (auto& holder : holders) holder->stop();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(try_publish(writer, grey_info()), MMAPVIDEO_NO_FREE_SLOT);
  EXPECT_EQ(stats_of(writer).dropped_count, 10u);
  holders[1]->kill_and_reap();
  EXPECT_EQ(publish(writer), 15u);
  EXPECT_EQ(publish(writer), 16u) << "two slots are enough to go on";
  for (auto& holder : holders) holder->kill_and_reap();
  EXPECT_EQ(slot_lock_count(path_), 0u);
  for (std::uint64_t number = 17; number < 30; ++number) EXPECT_EQ(publish(writer), number);
  EXPECT_EQ(stats_of(writer).dropped_count, 10u);
}

TEST_F(LeasesTest, lease_outlives_a_killed_writer_of_another_process_and_its_removal) {
  Order look;
  const std::unique_ptr<Child> hoarder_child = start_hoarder(path_, 1, look);
  const Child& hoarder = *hoarder_child;
  for (bool killed : {true, false}) {
    Child writer_process(
        [](const Results& results, const std::string& path, bool to_be_killed) {
          Writer writer = open_reserved_writer(path, 4);
          wait_for_readers(writer, 1);
          for (std::uint64_t i = 0; i < 50; ++i) {
            publish(writer, to_be_killed ? i + 1 : 0);
            if (to_be_killed && i == 0) {
              while (slot_lock_count(path) == 0) ::usleep(1000);
            }
          }
          results.send(true);
          if (to_be_killed) sleep_for_ever();
          return 0;
        },
        path_, killed);
    bool ready = false;
    ASSERT_TRUE(writer_process.receive(ready));
    if (killed) writer_process.kill_and_reap();
    EXPECT_EQ(killed ? kKilled : 0, writer_process.exit_status());
    Hoarded hoarded;
    if (killed) {
      ASSERT_TRUE(hoarder.receive(hoarded));
    }
    look.give();
    ASSERT_TRUE(hoarder.receive(hoarded));
    EXPECT_EQ(hoarded.number, 1u);
    EXPECT_TRUE(hoarded.whole);
  }
  EXPECT_FALSE(exists(path_)) << "the second writer removed it; the lease goes on";
}
