// SPDX-License-Identifier: MIT
// Looking at a file without becoming its reader: mmapvideo_inspect().
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <mmapvideo/mmapvideo.hpp>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"
#include "support/turns.hpp"

using namespace mmapvideo_test;
using InspectTest = FileTest;

namespace {

mmapvideo_status status_of(const std::string& path) {
  mmapvideo_file_info info;
  mmapvideo_error error = {};
  const mmapvideo_status status = mmapvideo_inspect(path.c_str(), &info, nullptr, 0, &error);
  if (status != MMAPVIDEO_OK) {
    EXPECT_EQ(error.status, status);
    EXPECT_NE(std::string(error.message).find(path), std::string::npos) << error.message;
  }
  return status;
}

}  // namespace

TEST_F(InspectTest, streaming_file_tells_writer_format_and_newest_frame) {
  Writer writer = open_waiting_writer(path_);
  publish(writer);
  publish(writer);
  const mmapvideo::FileInfo info = mmapvideo::inspect(path_);
  EXPECT_EQ(info.state, MMAPVIDEO_STATE_STREAMING);
  EXPECT_EQ(info.writer_alive, 1u);
  EXPECT_EQ(info.locked, 1u);
  EXPECT_EQ(info.clock_comparable, 1u);
  EXPECT_EQ(info.writer_process_id, static_cast<std::uint64_t>(::getpid()));
  EXPECT_NE(info.session_id, 0u);
  EXPECT_EQ(info.head_number, 2u);
  ASSERT_EQ(info.has_newest, 1u);
  EXPECT_EQ(info.newest_number, 2u);
  EXPECT_STREQ(info.newest.format, "GRAY8");
  EXPECT_EQ(info.newest.width, 64u);
  EXPECT_EQ(info.caps, kCaps);
}

TEST_F(InspectTest, who_looks_is_no_reader_and_sees_those_who_are) {
  Writer writer = open_waiting_writer(path_);
  publish(writer);
  EXPECT_EQ(mmapvideo::inspect(path_).reader_count, 0u);
  mmapvideo_writer_stats stats;
  mmapvideo_writer_get_stats(writer.get(), &stats);
  EXPECT_EQ(stats.reader_count, 0u);
  Reader reader = open_reader(path_);
  ASSERT_EQ(next_frame(reader).number, 1u);
  EXPECT_EQ(mmapvideo::inspect(path_).reader_count, 1u);
}

TEST_F(InspectTest, file_that_was_left_has_no_writer_and_keeps_its_newest_frame) {
  Writer writer = open_waiting_writer(path_);
  publish(writer);
  close_and_keep(writer);
  const mmapvideo::FileInfo info = mmapvideo::inspect(path_);
  EXPECT_EQ(info.state, MMAPVIDEO_STATE_ENDED);
  EXPECT_EQ(info.writer_alive, 0u);
  EXPECT_EQ(info.newest_number, 1u);
}

TEST_F(InspectTest, file_without_a_frame_has_a_state_and_nothing_else) {
  Writer writer = open_reserved_writer(path_);
  const mmapvideo::FileInfo info = mmapvideo::inspect(path_);
  EXPECT_EQ(info.state, MMAPVIDEO_STATE_EMPTY);
  EXPECT_EQ(info.has_newest, 0u);
  EXPECT_EQ(info.caps, "");
}

TEST_F(InspectTest, file_under_creation_is_forming_at_every_length) {
  ForgedFile file(path_);
  store(file.header().state, MMAPVIDEO_STATE_FORMING);
  const std::string whole = read_bytes(path_);
  for (std::size_t length : {0, 1, 8, 15, 16, 48, 4095, 4096}) {
    const std::string part = dir_ / "part";
    write_bytes(part, whole.substr(0, length));
    EXPECT_EQ(mmapvideo::inspect(part).state, MMAPVIDEO_STATE_FORMING) << length;
  }
}

TEST_F(InspectTest, half_written_newest_slot_is_not_described) {
  ForgedFile file(path_);
  file.begin_session(7);
  file.publish();
  ASSERT_EQ(mmapvideo::inspect(path_).has_newest, 1u);
  store(file.slot(0).stamp, MMAPVIDEO_STAMP_WRITING);
  const mmapvideo::FileInfo info = mmapvideo::inspect(path_);
  EXPECT_EQ(info.has_newest, 0u);
  EXPECT_EQ(info.head_number, 1u);
}

TEST_F(InspectTest, claimed_slot_still_has_its_frame) {
  ForgedFile file(path_);
  file.begin_session(7);
  file.publish();
  store(file.slot(0).stamp, std::uint64_t{3});
  EXPECT_EQ(mmapvideo::inspect(path_).newest_number, 1u);
}

TEST_F(InspectTest, frame_that_contradicts_the_specification_is_not_described) {
  ForgedFile file(path_);
  file.begin_session(7);
  mmapvideo_frame_info info = grey_info();
  info.planes[0].rows = 1'000'000;
  file.publish(info);
  EXPECT_EQ(mmapvideo::inspect(path_).has_newest, 0u);
}

TEST_F(InspectTest, caps_that_do_not_fit_are_left_out_and_their_length_is_told) {
  Writer writer = open_waiting_writer(path_);
  publish(writer);
  mmapvideo_file_info info;
  std::string caps(kCaps.size() + 1, '#');
  const auto look = [&](std::size_t capacity) {
    return mmapvideo_inspect(path_.c_str(), &info, caps.data(),
                             static_cast<std::uint32_t>(capacity), nullptr);
  };
  ASSERT_EQ(look(kCaps.size()), MMAPVIDEO_OK);
  EXPECT_STREQ(caps.c_str(), "");
  EXPECT_EQ(info.newest.caps_bytes, kCaps.size());
  ASSERT_EQ(look(kCaps.size() + 1), MMAPVIDEO_OK);
  EXPECT_EQ(caps.c_str(), kCaps);
}

TEST_F(InspectTest, what_is_none_of_ours_is_refused_by_name) {
  EXPECT_EQ(status_of(dir_ / "absent"), MMAPVIDEO_NOT_FOUND);
  write_bytes(path_, std::string(5000, 'x'));
  EXPECT_EQ(status_of(path_), MMAPVIDEO_FOREIGN_FILE);
  EXPECT_EQ(status_of(dir_.path()), MMAPVIDEO_NOT_A_REGULAR_FILE);
}

TEST_F(InspectTest, file_that_was_cut_behind_its_header_is_broken_and_does_no_harm) {
  ForgedFile file(path_);
  file.begin_session(7);
  file.publish();
  std::filesystem::resize_file(path_, 4096);
  EXPECT_EQ(status_of(path_), MMAPVIDEO_BROKEN_FILE);
}

TEST_F(InspectTest, absent_arguments_are_refused) {
  mmapvideo_file_info info;
  EXPECT_EQ(mmapvideo_inspect(nullptr, &info, nullptr, 0, nullptr), MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_EQ(mmapvideo_inspect("", &info, nullptr, 0, nullptr), MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_EQ(mmapvideo_inspect(path_.c_str(), nullptr, nullptr, 0, nullptr),
            MMAPVIDEO_INVALID_ARGUMENT);
  EXPECT_EQ(mmapvideo_inspect(path_.c_str(), &info, nullptr, 8, nullptr),
            MMAPVIDEO_INVALID_ARGUMENT);
}
