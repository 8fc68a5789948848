// SPDX-License-Identifier: MIT
// A reader and the name of its file (SPEC 8.1, 8.3, 9): the file may come later, half-made, go,
// come back or be replaced; the reader follows.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "support/file_test.hpp"
#include "support/forged_file.hpp"
#include "support/library.hpp"

using namespace mmapvideo_test;
using FollowingTest = FileTest;
using std::chrono::milliseconds;

namespace {

/// A thread that is joined, for the one who changes the file while the reader waits.
class Meanwhile {
 public:
  template <typename Action>
  explicit Meanwhile(Action action)
      : thread_([=] {
          std::this_thread::sleep_for(milliseconds(120));
          action();
        }) {}
  ~Meanwhile() { join(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

/// Polls without waiting until something is there. Bounded only to fail by name.
Taken poll(const Reader& reader) {
  auto start = std::chrono::steady_clock::now();
  Taken taken;
  do {
    std::this_thread::sleep_for(milliseconds(1));
    taken = take(reader, kNoWait);
  } while (taken.status == MMAPVIDEO_TIMEOUT && elapsed_since(start) < std::chrono::seconds(20));
  return taken;
}

}  // namespace

// ---- The file comes

TEST_F(FollowingTest, reader_waits_for_a_file_that_is_not_there_yet) {
  for (auto delivery : {MMAPVIDEO_DELIVERY_LATEST, kEveryFrame}) {
    Reader reader = open_reader(path_, delivery);
    Writer writer;
    Meanwhile appear([&] {
      writer = open_writer(path_);
      publish(writer, 1);
    });
    Taken taken = take(reader, kForever);
    appear.join();
    EXPECT_EQ(taken.number, 1u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_TRUE(taken.new_session);
    EXPECT_TRUE(all_words_are(taken.payload, 1));
    EXPECT_EQ(stats_of(reader).attach_count, 1u);
  }
}

TEST_F(FollowingTest, reader_waits_for_a_directory_that_is_not_there_yet) {
  std::string path = dir_ / "later/camera";
  Reader reader = open_reader(path);
  Writer writer;
  Meanwhile appear([&] {
    std::filesystem::create_directory(dir_ / "later");
    writer = open_writer(path);
    publish(writer, 1);
  });
  EXPECT_EQ(take(reader, kForever).number, 1u);
}

TEST_F(FollowingTest, reader_that_polls_finds_a_file_that_comes_later) {
  Reader reader = open_reader(path_);
  ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  ForgedFile file(path_);
  file.publish();
  EXPECT_EQ(poll(reader).number, 1u);
}

TEST_F(FollowingTest, half_made_file_is_waited_for_at_every_step_of_its_making) {
  std::string whole;
  {
    ForgedFile model(dir_ / "model");
    model.publish();
    model.end_session();
    whole = read_bytes(model.path());
  }
  Reader reader = open_reader(path_);
  for (std::size_t size : {0u, 5u, 8u, 30u, 48u, 2048u}) {
    write_bytes(path_, whole.substr(0, size));
    EXPECT_EQ(next_frame(reader, 60'000'000).status, MMAPVIDEO_TIMEOUT) << size;
  }
  std::string forming = whole.substr(0, 48) + std::string(4096 - 48, '\0');
  write_bytes(path_, forming);
  EXPECT_EQ(next_frame(reader, 60'000'000).status, MMAPVIDEO_TIMEOUT);
  {
    RawFile raw(path_);
    raw.resize(whole.size());
    std::memcpy(raw.bytes() + 52, whole.data() + 52, whole.size() - 52);
    EXPECT_EQ(next_frame(reader, 60'000'000).status, MMAPVIDEO_TIMEOUT) << "state is forming";
    store(raw.header().state, MMAPVIDEO_STATE_ENDED);
  }
  EXPECT_EQ(take(reader, kForever).number, 1u);
}

TEST_F(FollowingTest, session_without_a_ring_is_waited_for) {
  Writer writer = open_writer(path_);
  Reader reader = open_reader(path_);
  EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  publish(writer, 1);
  Taken taken = take(reader, kForever);
  EXPECT_EQ(taken.number, 1u);
  EXPECT_EQ(taken.skipped, 0u);
}

TEST_F(FollowingTest, attached_reader_of_an_empty_session_gets_its_first_frame) {
  Writer writer = open_writer(path_);
  ASSERT_EQ(mmapvideo_writer_reserve(writer.get(), kFrameBytes, 100, 0, 0, nullptr), MMAPVIDEO_OK);
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  ASSERT_EQ(stats_of(reader).attached, 1u);
  for (std::uint64_t number = 1; number <= 3; ++number) publish(writer, number);
  for (std::uint64_t number = 1; number <= 3; ++number) EXPECT_EQ(take(reader).number, number);
}

// SPEC 8.1.4: it was there first, so it misses nothing.
TEST_F(FollowingTest, every_frame_reader_that_waited_for_the_file_misses_nothing) {
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  ForgedFile file(path_, {.slot_count = 8});
  for (int i = 0; i < 5; ++i) file.publish();
  EXPECT_EQ(poll(reader).number, 1u);
  for (std::uint64_t number = 2; number <= 5; ++number) {
    Taken taken = take(reader);
    EXPECT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, 0u);
  }
}

TEST_F(FollowingTest, every_frame_reader_that_waited_for_a_later_session_gets_it_from_its_start) {
  ForgedFile file(path_, {.slot_count = 8});
  for (int i = 0; i < 3; ++i) file.publish();
  file.begin_session(0x2222);
  store(file.header().state, MMAPVIDEO_STATE_FORMING);
  Reader reader = open_reader(path_, kEveryFrame);
  ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  for (int i = 0; i < 3; ++i) file.publish();
  for (std::uint64_t number = 4; number <= 6; ++number) {
    Taken taken = number == 4 ? poll(reader) : take(reader);
    EXPECT_EQ(taken.number, number);
    EXPECT_EQ(taken.skipped, 0u);
  }
}

TEST_F(FollowingTest, latest_reader_that_waited_for_the_file_gets_the_newest_frame) {
  Reader reader = open_reader(path_);
  ASSERT_EQ(next_frame(reader, kNoWait).status, MMAPVIDEO_TIMEOUT);
  ForgedFile file(path_, {.slot_count = 8});
  for (int i = 0; i < 5; ++i) file.publish();
  Taken taken = poll(reader);
  EXPECT_EQ(taken.number, 5u);
  EXPECT_EQ(taken.skipped, 0u);
}

// ---- The file goes

TEST_F(FollowingTest, removed_file_is_read_on_while_its_writer_lives) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  ASSERT_TRUE(remove_name(path_));
  EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(stats_of(reader).attached, 1u);
  file.publish();
  EXPECT_EQ(take(reader).number, 2u);
}

TEST_F(FollowingTest, removed_file_is_let_go_when_its_writer_is_gone) {
  ForgedFile file(path_);
  file.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  file.end_session();
  ASSERT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
  ASSERT_TRUE(remove_name(path_));
  file.drop_writer_lock();
  EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  EXPECT_EQ(stats_of(reader).attached, 0u);
}

TEST_F(FollowingTest, removed_and_made_again_while_the_reader_waits) {
  for (auto delivery : {MMAPVIDEO_DELIVERY_LATEST, kEveryFrame}) {
    Writer first = open_writer(path_);
    for (std::uint64_t number = 1; number <= 5; ++number) publish(first, number);
    Reader reader = open_reader(path_, delivery);
    ASSERT_EQ(take(reader).number, 5u);
    first.reset();
    ASSERT_EQ(next_frame(reader, kForever).status, MMAPVIDEO_ENDED);
    Writer second;
    Meanwhile appear([&] {
      second = open_writer(path_);
      publish(second, 77);
    });
    Taken taken = take(reader, kForever);
    appear.join();
    EXPECT_EQ(taken.status, MMAPVIDEO_OK);
    EXPECT_EQ(taken.number, 1u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_TRUE(taken.new_session);
    EXPECT_TRUE(all_words_are(taken.payload, 77));
    EXPECT_EQ(stats_of(reader).attach_count, 2u);
  }
}

TEST_F(FollowingTest, end_and_loss_are_told_again_in_the_next_file) {
  Reader reader = open_reader(path_);
  for (int round = 0; round < 3; ++round) {
    ForgedFile file(path_);
    file.header().session_id = 100 + static_cast<std::uint64_t>(round);
    file.publish();
    ASSERT_EQ(take(reader, kForever).number, 1u);
    if (round % 2 == 0) {
      file.end_session();
      EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_ENDED);
    }
    file.drop_writer_lock();
    if (round % 2 == 1) {
      EXPECT_EQ(next_frame(reader).status, MMAPVIDEO_WRITER_LOST);
    }
    remove_name(path_);
  }
  EXPECT_EQ(stats_of(reader).attach_count, 3u);
}

// ---- The file is replaced

TEST_F(FollowingTest, file_replaced_by_rename_is_followed) {
  for (auto delivery : {MMAPVIDEO_DELIVERY_LATEST, kEveryFrame}) {
    ForgedFile former(path_);
    for (int i = 0; i < 3; ++i) former.publish();
    Reader reader = open_reader(path_, delivery);
    ASSERT_EQ(take(reader).number, 3u);
    ForgedFile next(dir_ / "next");
    next.publish();
    put_in_place(dir_ / "next", path_);
    Taken taken = take(reader, kForever);
    EXPECT_EQ(taken.number, 1u);
    EXPECT_EQ(taken.skipped, 0u);
    EXPECT_EQ(stats_of(reader).attach_count, 2u);
    remove_name(path_);
  }
}

TEST_F(FollowingTest, reader_that_polls_follows_a_replaced_file) {
  for (std::int64_t timeout : {std::int64_t{0}, std::int64_t{10'000'000}}) {
    ForgedFile former(path_);
    former.publish();
    former.publish();
    Reader reader = open_reader(path_);
    ASSERT_EQ(take(reader).number, 2u);
    ForgedFile next(dir_ / "next");
    next.publish();
    put_in_place(dir_ / "next", path_);
    auto start = std::chrono::steady_clock::now();
    Taken taken;
    do {
      std::this_thread::sleep_for(milliseconds(1));
      taken = take(reader, timeout);
    } while (taken.status == MMAPVIDEO_TIMEOUT && elapsed_since(start) < std::chrono::seconds(20));
    EXPECT_EQ(taken.status, MMAPVIDEO_OK) << "polled with timeout " << timeout;
    EXPECT_EQ(taken.number, 1u);
    remove_name(path_);
  }
}

TEST_F(FollowingTest, replacement_that_is_not_ready_does_not_take_the_reader_away) {
  ForgedFile former(path_);
  former.publish();
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  write_bytes(dir_ / "next", "");
  put_in_place(dir_ / "next", path_);
  EXPECT_EQ(next_frame(reader, kQuiet).status, MMAPVIDEO_TIMEOUT);
  former.publish();
  EXPECT_EQ(take(reader, kForever).number, 2u);
  EXPECT_EQ(stats_of(reader).attach_count, 1u);
}

TEST_F(FollowingTest, replaced_file_of_the_library_is_followed_by_a_waiting_reader) {
  Writer first = open_writer(path_);
  publish(first, 1);
  Reader reader = open_reader(path_);
  ASSERT_EQ(take(reader).number, 1u);
  Writer second = open_writer(dir_ / "next");
  publish(second, 77);
  Meanwhile replace([&] { put_in_place(dir_ / "next", path_); });
  Taken taken = take(reader, kForever);
  replace.join();
  EXPECT_TRUE(all_words_are(taken.payload, 77));
}

TEST_F(FollowingTest, moved_file_is_another_file_at_its_new_name) {
  Writer writer = open_writer(path_);
  publish(writer, 1);
  put_in_place(path_, dir_ / "moved");
  Reader reader = open_reader(dir_ / "moved");
  EXPECT_EQ(take(reader).number, 1u);
  publish(writer, 2);
  EXPECT_EQ(take(reader).number, 2u);
}
