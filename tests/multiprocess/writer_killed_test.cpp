// SPDX-License-Identifier: MIT
// A writer that is killed at random moments and started again: the running reader goes on by
// itself, in the same file, with the same memory.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <memory>
#include <random>
#include <vector>

#include "support/child.hpp"
#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using WriterKilledTest = FileTest;

namespace {

constexpr std::uint64_t kBytes = 256 * 1024;
constexpr int kKills = 80;

/// Publishes without a pause; a frame is filled in the slot, so that a kill mostly hits in
/// mid-frame.
int publish_until_killed(const std::string& path, std::uint64_t tag) {
  Writer writer = open_writer(path, 4);
  mmapvideo_frame_info info = grey_info(kBytes);
  for (std::uint64_t count = 0;; ++count) {
    mmapvideo_slot_view view = {};
    auto caps_bytes = static_cast<std::uint32_t>(kCaps.size());
    if (mmapvideo_writer_begin(writer.get(), kBytes, caps_bytes, 0, &view, nullptr) !=
        MMAPVIDEO_OK) {
      return 1;
    }
    fill_words(view.payload, kBytes, (tag << 32) + count);
    if (mmapvideo_writer_commit(writer.get(), &view, &info, kCaps.c_str(), nullptr, nullptr) !=
        MMAPVIDEO_OK) {
      return 1;
    }
  }
}

std::unique_ptr<Child> start_writer(const std::string& path, std::uint64_t tag) {
  return std::make_unique<Child>([](const Results&, const std::string& file,
                                    std::uint64_t own) { return publish_until_killed(file, own); },
                                 path, tag);
}

struct ReaderReport {
  std::uint64_t delivered = 0;
  std::uint64_t sessions = 0;
  std::uint64_t losses = 0;
  std::uint64_t torn = 0;
  std::uint64_t went_back = 0;
  std::uint64_t wrong_gaps = 0;
  std::uint64_t attach_count = 0;
  bool first_told = false;
  mmapvideo_status end = MMAPVIDEO_OK;
};

void account(const Taken& taken, std::uint64_t& position, ReaderReport& report) {
  report.went_back += taken.number <= position;
  report.wrong_gaps += position != 0 && taken.skipped < taken.number - position - 1;
  position = taken.number;
  if (taken.copy_status != MMAPVIDEO_OK) return;
  report.sessions += taken.new_session;
  report.delivered += 1;
  report.torn += !all_words_are(taken.payload, first_word(taken.payload));
}

/// Reads on through every loss; a clean end stops it. Sends a sign of life with its first frame.
int read_until_the_end(const std::string& path, const Results& results) {
  Reader reader = open_reader(path, MMAPVIDEO_DELIVERY_LATEST);
  ReaderReport report;
  std::uint64_t position = 0;
  for (;;) {
    Taken taken = take(reader, kForever);
    if (taken.status == MMAPVIDEO_WRITER_LOST) {
      report.losses += 1;
    } else if (taken.status == MMAPVIDEO_OK) {
      account(taken, position, report);
      if (report.sessions == 1 && !report.first_told) results.send(report.first_told = true);
    } else {
      report.end = taken.status;
      break;
    }
  }
  report.attach_count = stats_of(reader).attach_count;
  results.send(report);
  return 0;
}

std::size_t files_in(const std::string& directory) {
  std::filesystem::directory_iterator begin(directory), end;
  return static_cast<std::size_t>(std::distance(begin, end));
}

std::uint64_t head_of(const std::string& path) {
  RawFile raw(path, O_RDONLY);
  return load(raw.header().head_number);
}

/// Every slot that is stamped complete holds one frame and nothing of another.
void expect_complete_slots_are_whole(const std::string& path) {
  RawFile raw(path);
  for (unsigned index = 0; index < raw.ring().slot_count; ++index) {
    std::uint64_t stamp = raw.slot(index).stamp;
    if (stamp == 0 || stamp % 2 != 0) continue;
    std::vector<std::byte> payload(raw.payload(index), raw.payload(index) + kBytes);
    EXPECT_TRUE(all_words_are(payload, first_word(payload))) << "slot " << index;
    EXPECT_EQ(raw.slot(index).number * 2, stamp);
  }
}

}  // namespace

TEST_F(WriterKilledTest, reader_goes_on_by_itself_while_writers_are_killed_and_restarted) {
  Watchdog watchdog(180);
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);

  Child reader([](const Results& results,
                  const std::string& path) { return read_until_the_end(path, results); },
               path_);
  auto writer = start_writer(path_, 1);
  bool first_frame = false;
  ASSERT_TRUE(reader.receive(first_frame));
  const auto inode = stat_of(path_).st_ino;
  const std::uint64_t allocated = allocated_bytes(path_);
  const auto size = stat_of(path_).st_size;

  std::uint64_t head = 0;
  for (std::uint64_t kill = 1; kill <= kKills; ++kill) {
    ::usleep(random() % 15'000);
    writer->kill_and_reap();
    EXPECT_FALSE(writer_lock_is_held(path_));
    EXPECT_GE(head_of(path_), head);
    head = head_of(path_);
    expect_complete_slots_are_whole(path_);
    EXPECT_EQ(stat_of(path_).st_ino, inode);
    EXPECT_EQ(stat_of(path_).st_size, size);
    EXPECT_LE(allocated_bytes(path_), allocated + 65536);
    writer = start_writer(path_, kill + 1);
  }
  writer->kill_and_reap();
  EXPECT_EQ(files_in(dir_.path()), 1u);

  Writer last = open_writer(path_, 4);
  EXPECT_GT(publish(last, 0, kBytes), head);
  close_and_keep(last);
  ReaderReport report;
  ASSERT_TRUE(reader.receive(report));
  EXPECT_EQ(report.end, MMAPVIDEO_ENDED);
  EXPECT_EQ(report.torn, 0u);
  EXPECT_EQ(report.went_back, 0u);
  EXPECT_EQ(report.wrong_gaps, 0u);
  EXPECT_EQ(report.attach_count, 1u);
  EXPECT_GE(report.sessions, 2u);
  std::printf("killed %d writers; delivered %llu frames of %llu sessions, %llu losses told\n",
              kKills, static_cast<unsigned long long>(report.delivered),
              static_cast<unsigned long long>(report.sessions),
              static_cast<unsigned long long>(report.losses));
}

TEST_F(WriterKilledTest, loss_is_told_and_the_next_writer_is_followed_without_being_asked) {
  struct Event {
    mmapvideo_status status;
    std::uint64_t number;
    bool new_session;
  };
  Child reader(
      [](const Results& results, const std::string& path) {
        Reader own = open_reader(path);
        for (;;) {
          Taken taken = next_frame(own, kForever);
          if (taken.status != MMAPVIDEO_OK || taken.new_session) {
            results.send(Event{taken.status, taken.number, taken.new_session});
          }
        }
        return 0;
      },
      path_);
  std::uint64_t former = 0;
  for (std::uint64_t session = 1; session <= 3; ++session) {
    const std::unique_ptr<Child> writer = start_writer(path_, session);
    Event event = {};
    ASSERT_TRUE(reader.receive(event));
    EXPECT_EQ(event.status, MMAPVIDEO_OK);
    EXPECT_GT(event.number, former);
    former = event.number;
    writer->kill_and_reap();
    ASSERT_TRUE(reader.receive(event));
    EXPECT_EQ(event.status, MMAPVIDEO_WRITER_LOST);
  }
}
