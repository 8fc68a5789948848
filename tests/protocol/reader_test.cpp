// SPDX-License-Identifier: MIT
// The reader (SPEC 8): what it delivers, counts and tells. The other side is mostly a forged file,
// so that a test can stop between any two steps of a writer.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using ReaderTest = FileTest;
using std::chrono::milliseconds;

namespace {

constexpr auto kLatest = MMAPVIDEO_DELIVERY_LATEST;
constexpr auto kEveryFrame = MMAPVIDEO_DELIVERY_EVERY_FRAME;

/// Runs `action` after the reader of the main thread had time to fall asleep. The delay decides
/// only which path is taken, never whether the test passes.
class Later {
 public:
  template <typename Action>
  explicit Later(Action action, milliseconds delay = milliseconds(60))
      : thread_([=] {
          std::this_thread::sleep_for(delay);
          action();
        }) {}
  ~Later() { thread_.join(); }

 private:
  std::thread thread_;
};

/// Attaches, so that what is published from now on is new to the reader.
void attach(const Reader& reader) {
  ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  ASSERT_EQ(stats_of(reader).attached, 1u);
}

}  // namespace

// ---- Delivery and counting

TEST_F(ReaderTest, first_frame_is_the_head_and_nothing_counts_as_skipped) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    for (int i = 0; i < 3; ++i) file.publish();
    Reader reader = open_reader(path_, delivery);
    Taken taken = take(reader);
    EXPECT_EQ(taken.status, MMAPVIDEO_OK);
    EXPECT_EQ(taken.number, 3u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_TRUE(taken.new_session);
    EXPECT_EQ(taken.session_id, 0x1111u);
    EXPECT_TRUE(all_words_are(taken.payload, 3));
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderTest, latest_delivers_the_newest_frame_and_counts_the_others_exactly) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_, kLatest);
  ASSERT_EQ(take(reader).number, 1u);
  for (int i = 0; i < 3; ++i) file.publish();
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 4u);
  EXPECT_EQ(taken.skipped, 2u);
  EXPECT_FALSE(taken.new_session);
  EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
}

TEST_F(ReaderTest, every_frame_delivers_all_in_order_while_it_keeps_up) {
  ForgedFile file(path_, {.slot_count = 8});
  Reader reader = open_reader(path_, kEveryFrame);
  attach(reader);
  std::uint64_t expected = 1;
  for (int burst = 0; burst < 5; ++burst) {
    for (int i = 0; i < 6; ++i) file.publish();
    for (int i = 0; i < 6; ++i, ++expected) {
      Taken taken = take(reader);
      ASSERT_EQ(taken.number, expected);
      EXPECT_EQ(taken.skipped, 0u);
      EXPECT_TRUE(all_words_are(taken.payload, expected));
    }
    EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  }
}

TEST_F(ReaderTest, lapped_every_frame_reader_resumes_in_the_middle_of_the_ring) {
  ForgedFile file(path_, {.slot_count = 9});
  file.publish();
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(take(reader).number, 1u);
  for (int i = 0; i < 20; ++i) file.publish();
  // The ring holds 13 to 21.
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 17u);
  EXPECT_EQ(taken.skipped, 15u);
  for (std::uint64_t number = 18; number <= 21; ++number) {
    taken = take(reader);
    EXPECT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, 0u);
  }
  EXPECT_EQ(stats_of(reader).skipped_count, 15u);
  EXPECT_EQ(stats_of(reader).frame_count, 6u);
}

TEST_F(ReaderTest, numbers_without_a_frame_are_an_exact_gap) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    file.publish();
    Reader reader = open_reader(path_, delivery);
    ASSERT_EQ(take(reader).number, 1u);
    file.spend_a_number();
    file.spend_a_number();
    file.publish();
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, 4u);
    EXPECT_EQ(taken.skipped, 2u);
    ::unlink(path_.c_str());
  }
}

// SPEC 8.2.4: as long as a slot holds a frame not above the position, nothing was overrun.
TEST_F(ReaderTest,
       numbers_without_a_frame_do_not_cost_an_every_frame_reader_the_frames_behind_them) {
  ForgedFile file(path_, {.slot_count = 8});
  file.publish();
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(take(reader).number, 1u);
  file.spend_a_number();
  for (int i = 0; i < 5; ++i) file.publish();
  for (std::uint64_t number = 3; number <= 7; ++number) {
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, number == 3 ? 1u : 0u);
  }
}

TEST_F(ReaderTest, complete_slot_above_the_head_is_not_delivered_before_the_head_moves) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    file.publish();
    Reader reader = open_reader(path_, delivery);
    ASSERT_EQ(take(reader).number, 1u);
    unsigned index = file.next_index();
    std::uint64_t number = file.write_slot();
    EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
    file.announce_head(number, index);
    EXPECT_EQ(take(reader).number, number);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderTest, frame_at_least_as_new_as_the_head_number_may_be_delivered_between_two_stores) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_, kLatest);
  ASSERT_EQ(take(reader).number, 1u);
  file.publish();
  // The writer of frame 3 has stored head_slot_id and not yet head_number.
  unsigned index = file.next_index();
  std::uint64_t number = file.write_slot();
  store(file.header().head_slot_id, file.raw().slot_id(index));
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, number);
  EXPECT_EQ(taken.skipped, 1u);
  store(file.header().head_number, number);
  EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
}

TEST_F(ReaderTest, slot_that_is_being_written_is_not_delivered) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    Reader reader = open_reader(path_, delivery);
    attach(reader);
    file.publish();
    file.start_slot(0);
    EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
    store(file.slot(0).stamp, 2u);
    EXPECT_EQ(take(reader).number, 1u);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderTest, stats_count_what_was_delivered_and_skipped) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_, kLatest);
  std::uint64_t skipped = take(reader).skipped;
  for (int burst = 1; burst <= 4; ++burst) {
    for (int i = 0; i < burst; ++i) file.publish();
    skipped += take(reader).skipped;
  }
  mmapvideo_reader_stats stats = stats_of(reader);
  EXPECT_EQ(stats.frame_count, 5u);
  EXPECT_EQ(stats.skipped_count, skipped);
  EXPECT_EQ(stats.frame_count + stats.skipped_count, 11u);
  EXPECT_EQ(stats.attach_count, 1u);
  EXPECT_EQ(stats.attached, 1u);
  EXPECT_EQ(stats.writer_alive, 1u);
}

// ---- What a frame carries

TEST_F(ReaderTest, description_caps_and_metadata_arrive_as_they_were_sent) {
  Writer writer = open_writer(path_);
  Reader reader = open_reader(path_);
  mmapvideo_frame_info info = grey_info();
  info.pts_ns = 1;
  info.dts_ns = MMAPVIDEO_NONE;
  info.duration_ns = 3;
  info.offset = 4;
  info.offset_end = 5;
  info.flags = MMAPVIDEO_FRAME_DISCONTINUITY | MMAPVIDEO_FRAME_FIRST_IN_BUNDLE;
  info.clock_time_ns = 6;
  info.latency_ns = 7;
  info.fps_numerator = 30000;
  info.fps_denominator = 1001;
  info.par_numerator = 12;
  info.par_denominator = 11;
  info.interlace_mode = MMAPVIDEO_INTERLACE_MIXED;
  info.field_order = MMAPVIDEO_FIELD_ORDER_BOTTOM_FIRST;
  info.view_count = 2;
  set_text(info.colorimetry, sizeof info.colorimetry, "bt709");
  set_text(info.chroma_site, sizeof info.chroma_site, "mpeg2");
  const std::string metadata("binary\0metadata", 15);
  info.metadata_bytes = metadata.size();
  ASSERT_EQ(try_publish(writer, info, kCaps, metadata), MMAPVIDEO_OK);
  Taken taken = take(reader);
  ASSERT_EQ(taken.status, MMAPVIDEO_OK);
  info.publish_time_ns = taken.info.publish_time_ns;
  info.publish_wall_time_ns = taken.info.publish_wall_time_ns;
  EXPECT_EQ(std::memcmp(&info, &taken.info, sizeof info), 0);
  EXPECT_EQ(taken.caps, kCaps);
  EXPECT_EQ(taken.metadata, metadata);
}

TEST_F(ReaderTest, frame_without_caps_metadata_and_planes_is_a_frame) {
  Writer writer = open_writer(path_);
  Reader reader = open_reader(path_);
  mmapvideo_frame_info info = grey_info(64, "");
  info.plane_count = 0;
  ASSERT_EQ(try_publish(writer, info, ""), MMAPVIDEO_OK);
  mmapvideo_frame frame = {};
  ASSERT_EQ(mmapvideo_reader_next(reader.get(), kForever, &frame, nullptr), MMAPVIDEO_OK);
  EXPECT_STREQ(frame.caps, "");
  EXPECT_EQ(frame.metadata, nullptr);
  EXPECT_EQ(frame.info->plane_count, 0u);
}

TEST_F(ReaderTest, payload_of_one_byte_arrives) {
  Writer writer = open_writer(path_);
  Reader reader = open_reader(path_);
  mmapvideo_frame_info info = grey_info(1);
  info.plane_count = 0;
  const char byte = 'x';
  ASSERT_EQ(mmapvideo_writer_publish(writer.get(), &info, kCaps.c_str(), &byte, nullptr, nullptr,
                                     nullptr),
            MMAPVIDEO_OK);
  Taken taken = take(reader);
  ASSERT_EQ(taken.payload.size(), 1u);
  EXPECT_EQ(taken.payload[0], std::byte{'x'});
}

TEST_F(ReaderTest, payloads_of_every_small_size_arrive_unharmed) {
  Writer writer = open_writer(path_);
  Reader reader = open_reader(path_);
  for (std::uint64_t bytes = 1; bytes < 300; ++bytes) {
    std::vector<std::byte> payload(bytes);
    for (std::uint64_t i = 0; i < bytes; ++i) payload[i] = static_cast<std::byte>(bytes * 7 + i);
    mmapvideo_frame_info info = grey_info(bytes);
    info.plane_count = 0;
    ASSERT_EQ(mmapvideo_writer_publish(writer.get(), &info, kCaps.c_str(), payload.data(), nullptr,
                                       nullptr, nullptr),
              MMAPVIDEO_OK);
    EXPECT_EQ(take(reader).payload, payload) << bytes;
  }
}

TEST_F(ReaderTest, copies_only_as_many_bytes_as_asked_for) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_OK);
  std::vector<std::byte> to(kFrameBytes, std::byte{0xee});
  ASSERT_EQ(mmapvideo_reader_copy_payload(reader.get(), to.data(), 80, nullptr), MMAPVIDEO_OK);
  EXPECT_TRUE(all_words_are({to.begin(), to.begin() + 80}, 1));
  EXPECT_EQ(to[80], std::byte{0xee});
}

TEST_F(ReaderTest, payload_may_be_copied_again) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  Taken taken = take(reader);
  taken.payload.clear();
  EXPECT_EQ(copy_payload(reader, taken), MMAPVIDEO_OK);
  EXPECT_TRUE(all_words_are(taken.payload, 1));
}

TEST_F(ReaderTest, copying_after_a_call_that_returned_no_frame_is_refused) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  Taken taken = take(reader);
  ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(copy_payload(reader, taken), MMAPVIDEO_INVALID_ARGUMENT);
}

TEST_F(ReaderTest, copying_more_than_the_payload_is_refused) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_OK);
  std::vector<std::byte> to(kFrameBytes + 1);
  EXPECT_EQ(mmapvideo_reader_copy_payload(reader.get(), to.data(), to.size(), nullptr),
            MMAPVIDEO_INVALID_ARGUMENT);
}

TEST_F(ReaderTest, copying_before_the_first_frame_is_refused) {
  Reader reader = open_reader(path_);
  std::byte to;
  EXPECT_EQ(mmapvideo_reader_copy_payload(reader.get(), &to, 1, nullptr),
            MMAPVIDEO_INVALID_ARGUMENT);
}

TEST_F(ReaderTest, times_of_a_file_of_this_boot_are_comparable) {
  Writer writer = open_writer(path_);
  publish(writer);
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).status, MMAPVIDEO_OK);
  EXPECT_EQ(stats_of(reader).clock_comparable, 1u);
}

TEST_F(ReaderTest, times_of_another_boot_are_not_comparable_but_frames_are_valid) {
  Writer writer = open_writer(path_);
  RawFile raw(path_);
  publish(writer);
  raw.header().boot_id[3] ^= 0x55;
  Reader reader = open_reader(path_);
  EXPECT_EQ(take(reader).status, MMAPVIDEO_OK);
  EXPECT_EQ(stats_of(reader).clock_comparable, 0u);
}

// ---- Torn and overwritten frames

TEST_F(ReaderTest, copy_says_overwritten_when_the_writer_has_begun_to_rewrite_the_slot) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  Taken taken = next_frame(reader);
  ASSERT_EQ(taken.number, 1u);
  file.start_slot(0);
  EXPECT_EQ(copy_payload(reader, taken), MMAPVIDEO_OVERWRITTEN);
}

TEST_F(ReaderTest, copy_says_overwritten_when_the_slot_holds_a_newer_frame) {
  ForgedFile file(path_, {.slot_count = 2});
  file.publish();
  Reader reader = open_reader(path_);
  Taken taken = next_frame(reader);
  file.publish();
  file.publish();
  EXPECT_EQ(copy_payload(reader, taken), MMAPVIDEO_OVERWRITTEN);
  EXPECT_GE(stats_of(reader).torn_retry_count, 1u);
}

TEST_F(ReaderTest, overwritten_frame_counts_as_skipped) {
  ForgedFile file(path_, {.slot_count = 2});
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  file.publish();
  Taken lost = next_frame(reader);
  ASSERT_EQ(lost.number, 2u);
  file.publish();
  file.publish();
  ASSERT_EQ(copy_payload(reader, lost), MMAPVIDEO_OVERWRITTEN);
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 4u);
  EXPECT_EQ(taken.skipped, 2u);  // 2 was lost in the copy, 3 was never seen
}

TEST_F(ReaderTest, what_is_missed_is_counted_once_whatever_is_overwritten_in_between) {
  ForgedFile file(path_, {.slot_count = 2});
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  std::uint64_t delivered = 1, skipped = 0;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 3; ++i) file.publish();
    Taken lost = next_frame(reader);
    skipped += lost.skipped;
    for (int i = 0; i < 2; ++i) file.publish();
    ASSERT_EQ(copy_payload(reader, lost), MMAPVIDEO_OVERWRITTEN);
    if (round % 2 == 0) continue;  // two losses in a row
    Taken taken = take(reader);
    ASSERT_EQ(taken.copy_status, MMAPVIDEO_OK);
    skipped += taken.skipped;
    delivered += 1;
    EXPECT_EQ(delivered + skipped, taken.number);
    EXPECT_EQ(stats_of(reader).skipped_count, skipped);
  }
}

TEST_F(ReaderTest, description_that_was_taken_survives_the_rewriting_of_its_slot) {
  ForgedFile file(path_, {.slot_count = 2});
  file.publish();
  Reader reader = open_reader(path_);
  mmapvideo_frame frame = {};
  ASSERT_EQ(mmapvideo_reader_next(reader.get(), kForever, &frame, nullptr), MMAPVIDEO_OK);
  std::memset(&file.slot(0), 0xff, sizeof(mmapvideo_slot_header));
  std::memset(file.raw().caps(0), 0xff, 100);
  EXPECT_EQ(frame.info->width, 64u);
  EXPECT_EQ(frame.caps, kCaps);
}

// ---- Waiting

TEST_F(ReaderTest, timeout_0_takes_a_frame_that_is_there_and_waits_for_none) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_OK);
  EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
}

TEST_F(ReaderTest, timeout_is_not_shorter_than_asked_for) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  for (auto limit : {milliseconds(1), milliseconds(30), milliseconds(250)}) {
    auto start = std::chrono::steady_clock::now();
    auto limit_ns = std::chrono::nanoseconds(limit).count();
    EXPECT_EQ(next_frame(reader, limit_ns).status, MMAPVIDEO_TIMEOUT);
    EXPECT_GE(elapsed_since(start).count(), limit_ns);
  }
}

TEST_F(ReaderTest, wakes_without_frames_do_not_shorten_the_timeout) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  attach(reader);
  auto start = std::chrono::steady_clock::now();
  Later wake([&file] {
    for (int i = 0; i < 20; ++i) file.raw().announce();
  });
  EXPECT_EQ(next_frame(reader, 200'000'000).status, MMAPVIDEO_TIMEOUT);
  EXPECT_GE(elapsed_since(start).count(), 200'000'000);
}

TEST_F(ReaderTest, frame_ends_a_wait) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  attach(reader);
  Later later([&file] { file.publish(); });
  EXPECT_EQ(take(reader, kForever).number, 1u);
}

TEST_F(ReaderTest, waiting_reader_sleeps_on_the_published_word) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  attach(reader);
  std::thread waiting([&reader] { next_frame(reader, kForever); });
  // A wake says how many it woke. Without a limit here: the watchdog ends a reader that never
  // sleeps.
  while (::syscall(SYS_futex, &file.header().published, FUTEX_WAKE, 1, nullptr, nullptr, 0) != 1) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  mmapvideo_reader_cancel(reader.get());
  waiting.join();
}

// SPEC 6: where a wake cannot cross, the bounded sleep finds the frame.
TEST_F(ReaderTest, frame_without_a_wake_is_found) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  attach(reader);
  Later later([&file] {
    unsigned index = file.next_index();
    std::uint64_t number = file.write_slot();
    store(file.header().head_slot_id, file.raw().slot_id(index));
    store(file.header().head_number, number);
  });
  EXPECT_EQ(take(reader, kForever).number, 1u);
}

TEST_F(ReaderTest, cancel_ends_a_wait_for_a_frame) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  attach(reader);
  Later later([&reader] { mmapvideo_reader_cancel(reader.get()); });
  EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_CANCELLED);
}

TEST_F(ReaderTest, cancel_ends_a_wait_for_the_file) {
  Reader reader = open_reader(path_);
  Later later([&reader] { mmapvideo_reader_cancel(reader.get()); });
  EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_CANCELLED);
}

TEST_F(ReaderTest, cancel_holds_until_resume) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  mmapvideo_reader_cancel(reader.get());
  for (auto timeout : {kNoWait, kForever}) {
    EXPECT_EQ(next_frame(reader, timeout).status, MMAPVIDEO_CANCELLED);
  }
  mmapvideo_reader_resume(reader.get());
  EXPECT_EQ(take(reader).number, 1u);
}

TEST_F(ReaderTest, cancel_loses_no_frame) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(take(reader).number, 1u);
  file.publish();
  mmapvideo_reader_cancel(reader.get());
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_CANCELLED);
  mmapvideo_reader_resume(reader.get());
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 2u);
  EXPECT_EQ(taken.skipped, 0u);
}

// ---- Ends, losses and new sessions

TEST_F(ReaderTest, end_is_told_once_and_after_the_last_frame) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    file.publish();
    Reader reader = open_reader(path_, delivery);
    ASSERT_EQ(take(reader).number, 1u);
    file.publish();
    file.end_session();
    EXPECT_EQ(take(reader).number, 2u);
    EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_ENDED);
    EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
    file.drop_writer_lock();
    EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderTest, every_frame_reader_gets_all_that_is_left_before_the_end) {
  ForgedFile file(path_, {.slot_count = 8});
  Reader reader = open_reader(path_, kEveryFrame);
  attach(reader);
  for (int i = 0; i < 5; ++i) file.publish();
  file.end_session();
  for (std::uint64_t number = 1; number <= 5; ++number) EXPECT_EQ(take(reader).number, number);
  EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
}

TEST_F(ReaderTest, end_without_a_frame_is_told) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  attach(reader);
  Later later([&file] { file.end_session(); });
  EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
}

TEST_F(ReaderTest, kept_file_of_an_ended_session_gives_its_newest_frame_and_then_the_end) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    Writer writer = open_writer(path_);
    for (std::uint64_t number = 1; number <= 3; ++number) publish(writer, number);
    close_and_keep(writer);
    Reader reader = open_reader(path_, delivery);
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, 3u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_TRUE(all_words_are(taken.payload, 3));
    EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_ENDED);
    EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderTest, loss_of_the_writer_is_told_once) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  file.drop_writer_lock();
  EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_WRITER_LOST);
  EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(stats_of(reader).writer_alive, 0u);
}

TEST_F(ReaderTest, last_frame_of_a_lost_writer_comes_before_the_loss) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    Reader reader = open_reader(path_, delivery);
    attach(reader);
    file.publish();
    file.drop_writer_lock();
    EXPECT_EQ(take(reader).number, 1u);
    EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_WRITER_LOST);
    ::unlink(path_.c_str());
  }
}

// The header promises that the reader follows at any time: also one that only polls.
TEST_F(ReaderTest, loss_of_the_writer_is_told_to_a_reader_that_polls) {
  for (std::int64_t timeout : {std::int64_t{0}, std::int64_t{5'000'000}}) {
    ForgedFile file(path_);
    file.publish();
    Reader reader = open_reader(path_);
    ASSERT_EQ(take(reader).number, 1u);
    file.drop_writer_lock();
    mmapvideo_status status;
    auto start = std::chrono::steady_clock::now();
    do {
      std::this_thread::sleep_for(milliseconds(1));
      status = next_frame(reader, timeout).status;
      // A limit for the loop only: so that a failure is told by name, not by the watchdog.
    } while (status == MMAPVIDEO_TIMEOUT && elapsed_since(start) < std::chrono::seconds(20));
    EXPECT_EQ(status, MMAPVIDEO_WRITER_LOST) << "polled with timeout " << timeout;
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderTest, running_writer_without_frames_is_not_lost) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(stats_of(reader).writer_alive, 1u);
}

TEST_F(ReaderTest, next_session_in_the_same_file_is_followed_and_marked) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    file.publish();
    Reader reader = open_reader(path_, delivery);
    EXPECT_TRUE(take(reader).new_session);
    file.end_session();
    ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
    file.begin_session(0x2222);
    file.publish();
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, 2u);
    EXPECT_EQ(taken.session_id, 0x2222u);
    EXPECT_TRUE(taken.new_session);
    EXPECT_EQ(taken.skipped, 0u);
    file.publish();
    EXPECT_FALSE(take(reader).new_session);
    file.end_session();
    EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
    EXPECT_EQ(stats_of(reader).attach_count, 1u);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderTest, each_lost_session_is_told) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  for (std::uint64_t session = 2; session <= 3; ++session) {
    file.drop_writer_lock();
    ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_WRITER_LOST);
    ASSERT_TRUE(file.take_writer_lock());
    file.begin_session(session);
    file.publish();
    ASSERT_EQ(take(reader).session_id, session);
  }
}

TEST_F(ReaderTest, nothing_is_delivered_while_a_writer_forms_its_session) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  file.publish();
  store(file.header().state, MMAPVIDEO_STATE_FORMING);
  EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  store(file.header().state, MMAPVIDEO_STATE_STREAMING);
  EXPECT_EQ(take(reader).number, 2u);
}

TEST_F(ReaderTest, newest_frame_of_a_former_session_is_not_taken_for_a_fresh_one) {
  ForgedFile file(path_);
  file.publish();
  file.begin_session(0x2222);
  Reader reader = open_reader(path_);
  EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  file.publish();
  Taken taken = take(reader);
  EXPECT_EQ(taken.number, 2u);
  EXPECT_EQ(taken.skipped, 0u);
  EXPECT_TRUE(taken.new_session);
}

TEST_F(ReaderTest, session_that_the_writer_ends_and_begins_again_is_told_and_followed) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    Writer writer = open_writer(path_);
    publish(writer, 1);
    Reader reader = open_reader(path_, delivery);
    std::uint64_t former = take(reader).session_id;
    mmapvideo_writer_end(writer.get());
    mmapvideo_writer_end(writer.get());
    EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
    EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
    EXPECT_EQ(publish(writer, 2), 2u);
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, 2u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_NE(taken.session_id, former);
    EXPECT_TRUE(taken.new_session);
    writer.reset();
    EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
  }
}

// ---- What a dead writer left

TEST_F(ReaderTest, frame_left_by_a_dead_writer_is_not_delivered) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    file.publish();
    file.drop_writer_lock();
    Reader reader = open_reader(path_, delivery);
    EXPECT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_WRITER_LOST);
    EXPECT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
    ASSERT_TRUE(file.take_writer_lock());
    file.begin_session(0x2222);
    file.publish();
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, 2u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_TRUE(taken.new_session);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderTest, frame_left_by_a_dead_writer_is_delivered_when_asked_for) {
  for (auto delivery : {kLatest, kEveryFrame}) {
    ForgedFile file(path_);
    file.publish();
    file.publish();
    file.drop_writer_lock();
    Reader reader = open_reader(path_, delivery, true);
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, 2u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_WRITER_LOST);
    ::unlink(path_.c_str());
  }
}

TEST_F(ReaderTest, writer_of_a_file_system_without_locks_is_never_called_lost) {
  ForgedFile file(path_);
  file.header().compatible_flags = MMAPVIDEO_COMPATIBLE_UNLOCKED;
  file.drop_writer_lock();
  file.publish();
  Reader reader = open_reader(path_);
  EXPECT_EQ(take(reader).number, 1u);
  EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  file.publish();
  EXPECT_EQ(take(reader).number, 2u);
}

// ---- Arguments

TEST_F(ReaderTest, bad_arguments_are_refused) {
  mmapvideo_error error = {};
  EXPECT_EQ(mmapvideo_reader_open(nullptr, &error), nullptr);
  EXPECT_EQ(error.status, MMAPVIDEO_INVALID_ARGUMENT);
  mmapvideo_reader_options options = {};
  options.path = path_.c_str();
  options.delivery = 77;
  error = {};
  EXPECT_EQ(mmapvideo_reader_open(&options, &error), nullptr);
  EXPECT_EQ(error.status, MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_NE(error.message[0], '\0');
  Reader reader = open_reader(path_);
  EXPECT_EQ(mmapvideo_reader_next(reader.get(), kNoWait, nullptr, nullptr),
            MMAPVIDEO_INVALID_ARGUMENT);
}

TEST_F(ReaderTest, opening_a_reader_touches_no_file) {
  Reader reader = open_reader(path_);
  EXPECT_FALSE(exists(path_));
  EXPECT_EQ(stats_of(reader).attached, 0u);
  EXPECT_EQ(stats_of(reader).attach_count, 0u);
}

TEST_F(ReaderTest, reader_changes_no_byte_of_the_file) {
  ForgedFile file(path_);
  for (int i = 0; i < 3; ++i) file.publish();
  std::string before = read_bytes(path_);
  {
    Reader reader = open_reader(path_, kEveryFrame);
    ASSERT_EQ(take(reader).status, MMAPVIDEO_OK);
    ASSERT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  }
  EXPECT_TRUE(read_bytes(path_) == before) << "the file changed";
}
