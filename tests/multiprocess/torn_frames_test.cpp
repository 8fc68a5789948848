// SPDX-License-Identifier: MIT
// Real processes at full speed: no reader ever gets a mixture of two frames, and what it missed is
// known exactly.
#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

#include "support/child.hpp"
#include "support/file_test.hpp"
#include "support/library.hpp"
#include "support/order.hpp"

using namespace mmapvideo_test;
using TornFramesTest = FileTest;

namespace {

struct Load {
  std::uint64_t frame_count;
  std::uint64_t frame_bytes;
  unsigned slot_count;
  std::uint64_t metadata_bytes = 0;
};

struct WriterReport {
  std::uint64_t failures = 0;
  std::uint64_t last_number = 0;
  mmapvideo_writer_stats stats = {};
};

struct ReaderReport {
  std::uint64_t delivered = 0;
  std::uint64_t skipped = 0;
  std::uint64_t overwritten = 0;
  std::uint64_t torn = 0;
  std::uint64_t not_increasing = 0;
  std::uint64_t first_number = 0;
  std::uint64_t last_number = 0;
  mmapvideo_status end = MMAPVIDEO_OK;
  mmapvideo_reader_stats stats = {};
};

/// Publishes as fast as it can; every word of payload and metadata is the frame's number.
int run_writer(const std::string& path, const Load& load, const Order& start,
               const Results& results) {
  Writer writer = open_writer(path, load.slot_count);
  auto caps_bytes = static_cast<std::uint32_t>(kCaps.size());
  mmapvideo_writer_reserve(writer.get(), load.frame_bytes, caps_bytes, load.metadata_bytes, 0,
                           nullptr);
  start.await();
  mmapvideo_frame_info info = grey_info(load.frame_bytes);
  info.metadata_bytes = load.metadata_bytes;
  WriterReport report;
  for (std::uint64_t number = 1; number <= load.frame_count; ++number) {
    mmapvideo_slot_view view = {};
    auto status = mmapvideo_writer_begin(writer.get(), load.frame_bytes, caps_bytes,
                                         load.metadata_bytes, &view, nullptr);
    if (status == MMAPVIDEO_OK) {
      fill_words(view.payload, load.frame_bytes, number);
      fill_words(view.metadata, load.metadata_bytes, number);
      status = mmapvideo_writer_commit(writer.get(), &view, &info, kCaps.c_str(),
                                       &report.last_number, nullptr);
    }
    report.failures += status != MMAPVIDEO_OK || report.last_number != number;
  }
  report.stats = stats_of(writer);
  results.send(report);
  close_and_keep(writer);
  return 0;
}

bool metadata_is_whole(const Taken& taken) {
  const auto* bytes = reinterpret_cast<const std::byte*>(taken.metadata.data());
  return all_words_are({bytes, bytes + taken.metadata.size()}, taken.number);
}

void account(const Taken& taken, ReaderReport& report) {
  report.torn += !metadata_is_whole(taken);
  report.not_increasing += taken.number <= report.last_number;
  if (report.first_number == 0) report.first_number = taken.number - taken.skipped;
  report.last_number = taken.number;
  report.skipped += taken.skipped;
  if (taken.copy_status == MMAPVIDEO_OVERWRITTEN) {
    report.overwritten += 1;  // the next frame's `skipped` counts it
    return;
  }
  report.delivered += 1;
  report.torn += !all_words_are(taken.payload, taken.number);
}

int run_reader(const std::string& path, mmapvideo_delivery delivery, const Results& results) {
  Reader reader = open_reader(path, delivery);
  wait_until_attached(reader);
  results.send(true);
  ReaderReport report;
  for (;;) {
    Taken taken = take(reader, kForever);
    if (taken.status != MMAPVIDEO_OK) {
      report.end = taken.status;
      break;
    }
    account(taken, report);
  }
  report.stats = stats_of(reader);
  results.send(report);
  return 0;
}

void check(const ReaderReport& report, std::uint64_t frame_count) {
  EXPECT_EQ(report.torn, 0u);
  EXPECT_EQ(report.not_increasing, 0u);
  EXPECT_EQ(report.end, MMAPVIDEO_ENDED);
  EXPECT_EQ(report.last_number, frame_count);
  EXPECT_GT(report.delivered, 0u);
  // From where the reader begins on every number is either delivered or counted as skipped.
  EXPECT_GT(report.first_number, 0u);
  EXPECT_EQ(report.delivered + report.skipped, frame_count - report.first_number + 1);
  EXPECT_EQ(report.stats.skipped_count, report.skipped);
  std::printf("delivered %llu, skipped %llu, overwritten in the copy %llu\n",
              static_cast<unsigned long long>(report.delivered),
              static_cast<unsigned long long>(report.skipped),
              static_cast<unsigned long long>(report.overwritten));
}

void run_load(const std::string& path, const Load& load,
              std::vector<mmapvideo_delivery> deliveries) {
  std::vector<std::unique_ptr<Child>> readers;
  for (mmapvideo_delivery delivery : deliveries) {
    readers.push_back(std::make_unique<Child>(
        [](const Results& results, const std::string& file, mmapvideo_delivery wanted) {
          return run_reader(file, wanted, results);
        },
        path, delivery));
  }
  Order start;
  Child writer([](const Results& results, const std::string& file, const Load& wanted,
                  const Order& begin) { return run_writer(file, wanted, begin, results); },
               path, load, start);
  for (auto& reader : readers) {
    bool attached = false;
    ASSERT_TRUE(reader->receive(attached));
  }
  start.give();
  WriterReport report;
  ASSERT_TRUE(writer.receive(report));
  EXPECT_EQ(report.failures, 0u);
  EXPECT_EQ(report.last_number, load.frame_count);
  EXPECT_EQ(report.stats.frame_count, load.frame_count);
  EXPECT_EQ(report.stats.dropped_count, 0u) << "readers in copy mode cost the writer no frame";
  for (auto& reader : readers) {
    ReaderReport reader_report;
    ASSERT_TRUE(reader->receive(reader_report));
    check(reader_report, load.frame_count);
  }
  EXPECT_EQ(writer.exit_status(), 0);
}

}  // namespace

TEST_F(TornFramesTest, no_frame_is_torn_and_every_number_is_accounted_for) {
  Watchdog watchdog(180);
  run_load(path_, {.frame_count = 10'000, .frame_bytes = 65'536, .slot_count = 8},
           {MMAPVIDEO_DELIVERY_LATEST, MMAPVIDEO_DELIVERY_EVERY_FRAME});
}

// Two slots and large frames: the writer is nearly always inside the slot that is being copied.
TEST_F(TornFramesTest, no_frame_is_torn_in_the_smallest_ring) {
  Watchdog watchdog(180);
  run_load(path_, {.frame_count = 2'000, .frame_bytes = 1 << 20, .slot_count = 2},
           {MMAPVIDEO_DELIVERY_LATEST, MMAPVIDEO_DELIVERY_EVERY_FRAME});
}

// What next() copies must be whole as well, whatever becomes of the payload.
TEST_F(TornFramesTest, no_metadata_is_torn) {
  Watchdog watchdog(180);
  run_load(path_,
           {.frame_count = 3'000, .frame_bytes = 64, .slot_count = 2, .metadata_bytes = 512 * 1024},
           {MMAPVIDEO_DELIVERY_LATEST, MMAPVIDEO_DELIVERY_EVERY_FRAME});
}

TEST_F(TornFramesTest, tiny_frames_go_round_very_fast_and_are_accounted_for) {
  Watchdog watchdog(180);
  run_load(path_, {.frame_count = 100'000, .frame_bytes = 64, .slot_count = 2},
           {MMAPVIDEO_DELIVERY_LATEST, MMAPVIDEO_DELIVERY_EVERY_FRAME});
}
