// SPDX-License-Identifier: MIT
// The kernel locks (SPEC 5), seen and set by raw fcntl from the formula of the text.
#include <gtest/gtest.h>

#include <set>

#include "support/child.hpp"
#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/slots.hpp"

using namespace mmapvideo_test;
using LocksTest = FileTest;

namespace {

const LockRange kWriterItem = lock_item(Family::writer, 0, 0);
const LockRange kAllReaders = all_lanes(Family::reader, 0);

/// Shared locks, as of a reader, on all slots of the ring but the head's.
void pin_all_but_the_head(RawFile& raw, LockFile& lane, std::uint64_t lane_number = 9) {
  for (unsigned index = 0; index < raw.ring().slot_count; ++index) {
    if (index == raw.head_index()) continue;
    ASSERT_TRUE(lane.try_shared(lock_item(Family::slot, raw.slot_id(index), lane_number)));
  }
}
void unpin_all(RawFile& raw, LockFile& lane, std::uint64_t lane_number = 9) {
  for (unsigned index = 0; index < raw.ring().slot_count; ++index) {
    lane.unlock(lock_item(Family::slot, raw.slot_id(index), lane_number));
  }
}

}  // namespace

TEST_F(LocksTest, writer_holds_its_item_exclusively_from_open_to_close) {
  Writer writer = open_writer(path_);
  LockFile other(path_);
  auto found = other.query(kWriterItem);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->type, F_WRLCK);
  EXPECT_EQ(found->range.offset, kWriterItem.offset);
  EXPECT_EQ(found->range.bytes, kWriterItem.bytes);
  EXPECT_FALSE(other.try_shared(kWriterItem));
  close_and_keep(writer);
  EXPECT_FALSE(other.query(kWriterItem));
}

TEST_F(LocksTest, writer_item_is_free_after_a_kill) {
  Child writer_process(
      [](const Results& results, const std::string& path) {
        Writer writer = open_writer(path);
        publish(writer);
        results.send(1);
        sleep_for_ever();
        return 0;
      },
      path_);
  int ready = 0;
  ASSERT_TRUE(writer_process.receive(ready));
  EXPECT_TRUE(writer_lock_is_held(path_));
  writer_process.kill_and_reap();
  EXPECT_FALSE(writer_lock_is_held(path_));
}

TEST_F(LocksTest, writer_item_is_still_held_by_a_stopped_writer) {
  Child writer_process(
      [](const Results& results, const std::string& path) {
        Writer writer = open_writer(path);
        results.send(1);
        sleep_for_ever();
        return 0;
      },
      path_);
  int ready = 0;
  ASSERT_TRUE(writer_process.receive(ready));
  writer_process.stop();
  EXPECT_TRUE(writer_lock_is_held(path_));
  EXPECT_EQ(try_writer(path_).error.status, MMAPVIDEO_ALREADY_WRITING);
}

TEST_F(LocksTest, shared_lock_on_the_writer_item_shadows_it) {
  write_bytes(path_, "");
  LockFile hostile(path_, O_RDONLY);
  ASSERT_TRUE(hostile.try_shared(kWriterItem));
  WriterAttempt attempt = try_writer(path_);
  EXPECT_FALSE(attempt.writer);
  EXPECT_EQ(attempt.error.status, MMAPVIDEO_ALREADY_WRITING);
  hostile.unlock(kWriterItem);
  EXPECT_TRUE(try_writer(path_).writer);
}

TEST_F(LocksTest, attached_reader_shows_one_shared_item_in_a_lane_of_its_own) {
  ForgedFile file(path_);
  file.publish();
  std::set<std::uint64_t> offsets;
  for (int i = 0; i < 5; ++i) {
    Reader reader = open_reader(path_);
    ASSERT_EQ(take(reader).status, MMAPVIDEO_OK);
    auto found = LockFile(path_, O_RDONLY).list(kAllReaders);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].type, F_RDLCK);
    EXPECT_EQ(found[0].range.bytes, 16u);
    EXPECT_EQ((found[0].range.offset - kAllReaders.offset) % 16, 0u);
    EXPECT_NE(found[0].range.offset, kAllReaders.offset) << "lane 0 is nobody's";
    offsets.insert(found[0].range.offset);
  }
  EXPECT_GT(offsets.size(), 1u) << "lanes are drawn, not counted";
}

TEST_F(LocksTest, readers_are_counted_by_their_items) {
  Writer writer = open_writer(path_);
  publish(writer);
  EXPECT_EQ(stats_of(writer).reader_count, 0u);
  std::vector<Reader> readers;
  for (std::uint32_t count = 1; count <= 5; ++count) {
    readers.push_back(open_reader(path_));
    ASSERT_EQ(take(readers.back()).status, MMAPVIDEO_OK);
    EXPECT_EQ(attached_readers(path_), count);
    EXPECT_EQ(stats_of(writer).reader_count, count);
  }
  readers.resize(2);
  EXPECT_EQ(attached_readers(path_), 2u);
  EXPECT_EQ(stats_of(writer).reader_count, 2u);
}

TEST_F(LocksTest, item_of_a_reader_is_gone_after_a_kill) {
  Writer writer = open_writer(path_);
  publish(writer);
  // The child shares the writer's descriptor and its locks; the reader's it opens for itself.
  Child reader_process(
      [](const Results& results, const std::string& path) {
        Reader reader = open_reader(path);
        results.send(next_frame(reader).status);
        sleep_for_ever();
        return 0;
      },
      path_);
  mmapvideo_status status;
  ASSERT_TRUE(reader_process.receive(status));
  EXPECT_EQ(status, MMAPVIDEO_OK);
  EXPECT_EQ(attached_readers(path_), 1u);
  reader_process.stop();
  EXPECT_EQ(attached_readers(path_), 1u);
  reader_process.kill_and_reap();
  EXPECT_EQ(attached_readers(path_), 0u);
  EXPECT_EQ(stats_of(writer).reader_count, 0u);
}

TEST_F(LocksTest, reader_in_copy_mode_locks_no_slot) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_OK);
  for (unsigned index = 0; index < 4; ++index) {
    EXPECT_FALSE(LockFile(path_).query(all_lanes(Family::slot, file.raw().slot_id(index))));
  }
}

TEST_F(LocksTest, writer_locks_no_slot_while_it_writes) {
  Writer writer = open_writer(path_);
  publish(writer);
  for (bool commit : {true, false}) {
    mmapvideo_slot_view view = take_slot(writer);
    EXPECT_TRUE(is_taken(path_, view.slot_index));
    if (commit)
      EXPECT_EQ(commit_slot(writer, view), MMAPVIDEO_OK);
    else
      abort_slot(writer, view);
    EXPECT_TRUE(is_unlocked(path_, view.slot_index));
  }
}

// SPEC 5: the stamp first, then the question. Locks that come between would be missed otherwise.
TEST_F(LocksTest, slot_that_turns_out_to_be_leased_is_as_it_was) {
  Writer writer = open_writer(path_, 4);
  for (int i = 0; i < 4; ++i) publish(writer, 0x99);
  RawFile raw(path_);
  LockFile lane(path_, O_RDONLY);
  std::vector<std::uint64_t> stamps;
  for (unsigned index = 0; index < 4; ++index) {
    stamps.push_back(load(raw.slot(index).stamp));
    ASSERT_TRUE(lane.try_shared(lock_item(Family::slot, raw.slot_id(index), 9)));
  }
  mmapvideo_slot_view none = {};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(begin_slot(writer, none), MMAPVIDEO_NO_FREE_SLOT);
    for (unsigned index = 0; index < 4; ++index) {
      EXPECT_EQ(load(raw.slot(index).stamp), stamps[index]);
    }
  }
}

TEST_F(LocksTest, writer_skips_a_slot_that_a_reader_holds) {
  Writer writer = open_writer(path_, 4);
  for (int i = 0; i < 4; ++i) publish(writer, 0x99);
  RawFile raw(path_);
  int held = raw.find(2);
  ASSERT_GE(held, 0);
  auto index = static_cast<unsigned>(held);
  for (std::uint64_t lane :
       {std::uint64_t{1}, std::uint64_t{12345}, (std::uint64_t{1} << 32) - 1}) {
    LockFile reader(path_, O_RDONLY);
    ASSERT_TRUE(reader.try_shared(lock_item(Family::slot, raw.slot_id(index), lane)));
    for (int i = 0; i < 9; ++i) EXPECT_NE(publish(writer, 0), 0u);
    EXPECT_EQ(raw.slot(index).stamp, 4u);
    EXPECT_EQ(raw.payload(index)[100 * 8], std::byte{0x99});
  }
  for (int i = 0; i < 4; ++i) publish(writer, 0);
  EXPECT_NE(raw.slot(index).stamp, 4u);
  EXPECT_EQ(stats_of(writer).dropped_count, 0u);
}

TEST_F(LocksTest, lock_on_the_neighbour_of_a_slot_does_not_hold_it) {
  Writer writer = open_writer(path_, 2);
  publish(writer);
  RawFile raw(path_);
  unsigned free_index = 1 - raw.head_index();
  LockFile reader(path_, O_RDONLY);
  LockRange range = all_lanes(Family::slot, raw.slot_id(free_index));
  ASSERT_TRUE(reader.try_shared({range.offset - 16, 16}));
  ASSERT_TRUE(reader.try_shared({range.offset + range.bytes, 16}));
  EXPECT_EQ(publish(writer), 2u);
  EXPECT_EQ(static_cast<int>(free_index), raw.find(2));
}

TEST_F(LocksTest, frame_without_a_free_slot_is_dropped_and_its_number_spent) {
  Writer writer = open_writer(path_, 4);
  for (int i = 0; i < 4; ++i) publish(writer);
  for (auto delivery : {MMAPVIDEO_DELIVERY_LATEST, MMAPVIDEO_DELIVERY_EVERY_FRAME}) {
    RawFile raw(path_);
    Reader reader = open_reader(path_, delivery);
    std::uint64_t last = take(reader).number;
    std::uint64_t dropped = raw.header().dropped_count;
    LockFile lane(path_, O_RDONLY);
    pin_all_but_the_head(raw, lane);
    EXPECT_EQ(try_publish(writer, grey_info()), MMAPVIDEO_NO_FREE_SLOT);
    EXPECT_EQ(try_publish(writer, grey_info()), MMAPVIDEO_NO_FREE_SLOT);
    EXPECT_EQ(raw.header().dropped_count, dropped + 2);
    EXPECT_EQ(stats_of(writer).dropped_count, dropped + 2);
    EXPECT_EQ(raw.header().head_number, last);
    EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
    unpin_all(raw, lane);
    EXPECT_EQ(publish(writer, 1), last + 3);
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, last + 3);
    EXPECT_EQ(taken.skipped, 2u);
  }
}

TEST_F(LocksTest, newest_frame_stays_whole_while_everything_is_pinned) {
  Writer writer = open_writer(path_, 3);
  for (int i = 0; i < 3; ++i) publish(writer, 0x42);
  RawFile raw(path_);
  LockFile lane(path_, O_RDONLY);
  pin_all_but_the_head(raw, lane);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(try_publish(writer, grey_info()), MMAPVIDEO_NO_FREE_SLOT);
  Taken taken = take(open_reader(path_));
  EXPECT_EQ(taken.number, 3u);
  EXPECT_TRUE(all_words_are(taken.payload, 0x42));
}

TEST_F(LocksTest, one_free_slot_is_enough) {
  Writer writer = open_writer(path_, 4);
  for (int i = 0; i < 4; ++i) publish(writer);
  RawFile raw(path_);
  LockFile lane(path_, O_RDONLY);
  unsigned head = raw.head_index();
  unsigned free_index = (head + 2) % 4;
  for (unsigned index = 0; index < 4; ++index) {
    if (index == head || index == free_index) continue;
    ASSERT_TRUE(lane.try_shared(lock_item(Family::slot, raw.slot_id(index), 9)));
  }
  // From now on the two free slots alternate: the head is never rewritten.
  for (std::uint64_t number = 5; number <= 12; ++number) {
    unsigned former_head = raw.head_index();
    EXPECT_EQ(publish(writer), number);
    EXPECT_NE(raw.head_index(), former_head);
  }
}

TEST_F(LocksTest, lock_of_a_slot_of_a_former_generation_does_not_hold_a_new_one) {
  Writer writer = open_writer(path_, 2);
  publish(writer);
  RawFile raw(path_);
  std::uint64_t former_ids[] = {raw.slot_id(0), raw.slot_id(1)};
  LockFile lane(path_, O_RDONLY);
  publish(writer, 0, 300'000);
  for (std::uint64_t id : former_ids) ASSERT_TRUE(lane.try_shared(lock_item(Family::slot, id, 3)));
  for (std::uint64_t number = 3; number <= 8; ++number) {
    EXPECT_EQ(publish(writer, 0, 300'000), number);
  }
}

TEST_F(LocksTest, reader_draws_a_lane_beside_those_that_are_taken) {
  ForgedFile file(path_);
  file.publish();
  LockFile others(path_, O_RDONLY);
  for (std::uint64_t lane : {3u, 5u, 7u}) {
    ASSERT_TRUE(others.try_shared(lock_item(Family::reader, 0, lane)));
  }
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).status, MMAPVIDEO_OK);
  EXPECT_EQ(attached_readers(path_), 4u);
}

TEST_F(LocksTest, reader_attaches_even_where_every_lane_is_taken) {
  ForgedFile file(path_);
  file.publish();
  LockFile hostile(path_);
  ASSERT_TRUE(hostile.try_shared(kAllReaders));
  Reader reader = open_reader(path_);
  EXPECT_EQ(take(reader).number, 1u);
}

TEST_F(LocksTest, reader_in_copy_mode_works_where_every_reader_lock_is_denied) {
  ForgedFile file(path_);
  file.publish();
  LockFile hostile(path_);
  ASSERT_TRUE(hostile.try_exclusive(kAllReaders));
  Reader reader = open_reader(path_);
  EXPECT_EQ(take(reader).number, 1u);
}
