// SPDX-License-Identifier: MIT
// Wakes as Linux has them (SPEC 6): whoever sleeps on the futex word is woken.
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/futex_waiter.hpp"
#include "support/library.hpp"
#include "support/raw_file.hpp"

using namespace mmapvideo_test;
using FutexTest = FileTest;

TEST_F(FutexTest, whoever_sleeps_on_published_is_woken_by_frame_growth_end_and_start) {
  Writer writer = open_writer(path_);
  publish(writer);
  RawFile raw(path_);
  auto expect_wake = [&raw](const char* event, auto cause) {
    FutexWaiter waiter(raw.header().published);
    cause();
    EXPECT_TRUE(waiter.was_woken()) << event;
  };
  expect_wake("frame", [&] { publish(writer); });
  expect_wake("growth", [&] {
    EXPECT_EQ(mmapvideo_writer_reserve(writer.get(), 1 << 20, 0, 0, 0, nullptr), MMAPVIDEO_OK);
  });
  expect_wake("end", [&] { close_and_keep(writer); });
  expect_wake("start", [&] { writer = open_writer(path_); });
}

TEST_F(FutexTest, waiting_reader_sleeps_on_the_published_word) {
  ForgedFile file(path_);
  Reader reader = open_reader(path_);
  attach(reader);
  std::thread waiting([&reader] { next_frame(reader, kForever); });
  // A wake says how many it woke. Without a limit here: the watchdog ends a reader that never
  // sleeps.
  while (::syscall(SYS_futex, &file.header().published, FUTEX_WAKE, 1, nullptr, nullptr, 0) != 1) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  mmapvideo_reader_cancel(reader.get());
  waiting.join();
}
