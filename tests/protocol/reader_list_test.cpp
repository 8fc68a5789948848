// SPDX-License-Identifier: MIT
// Who reads a file and how far each has come, told by the locks alone (SPEC 5).
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "support/file_test.hpp"
#include "support/leases.hpp"
#include "support/library.hpp"
#include "support/turns.hpp"

using namespace mmapvideo_test;
using ReaderListTest = FileTest;

namespace {

std::vector<mmapvideo_reader_info> readers_of(const std::string& path,
                                              std::uint32_t capacity = 16) {
  std::vector<mmapvideo_reader_info> readers(capacity);
  std::uint32_t count = 0;
  EXPECT_EQ(mmapvideo_list_readers(path.c_str(), readers.data(), capacity, &count, nullptr),
            MMAPVIDEO_OK);
  readers.resize(std::min(count, capacity));
  return readers;
}

}  // namespace

TEST_F(ReaderListTest, file_without_readers_has_an_empty_list) {
  Writer writer = open_waiting_writer(path_);
  EXPECT_TRUE(readers_of(path_).empty());
}

TEST_F(ReaderListTest, attached_readers_are_listed_with_their_leases) {
  Writer writer = open_waiting_writer(path_);
  publish(writer);
  Reader idle = open_reader(path_), holder = open_reader(path_);
  ASSERT_EQ(next_frame(idle).number, 1u);
  const Lease lease = take_lease(holder);
  auto readers = readers_of(path_);
  ASSERT_EQ(readers.size(), 2u);
  std::sort(readers.begin(), readers.end(),
            [](const auto& a, const auto& b) { return a.lease_count < b.lease_count; });
  for (unsigned leases : {0u, 1u}) {
    EXPECT_EQ(readers[leases].attached, 1u);
    EXPECT_EQ(readers[leases].lease_count, leases);
    EXPECT_EQ(readers[leases].turn_number, 0u);
    EXPECT_EQ(readers[leases].lag, 0u);
    EXPECT_NE(readers[leases].lane, 0u);
  }
}

TEST_F(ReaderListTest, lease_of_a_closed_reader_is_listed_as_detached) {
  Writer writer = open_waiting_writer(path_);
  publish(writer);
  Reader reader = open_reader(path_);
  const Lease lease = take_lease(reader);
  reader.reset();
  const auto readers = readers_of(path_);
  ASSERT_EQ(readers.size(), 1u);
  EXPECT_EQ(readers[0].attached, 0u);
  EXPECT_EQ(readers[0].lease_count, 1u);
}

TEST_F(ReaderListTest, lag_of_a_lossless_reader_is_told_across_the_wrap_of_the_turns) {
  for (std::uint64_t head : {std::uint64_t{3}, std::uint64_t{65'534}, std::uint64_t{200'000}}) {
    Writer writer = open_waiting_writer(path_);
    RawFile raw(path_);
    store(raw.header().head_number, head);
    const HandTurn slow(path_, head - 2, 5), fast(path_, head + 1, 6);
    const auto readers = readers_of(path_);
    ASSERT_EQ(readers.size(), 2u);
    EXPECT_EQ(readers[0].lane, 5u);
    EXPECT_EQ(readers[0].turn_number, head - 2);
    EXPECT_EQ(readers[0].lag, 3u);
    EXPECT_EQ(readers[1].turn_number, head + 1);
    EXPECT_EQ(readers[1].lag, 0u);
  }
}

TEST_F(ReaderListTest, more_readers_than_fit_are_counted) {
  Writer writer = open_waiting_writer(path_);
  const HandTurn first(path_, 1, 5), second(path_, 1, 6), third(path_, 1, 7);
  std::uint32_t count = 0;
  mmapvideo_reader_info one = {};
  EXPECT_EQ(mmapvideo_list_readers(path_.c_str(), &one, 1, &count, nullptr), MMAPVIDEO_OK);
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(one.lane, 5u);
  EXPECT_EQ(mmapvideo_list_readers(path_.c_str(), nullptr, 0, &count, nullptr), MMAPVIDEO_OK);
  EXPECT_EQ(count, 3u);
}

TEST_F(ReaderListTest, file_that_is_not_there_is_named) {
  std::uint32_t count = 0;
  mmapvideo_error error = {};
  EXPECT_EQ(mmapvideo_list_readers(path_.c_str(), nullptr, 0, &count, &error), MMAPVIDEO_NOT_FOUND);
  EXPECT_TRUE(names(error, path_));
}

TEST_F(ReaderListTest, lock_over_all_turns_is_one_lock) {
  Writer writer = open_waiting_writer(path_);
  publish(writer);
  LockFile intruder(path_, O_RDONLY);
  ASSERT_TRUE(intruder.try_shared(all_turns()));
  EXPECT_EQ(readers_of(path_).size(), 1u);
}
