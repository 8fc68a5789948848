// SPDX-License-Identifier: MIT
// A file system without room: an error with numbers, and never a bus error on either side.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/deprived.hpp"
#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using FullFileSystemTest = FileTest;

namespace {

/// Takes all the room that is left.
void fill_up(const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  const std::string block(4096, 'f');
  while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) continue;
}

}  // namespace

TEST_F(FullFileSystemTest, frame_too_large_for_the_file_system_says_no_space_with_numbers) {
  Report report;
  bool possible = with_mounts(
      [&]() -> Report {
        mount_tmpfs(dir_.path(), "size=1m");
        Writer writer = open_writer(path_);
        Report seen;
        seen.status = mmapvideo_writer_reserve(writer.get(), 8 << 20, 100, 0, 0, &seen.error);
        return seen;
      },
      report);
  SKIP_WITHOUT_MOUNTS(possible);
  EXPECT_EQ(report.status, MMAPVIDEO_NO_SPACE) << report.error.message;
  EXPECT_EQ(report.error.status, MMAPVIDEO_NO_SPACE);
  EXPECT_TRUE(names(report.error, path_));
  std::string sentence = report.error.message;
  std::size_t at = sentence.find(path_);
  if (at != std::string::npos) sentence.erase(at, path_.size());
  EXPECT_TRUE(has_digit(sentence.c_str())) << sentence;
}

TEST_F(FullFileSystemTest, old_ring_stays_in_use_when_there_is_no_room_for_a_larger_one) {
  Report report;
  bool possible = with_mounts(
      [&]() -> Report {
        mount_tmpfs(dir_.path(), "size=1m");
        Writer writer = open_writer(path_, 3);
        Reader reader = open_reader(path_);
        if (publish(writer, 1) != 1 || take(reader).number != 1) return {MMAPVIDEO_SYSTEM, {}};
        Report seen;
        std::uint64_t before = allocated_bytes(path_);
        seen.status = try_publish(writer, grey_info(8 << 20), kCaps, "", &seen.error);
        if (seen.status != MMAPVIDEO_NO_SPACE) return seen;
        if (allocated_bytes(path_) > before) return {MMAPVIDEO_OUT_OF_MEMORY, {}};
        std::uint64_t number = publish(writer, 2);
        Taken taken = take(reader);
        bool fine = number > 1 && taken.number == number && all_words_are(taken.payload, 2);
        return {fine ? MMAPVIDEO_OK : MMAPVIDEO_SYSTEM, {}};
      },
      report);
  SKIP_WITHOUT_MOUNTS(possible);
  EXPECT_EQ(report.status, MMAPVIDEO_OK) << report.error.message;
}

TEST_F(FullFileSystemTest,
       writer_on_a_full_file_system_says_no_space_and_leaves_nothing_half_made) {
  Report report;
  bool possible = with_mounts(
      [&]() -> Report {
        mount_tmpfs(dir_.path(), "size=64k");
        { std::ofstream(dir_ / "filler") << std::string(70'000, 'f'); }
        WriterAttempt attempt = try_writer(path_);
        Report seen{attempt.error.status, attempt.error};
        if (attempt.writer) {
          seen.status = try_publish(attempt.writer, grey_info(), kCaps, "", &seen.error);
        }
        if (seen.status != MMAPVIDEO_NO_SPACE) return seen;
        // A reader must take what is left for "not yet", and a later writer must finish it.
        attempt.writer.reset();
        mmapvideo_status status = report_of_reader(path_).status;
        if (status != MMAPVIDEO_TIMEOUT) return {status, {}};
        ::unlink((dir_ / "filler").c_str());
        WriterAttempt again = try_writer(path_, 2);
        return again.writer ? seen : Report{again.error.status, again.error};
      },
      report);
  SKIP_WITHOUT_MOUNTS(possible);
  EXPECT_EQ(report.status, MMAPVIDEO_NO_SPACE) << report.error.message;
  EXPECT_TRUE(names(report.error, path_));
}

// Reading a page that was given back takes memory on a tmpfs: there is none.
TEST_F(FullFileSystemTest, reader_of_a_ring_that_was_left_and_given_back_goes_on) {
  Report report;
  bool possible = with_mounts(
      [&]() -> Report {
        constexpr std::uint64_t kLarge = 300'000;
        mount_tmpfs(dir_.path(), "size=4m");
        Writer writer = open_writer(path_, 4);
        Reader reader = open_reader(path_, kEveryFrame);
        for (int i = 0; i < 4; ++i) publish(writer, 1, 60'000);
        if (take(reader).number != 4) return {MMAPVIDEO_SYSTEM, {}};
        publish(writer, 1, 60'000);
        Taken before = next_frame(reader);
        for (int i = 0; i < 5; ++i) publish(writer, 2, kLarge);
        fill_up(dir_ / "filler");
        if (copy_payload(reader, before) != MMAPVIDEO_OVERWRITTEN) return {MMAPVIDEO_SYSTEM, {}};
        Taken taken = take(reader);
        while (taken.number < 10 && taken.status == MMAPVIDEO_OK) taken = take(reader);
        return {all_words_are(taken.payload, 2) ? taken.status : MMAPVIDEO_BROKEN_FILE, {}};
      },
      report);
  SKIP_WITHOUT_MOUNTS(possible);
  EXPECT_EQ(report.status, MMAPVIDEO_OK) << report.error.message;
}

TEST_F(FullFileSystemTest, taking_over_a_file_with_holes_is_no_space_and_not_a_bus_error) {
  Report report;
  bool possible = with_mounts(
      [&]() -> Report {
        mount_tmpfs(dir_.path(), "size=4m");
        Writer writer = open_writer(path_, 4);
        publish(writer, 1, 300'000);
        close_and_keep(writer);
        {
          RawFile file(path_);
          const mmapvideo_ring& ring = file.ring();
          ::fallocate(file.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      static_cast<off_t>(ring.offset + ring.slot_stride),
                      static_cast<off_t>(3 * ring.slot_stride));
        }
        fill_up(dir_ / "filler");
        Report seen = report_of_writer(path_);
        ::unlink((dir_ / "filler").c_str());
        if (seen.status == MMAPVIDEO_NO_SPACE && report_of_writer(path_).status != MMAPVIDEO_OK)
          return {MMAPVIDEO_SYSTEM, {}};
        return seen;
      },
      report);
  SKIP_WITHOUT_MOUNTS(possible);
  EXPECT_EQ(report.status, MMAPVIDEO_NO_SPACE) << report.error.message;
  EXPECT_TRUE(names(report.error, path_));
}
