// SPDX-License-Identifier: MIT
// Crash and restart (SPEC 10): each row of the table, made by poking bytes, then a library writer
// takes over.
#include <gtest/gtest.h>

#include <cstring>

#include "support/child.hpp"
#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"

using namespace mmapvideo_test;
using TakeoverTest = FileTest;

namespace {

std::string file_id_of(const std::string& path) { return read_bytes(path).substr(32, 16); }

}  // namespace

TEST_F(TakeoverTest, numbers_go_on_in_the_same_file) {
  ForgedFile file(path_);
  for (int i = 0; i < 6; ++i) file.publish();
  file.drop_writer_lock();
  const auto before = stat_of(path_);
  std::string id = file_id_of(path_);
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(publish(writer), 7u);
  EXPECT_EQ(stat_of(path_).st_ino, before.st_ino);
  EXPECT_EQ(stat_of(path_).st_size, before.st_size);
  EXPECT_EQ(file_id_of(path_), id);
}

TEST_F(TakeoverTest, new_session_is_described_anew) {
  ForgedFile file(path_);
  file.publish();
  mmapvideo_file_header& header = file.header();
  header.frame_count = header.dropped_count = header.byte_count = 99;
  header.wait_count = header.passed_over_count = 99;
  header.clock_id = 99;
  file.drop_writer_lock();
  std::uint32_t published = load(header.published);
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(header.session_count, 2u);
  EXPECT_NE(header.session_id, 0x1111u);
  EXPECT_NE(header.session_id, 0u);
  EXPECT_EQ(header.session_first_number, 2u);
  EXPECT_EQ(header.state, MMAPVIDEO_STATE_EMPTY);
  EXPECT_EQ(header.frame_count, 0u);
  EXPECT_EQ(header.dropped_count, 0u);
  EXPECT_EQ(header.byte_count, 0u);
  EXPECT_EQ(header.wait_count, 0u);
  EXPECT_EQ(header.passed_over_count, 0u);
  EXPECT_EQ(load(header.published), published + 1);
  const Writer of_another_file = open_writer(dir_ / "new");
  EXPECT_EQ(header.clock_id, RawFile(dir_ / "new").header().clock_id);
  EXPECT_NE(header.clock_id, 99u);
}

TEST_F(TakeoverTest, slot_that_was_being_written_is_emptied_and_a_claimed_one_keeps_its_frame) {
  ForgedFile file(path_);
  file.publish();
  file.publish();
  file.start_slot(2);
  store(file.slot(0).stamp, 3u);  // frame 1 is whole: its writer died looking for leases
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(load(file.slot(0).stamp), 2u);
  EXPECT_EQ(load(file.slot(2).stamp), 0u);
  EXPECT_EQ(load(file.slot(1).stamp), 4u);
  EXPECT_EQ(load(file.header().head_number), 2u);
  EXPECT_EQ(publish(writer), 3u);
}

TEST_F(TakeoverTest, claimed_slot_of_the_former_ring_keeps_its_frame) {
  ForgedFile file(path_);
  file.publish();
  const mmapvideo_ring former = file.raw().ring();
  file.grow({});
  file.publish();
  mmapvideo_slot_header& claimed = file.raw().slot(former, 0);
  LockFile lane(path_, O_RDONLY);
  ASSERT_TRUE(lane.try_shared(lock_item(Family::slot, former.first_slot_id, 9)));
  store(claimed.stamp, 3u);
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(load(claimed.stamp), 2u) << "the frame is leased and whole";
}

TEST_F(TakeoverTest, stamp_of_no_possible_frame_is_emptied_in_either_ring) {
  constexpr std::uint64_t beyond = std::uint64_t{1} << 63;
  ForgedFile file(path_);
  file.publish();
  const mmapvideo_ring former = file.raw().ring();
  file.grow({});
  file.publish();
  store(file.raw().slot(former, 1).stamp, beyond);
  store(file.raw().slot(former, 2).stamp, UINT64_MAX);
  store(file.slot(1).stamp, beyond + 1);
  store(file.slot(2).stamp, UINT64_MAX - 1);
  // What is leased is not given back, which would empty it as well.
  LockFile lane(path_, O_RDONLY);
  for (std::uint32_t index = 1; index < 3; ++index)
    ASSERT_TRUE(lane.try_shared(lock_item(Family::slot, former.first_slot_id + index, 9)));
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  for (unsigned index = 1; index < 3; ++index) {
    EXPECT_EQ(load(file.raw().slot(former, index).stamp), 0u) << index;
    EXPECT_EQ(load(file.slot(index).stamp), 0u) << index;
  }
  EXPECT_EQ(load(file.header().head_number), 2u);
  EXPECT_EQ(publish(writer), 3u);
}

TEST_F(TakeoverTest, former_ring_has_no_say_in_the_head_and_the_next_number) {
  ForgedFile file(path_);
  file.publish();
  const mmapvideo_ring former = file.raw().ring();
  file.grow({});
  file.publish();
  store(file.raw().slot(former, 1).stamp, std::uint64_t{2 * 50});
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(load(file.header().head_number), 2u);
  EXPECT_EQ(publish(writer), 3u);
}

TEST_F(TakeoverTest, complete_slot_above_the_head_becomes_the_head) {
  ForgedFile file(path_);
  file.publish();
  unsigned index = file.next_index();
  std::uint64_t number = file.write_slot();
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(load(file.header().head_number), number);
  EXPECT_EQ(file.raw().head_index(), index);
  EXPECT_EQ(publish(writer), number + 1);
}

TEST_F(TakeoverTest, frame_that_the_dead_writer_had_finished_reaches_an_attached_reader) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_, MMAPVIDEO_DELIVERY_EVERY_FRAME);
  ASSERT_EQ(take(reader).number, 1u);
  file.write_slot();
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  publish(writer, 3);
  for (std::uint64_t number = 2; number <= 3; ++number) {
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_EQ(taken.new_session, number == 3);
    EXPECT_TRUE(all_words_are(taken.payload, number));
  }
}

TEST_F(TakeoverTest, head_slot_id_stored_without_head_number_is_repaired) {
  ForgedFile file(path_);
  file.publish();
  unsigned index = file.next_index();
  file.write_slot();
  store(file.header().head_slot_id, file.raw().slot_id(index));
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(load(file.header().head_number), 2u);
  EXPECT_EQ(file.raw().head_index(), index);
}

TEST_F(TakeoverTest, half_written_descriptor_does_no_harm) {
  ForgedFile file(path_);
  file.publish();
  std::memset(&file.raw().other_ring(), 0xa5, sizeof(mmapvideo_ring));
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(publish(writer), 2u);
  EXPECT_EQ(publish(writer, 3, 300'000), 3u);
  EXPECT_EQ(load(file.header().ring_generation), 2u);
  EXPECT_EQ(take(open_reader(path_)).number, 3u);
}

TEST_F(TakeoverTest, descriptor_complete_but_not_published_does_no_harm) {
  ForgedFile file(path_);
  file.publish();
  mmapvideo_ring next = file.raw().ring();
  next.generation = 2;
  next.offset = 1 << 30;
  file.raw().other_ring() = next;
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(publish(writer), 2u);
  EXPECT_EQ(publish(writer, 3, 300'000), 3u);
  EXPECT_EQ(take(open_reader(path_)).number, 3u);
}

// A writer that dies while it writes the next descriptor leaves a mixture of it and the one of the
// former ring, which may pass for valid and reach into the present ring.
TEST_F(TakeoverTest, mixture_of_two_descriptors_does_not_spoil_the_present_ring) {
  ForgedFile file(path_);
  file.publish();
  file.grow({.slot_count = 4, .payload_capacity = 300'000});
  for (int i = 0; i < 4; ++i) file.publish(grey_info(256'000));
  mmapvideo_ring& former = file.raw().other_ring();
  former.slot_stride = file.raw().ring().slot_stride;
  ASSERT_GT(former.offset + former.slot_stride * former.slot_count, file.raw().ring().offset);
  ASSERT_LE(former.offset + former.slot_stride * former.slot_count, file.raw().size());
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  for (unsigned index = 0; index < 4; ++index) {
    std::uint64_t number = 2 + index;
    EXPECT_EQ(load(file.slot(index).stamp), 2 * number);
    std::vector<std::byte> payload(file.raw().payload(index), file.raw().payload(index) + 256'000);
    EXPECT_TRUE(all_words_are(payload, number)) << "frame " << number << " was spoilt";
  }
}

TEST_F(TakeoverTest, space_without_a_descriptor_is_given_back) {
  ForgedFile file(path_);
  file.publish();
  file.drop_writer_lock();
  const std::uint64_t appended = 8 << 20;
  append_space(path_, appended);
  std::uint64_t before = allocated_bytes(path_);
  std::uint64_t size = RawFile(path_).size();
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(publish(writer), 2u);
  EXPECT_LE(allocated_bytes(path_), before - appended / 2);
  EXPECT_GE(RawFile(path_).size(), size);
}

TEST_F(TakeoverTest, growth_begins_behind_space_without_a_descriptor) {
  ForgedFile file(path_);
  file.publish();
  file.drop_writer_lock();
  append_space(path_, 100'000);
  std::uint64_t size = RawFile(path_).size();
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(publish(writer, 2, 300'000), 2u);
  RawFile raw(path_);
  EXPECT_GE(raw.ring().offset, size);
  EXPECT_EQ(raw.ring().offset % 65536, 0u);
}

TEST_F(TakeoverTest, former_ring_is_given_back) {
  ForgedFile file(path_, {.slot_count = 4, .payload_capacity = 1 << 20});
  for (int i = 0; i < 4; ++i) file.publish(grey_info(1 << 20));
  file.grow({.slot_count = 4, .payload_capacity = 2 << 20});
  file.publish(grey_info(2 << 20));
  file.drop_writer_lock();
  std::uint64_t before = allocated_bytes(path_);
  Writer writer = open_writer(path_, 0);
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_EQ(load(file.raw().slot(file.raw().other_ring(), i).stamp), 0u);
  }
  // The new ring may have been touched meanwhile (at most all of it), the former must be gone.
  RawFile raw(path_);
  std::uint64_t ring_bytes = raw.ring().slot_count * raw.ring().slot_stride;
  EXPECT_LE(allocated_bytes(path_), ring_bytes + (1 << 20));
  EXPECT_GT(before, std::uint64_t{4} << 20);
  EXPECT_EQ(publish(writer), 6u);
}

TEST_F(TakeoverTest, generation_published_without_a_frame_keeps_the_numbers) {
  ForgedFile file(path_);
  file.publish();
  file.publish();
  file.grow({.slot_count = 4, .payload_capacity = 300'000});
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  Reader reader = open_reader(path_);
  EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(publish(writer, 3), 3u);
  EXPECT_EQ(take(reader).number, 3u);
}

TEST_F(TakeoverTest, session_that_was_forming_is_started_again) {
  ForgedFile file(path_);
  file.publish();
  store(file.header().state, MMAPVIDEO_STATE_FORMING);
  store(file.header().session_id, 0);
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(load(file.header().state), MMAPVIDEO_STATE_EMPTY);
  EXPECT_NE(load(file.header().session_id), 0u);
  EXPECT_EQ(publish(writer), 2u);
}

TEST_F(TakeoverTest, spent_numbers_do_not_come_back_below_the_head) {
  ForgedFile file(path_);
  file.publish();
  for (int i = 0; i < 5; ++i) file.spend_a_number();
  file.publish();
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  EXPECT_EQ(publish(writer), 8u);
}

TEST_F(TakeoverTest, ended_session_is_followed_by_another_in_place) {
  Writer first = open_writer(path_);
  for (int i = 0; i < 3; ++i) publish(first);
  close_and_keep(first);
  const auto inode = stat_of(path_).st_ino;
  Writer second = open_writer(path_);
  EXPECT_EQ(publish(second), 4u);
  EXPECT_EQ(stat_of(path_).st_ino, inode);
  EXPECT_EQ(RawFile(path_).header().session_count, 2u);
}

TEST_F(TakeoverTest, ring_is_kept_when_frames_fit_and_no_other_depth_is_asked_for) {
  ForgedFile file(path_, {.slot_count = 5});
  file.publish();
  for (unsigned slot_count : {0u, 5u}) {
    file.drop_writer_lock();
    Writer writer = open_writer(path_, slot_count);
    publish(writer);
    EXPECT_EQ(load(file.header().ring_generation), 1u);
    EXPECT_EQ(stats_of(writer).slot_count, 5u);
    close_and_keep(writer);
  }
}

TEST_F(TakeoverTest, another_depth_makes_another_ring_and_readers_follow) {
  ForgedFile file(path_, {.slot_count = 4});
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 6);
  EXPECT_EQ(publish(writer, 2), 2u);
  EXPECT_EQ(load(file.header().ring_generation), 2u);
  EXPECT_EQ(stats_of(writer).slot_count, 6u);
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 2u);
  EXPECT_EQ(taken.skipped, 0u);
  EXPECT_TRUE(all_words_are(taken.payload, 2));
}

TEST_F(TakeoverTest, another_boot_changes_nothing_but_the_clock) {
  ForgedFile file(path_);
  file.publish();
  std::memset(file.header().boot_id, 0x77, 16);
  file.header().clock_namespace = 77;
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  Reader reader = open_reader(path_);
  EXPECT_EQ(publish(writer, 2), 2u);
  EXPECT_EQ(take(reader).number, 2u);
  EXPECT_EQ(stats_of(reader).clock_comparable, 1u);
}

TEST_F(TakeoverTest, attached_reader_keeps_its_file_over_many_restarts) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_, MMAPVIDEO_DELIVERY_EVERY_FRAME);
  ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  file.drop_writer_lock();
  for (std::uint64_t number = 1; number <= 10; ++number) {
    Writer writer = open_writer(path_, 0);
    ASSERT_EQ(publish(writer, number), number);
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_TRUE(taken.new_session);
    close_and_keep(writer);
    EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
  }
  EXPECT_EQ(stats_of(reader).attach_count, 1u);
}

TEST_F(TakeoverTest, slot_ids_wrap_around) {
  ForgedFile file(path_, {.slot_count = 4, .first_slot_id = (1u << 24) - 2});
  file.publish();
  file.drop_writer_lock();
  Writer writer = open_writer(path_, 0);
  Reader reader = open_reader(path_, MMAPVIDEO_DELIVERY_EVERY_FRAME);
  for (std::uint64_t number = 2; number <= 10; ++number) {
    ASSERT_EQ(publish(writer, number), number);
    EXPECT_EQ(take(reader).number, number);
  }
  ASSERT_EQ(publish(writer, 11, 300'000), 11u);
  EXPECT_EQ(file.raw().ring().first_slot_id, 2u);
  EXPECT_EQ(take(reader).number, 11u);
}

TEST_F(TakeoverTest, no_number_beyond_the_largest_is_published) {
  ForgedFile file(path_);
  file.publish();
  store(file.header().head_number, MMAPVIDEO_MAX_FRAME_NUMBER);
  file.drop_writer_lock();
  WriterAttempt attempt = try_writer(path_, 0);
  if (attempt.writer) try_publish(attempt.writer, grey_info());
  EXPECT_LE(load(file.header().head_number), MMAPVIDEO_MAX_FRAME_NUMBER);
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_LE(load(file.slot(i).stamp), 2 * MMAPVIDEO_MAX_FRAME_NUMBER) << i;
  }
}

TEST_F(TakeoverTest, killed_writer_is_replaced_in_place) {
  Child first(
      [](const Results& results, const std::string& path) {
        Writer writer = open_writer(path);
        publish(writer, 1);
        mmapvideo_slot_view view = {};
        mmapvideo_writer_begin(writer.get(), kFrameBytes, 10, 0, &view, nullptr);
        fill_words(view.payload, kFrameBytes, 0xbad);
        results.send(view.slot_index);
        sleep_for_ever();
        return 0;
      },
      path_);
  std::uint32_t taken_slot = 0;
  ASSERT_TRUE(first.receive(taken_slot));
  first.kill_and_reap();
  EXPECT_FALSE(writer_lock_is_held(path_));
  Writer second = open_writer(path_);
  EXPECT_EQ(load(RawFile(path_).slot(taken_slot).stamp), 0u);
  EXPECT_EQ(publish(second, 2), 2u);
  Taken taken = take(open_reader(path_));
  EXPECT_EQ(taken.number, 2u);
  EXPECT_TRUE(all_words_are(taken.payload, 2));
}
