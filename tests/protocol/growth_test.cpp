// SPDX-License-Identifier: MIT
// Growth (SPEC 11): a frame that does not fit gets a new ring; readers follow, memory comes back.
#include <gtest/gtest.h>

#include <thread>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"

using namespace mmapvideo_test;
using GrowthTest = FileTest;

namespace {

constexpr std::uint64_t kSmall = 64 * 1024;
constexpr std::uint64_t kLarge = 1024 * 1024;

std::uint64_t ring_bytes(const mmapvideo_ring& ring) { return ring.slot_stride * ring.slot_count; }

}  // namespace

TEST_F(GrowthTest, larger_frame_gets_a_ring_behind_the_present_one) {
  Writer writer = open_writer(path_, 4);
  publish(writer, 1, kSmall);
  RawFile raw(path_);
  mmapvideo_ring former = raw.ring();
  std::uint64_t size = raw.size();
  publish(writer, 2, kLarge);
  raw.remap();
  EXPECT_EQ(raw.header().ring_generation, 2u);
  EXPECT_EQ(raw.ring().generation, 2u);
  EXPECT_EQ(raw.ring().offset, (size + 65535) / 65536 * 65536);
  EXPECT_EQ(raw.ring().first_slot_id, former.first_slot_id + former.slot_count);
  EXPECT_EQ(raw.ring().slot_count, 4u);
  EXPECT_GE(raw.ring().payload_capacity, kLarge);
  EXPECT_EQ(std::memcmp(&raw.other_ring(), &former, sizeof former), 0);
  EXPECT_EQ(raw.slot(raw.head_index()).stamp, 4u);
}

TEST_F(GrowthTest, readers_follow_a_larger_frame) {
  Writer writer = open_writer(path_);
  publish(writer, 1, kSmall);
  Reader latest = open_reader(path_);
  Reader every = open_reader(path_, kEveryFrame);
  ASSERT_EQ(take(latest).number, 1u);
  ASSERT_EQ(take(every).number, 1u);
  publish(writer, 2, kLarge);
  for (const Reader* reader : {&latest, &every}) {
    Taken taken = take(*reader);
    EXPECT_EQ(taken.number, 2u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_EQ(taken.payload.size(), kLarge);
    EXPECT_TRUE(all_words_are(taken.payload, 2));
    EXPECT_EQ(stats_of(*reader).attach_count, 1u);
  }
}

TEST_F(GrowthTest, waiting_reader_follows_a_larger_frame) {
  Writer writer = open_writer(path_);
  publish(writer, 1, kSmall);
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  std::thread other([&writer] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    publish(writer, 2, kLarge);
  });
  EXPECT_EQ(take(reader).number, 2u);
  other.join();
}

TEST_F(GrowthTest, unread_frames_of_the_former_ring_come_first_and_in_order) {
  Writer writer = open_writer(path_, 8);
  publish(writer, 1, kSmall);
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(take(reader).number, 1u);
  for (std::uint64_t number = 2; number <= 5; ++number) publish(writer, number, kSmall);
  for (std::uint64_t number = 6; number <= 9; ++number) publish(writer, number, kLarge);
  for (std::uint64_t number = 2; number <= 9; ++number) {
    Taken taken = take(reader);
    ASSERT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_EQ(taken.payload.size(), number < 6 ? kSmall : kLarge);
    EXPECT_TRUE(all_words_are(taken.payload, number));
  }
}

// The same with the former ring half read and wrapped, by a writer that is not the library.
TEST_F(GrowthTest, unread_frames_of_a_forged_former_ring_come_first_and_in_order) {
  ForgedFile file(path_, {.slot_count = 5});
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  for (std::uint64_t number = 1; number <= 7; ++number) {
    file.publish();
    ASSERT_EQ(take(reader).number, number);
  }
  for (int i = 0; i < 3; ++i) file.publish();
  file.grow({.slot_count = 3, .payload_capacity = 300'000});
  for (int i = 0; i < 3; ++i) file.publish(grey_info(256'000));
  for (std::uint64_t number = 8; number <= 13; ++number) {
    Taken taken = take(reader);
    ASSERT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_TRUE(all_words_are(taken.payload, number));
  }
}

TEST_F(GrowthTest, reader_that_missed_whole_rings_counts_exactly) {
  for (auto delivery : {MMAPVIDEO_DELIVERY_LATEST, kEveryFrame}) {
    Writer writer = open_writer(path_, 4);
    publish(writer, 1, kSmall);
    Reader reader = open_reader(path_, delivery);
    ASSERT_EQ(take(reader).number, 1u);
    std::uint64_t last = 1;
    for (std::uint64_t bytes = 2 * kSmall; bytes <= 32 * kSmall; bytes *= 2) {
      for (int i = 0; i < 3; ++i) last = publish(writer, last + 1, bytes);
    }
    std::uint64_t delivered = 1, skipped = 0, number = 1;
    while (number < last) {
      Taken taken = take(reader);
      ASSERT_EQ(taken.status, MMAPVIDEO_OK);
      EXPECT_EQ(taken.skipped, taken.number - number - 1);
      EXPECT_TRUE(all_words_are(taken.payload, taken.number));
      number = taken.number;
      delivered += 1;
      skipped += taken.skipped;
    }
    EXPECT_EQ(number, last);
    EXPECT_EQ(delivered + skipped, last);
  }
}

TEST_F(GrowthTest, late_reader_starts_in_the_new_ring) {
  for (auto delivery : {MMAPVIDEO_DELIVERY_LATEST, kEveryFrame}) {
    Writer writer = open_writer(path_);
    publish(writer, 1, kSmall);
    publish(writer, 2, kLarge);
    Taken taken = take(open_reader(path_, delivery));
    EXPECT_EQ(taken.number, 2u);
    EXPECT_EQ(taken.skipped, 0u);
  }
}

TEST_F(GrowthTest, smaller_frame_stays_in_the_larger_ring) {
  Writer writer = open_writer(path_);
  Reader reader = open_reader(path_);
  publish(writer, 1, kLarge);
  ASSERT_EQ(take(reader).number, 1u);
  publish(writer, 2, 64);
  EXPECT_EQ(RawFile(path_).header().ring_generation, 1u);
  EXPECT_EQ(take(reader).payload.size(), 64u);
}

TEST_F(GrowthTest, caps_too_long_for_their_place_make_a_ring_with_room) {
  Writer writer = open_writer(path_);
  Reader reader = open_reader(path_);
  publish(writer);
  ASSERT_EQ(take(reader).number, 1u);
  std::string caps = "video/x-raw, format=(string)GRAY8, note=(string)";
  caps += std::string(100'000, 'n');
  mmapvideo_error error = {};
  ASSERT_EQ(try_publish(writer, grey_info(kFrameBytes, caps), caps, "", &error), MMAPVIDEO_OK)
      << error.message;
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 2u);
  EXPECT_EQ(taken.caps, caps);
  EXPECT_EQ(RawFile(path_).header().ring_generation, 2u);
}

TEST_F(GrowthTest, metadata_too_long_for_its_place_makes_a_ring_with_room) {
  Writer writer = open_writer(path_);
  Reader reader = open_reader(path_);
  publish(writer);
  ASSERT_EQ(take(reader).number, 1u);
  std::string metadata(500'000, 'm');
  mmapvideo_frame_info info = grey_info();
  info.metadata_bytes = metadata.size();
  ASSERT_EQ(try_publish(writer, info, kCaps, metadata), MMAPVIDEO_OK);
  EXPECT_EQ(take(reader).metadata, metadata);
  EXPECT_GE(RawFile(path_).ring().metadata_capacity, metadata.size());
}

TEST_F(GrowthTest, room_for_caps_and_metadata_is_kept_when_the_payload_grows) {
  Writer writer = open_writer(path_);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), 64, 50'000, 70'000, 0, nullptr), MMAPVIDEO_OK);
  publish(writer, 1, kLarge);
  std::string caps(50'000, 'c'), metadata(70'000, 'm');
  mmapvideo_frame_info info = grey_info(kLarge, caps);
  info.metadata_bytes = metadata.size();
  ASSERT_EQ(try_publish(writer, info, caps, metadata), MMAPVIDEO_OK);
  Taken taken = take(open_reader(path_));
  EXPECT_EQ(taken.caps, caps);
  EXPECT_EQ(taken.metadata, metadata);
}

TEST_F(GrowthTest, file_never_shrinks) {
  Writer writer = open_writer(path_, 3);
  std::uint64_t size = 0;
  for (std::uint64_t bytes : {kSmall, kLarge, kSmall, 2 * kLarge, kSmall, kSmall, 4 * kLarge}) {
    for (int i = 0; i < 5; ++i) {
      publish(writer, 0, bytes);
      std::uint64_t now = RawFile(path_).size();
      EXPECT_GE(now, size);
      size = now;
    }
  }
  close_and_keep(writer);
  EXPECT_GE(RawFile(path_).size(), size);
  writer = open_writer(path_, 3);
  EXPECT_GE(RawFile(path_).size(), size);
}

TEST_F(GrowthTest, former_ring_is_given_back_after_one_round) {
  Writer writer = open_writer(path_, 4);
  for (int i = 0; i < 8; ++i) publish(writer, 0, kLarge);
  for (int i = 0; i < 12; ++i) publish(writer, 0, 2 * kLarge);
  RawFile raw(path_);
  EXPECT_LE(allocated_bytes(path_), ring_bytes(raw.ring()) + 65536);
  for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(raw.slot(raw.other_ring(), i).stamp, 0u);
}

TEST_F(GrowthTest, former_ring_stays_until_the_new_one_has_gone_round) {
  Writer writer = open_writer(path_, 4);
  for (int i = 0; i < 4; ++i) publish(writer, 0, kSmall);
  publish(writer, 0, kLarge);
  RawFile raw(path_);
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_EQ(raw.slot(raw.other_ring(), i).stamp % 2, 0u);
    EXPECT_NE(raw.slot(raw.other_ring(), i).stamp, 0u);
  }
}

TEST_F(GrowthTest, ring_before_the_former_one_is_given_back_at_once) {
  Writer writer = open_writer(path_, 4);
  for (int i = 0; i < 4; ++i) publish(writer, 0, kLarge);
  RawFile raw(path_);
  mmapvideo_ring first = raw.ring();
  publish(writer, 0, 2 * kLarge);
  publish(writer, 0, 4 * kLarge);
  raw.remap();
  for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(raw.slot(first, i).stamp, 0u);
  std::uint64_t present = ring_bytes(raw.ring()) + ring_bytes(raw.other_ring());
  EXPECT_LE(allocated_bytes(path_), present + 65536);
}

TEST_F(GrowthTest, leased_slot_of_the_former_ring_is_given_back_later) {
  Writer writer = open_writer(path_, 4);
  for (int i = 0; i < 4; ++i) publish(writer, 7, kSmall);
  RawFile raw(path_);
  mmapvideo_ring former = raw.ring();
  LockFile reader(path_, O_RDONLY);
  LockRange lease = lock_item(Family::slot, raw.slot_id(former, 2), 4711);
  ASSERT_TRUE(reader.try_shared(lease));
  std::uint64_t stamp = raw.slot(former, 2).stamp;
  for (int i = 0; i < 12; ++i) publish(writer, 0, kLarge);
  raw.remap();
  EXPECT_EQ(raw.slot(former, 2).stamp, stamp);
  EXPECT_EQ(raw.slot_bytes(former, 2)[former.payload_offset], std::byte{7});
  EXPECT_EQ(raw.slot(former, 1).stamp, 0u);
  reader.unlock(lease);
  for (int i = 0; i < 12; ++i) publish(writer, 0, kLarge);
  EXPECT_EQ(raw.slot(former, 2).stamp, 0u);
  EXPECT_LE(allocated_bytes(path_), ring_bytes(raw.ring()) + 65536);
}

TEST_F(GrowthTest, copy_from_a_ring_that_was_given_back_says_overwritten) {
  Writer writer = open_writer(path_, 2);
  publish(writer, 1, kSmall);
  Reader reader = open_reader(path_);
  Taken taken = next_frame(reader);
  ASSERT_EQ(taken.number, 1u);
  for (int i = 0; i < 6; ++i) publish(writer, 0, kLarge);
  ASSERT_EQ(RawFile(path_).slot(RawFile(path_).other_ring(), 0).stamp, 0u);
  EXPECT_EQ(copy_payload(reader, taken), MMAPVIDEO_OVERWRITTEN);
  EXPECT_EQ(take(reader).number, 7u);
}

TEST_F(GrowthTest, head_of_the_former_ring_is_readable_until_the_first_frame_of_the_new_one) {
  Writer writer = open_writer(path_, 4);
  publish(writer, 1, kSmall);
  Reader reader = open_reader(path_);
  Reader every = open_reader(path_, kEveryFrame);
  ASSERT_EQ(take(reader).number, 1u);
  ASSERT_EQ(take(every).number, 1u);
  publish(writer, 2, kSmall);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), kLarge, 100, 0, 0, nullptr), MMAPVIDEO_OK);
  ASSERT_EQ(RawFile(path_).header().ring_generation, 2u);
  EXPECT_EQ(take(reader, kNoWait).number, 2u);
  EXPECT_EQ(take(every, kNoWait).number, 2u);
  publish(writer, 3, kLarge);
  EXPECT_EQ(take(reader).number, 3u);
  EXPECT_EQ(take(every).number, 3u);
}

// Its head lies in a ring that this reader never mapped: that must not keep the loss from it.
TEST_F(GrowthTest, reader_that_came_between_growth_and_frame_is_told_end_and_loss) {
  for (bool clean : {true, false}) {
    ForgedFile file(path_);
    file.publish();
    file.grow({.slot_count = 4, .payload_capacity = 300'000});
    Reader reader = open_reader(path_);
    ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
    if (clean) file.end_session();
    file.drop_writer_lock();
    mmapvideo_status expected = clean ? MMAPVIDEO_ENDED : MMAPVIDEO_WRITER_LOST;
    EXPECT_EQ(next_frame(reader, 2'000'000'000).status, expected);
    ::unlink(path_.c_str());
  }
}

TEST_F(GrowthTest, reader_that_came_between_growth_and_frame_misses_nothing) {
  Writer writer = open_writer(path_, 4);
  publish(writer, 1, kSmall);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), kLarge, 100, 0, 0, nullptr), MMAPVIDEO_OK);
  Reader reader = open_reader(path_);
  ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  publish(writer, 2, kLarge);
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 2u);
  EXPECT_EQ(taken.skipped, 0u);
}

TEST_F(GrowthTest, growth_wakes_by_the_published_word) {
  Writer writer = open_writer(path_, 4);
  publish(writer, 1, kSmall);
  RawFile raw(path_);
  std::uint32_t before = load(raw.header().published);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), kLarge, 100, 0, 0, nullptr), MMAPVIDEO_OK);
  EXPECT_EQ(load(raw.header().published), before + 1);
}

TEST_F(GrowthTest, taken_slot_that_needed_growth_can_be_aborted) {
  Writer writer = open_writer(path_, 4);
  publish(writer, 1, kSmall);
  mmapvideo_slot_view view = {};
  ASSERT_EQ(mmapvideo_writer_begin(writer.get(), kLarge, 10, 0, &view, nullptr), MMAPVIDEO_OK);
  EXPECT_EQ(view.ring_generation, 2u);
  mmapvideo_writer_abort(writer.get(), &view);
  EXPECT_EQ(publish(writer, 2, kSmall), 2u);
  EXPECT_EQ(take(open_reader(path_)).number, 2u);
}
