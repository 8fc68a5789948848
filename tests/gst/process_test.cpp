// SPDX-License-Identifier: MIT
// Writers and readers in processes of their own: real footage, full speed, sudden death.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "pipeline.hpp"
#include "process.hpp"
#include "support/file_test.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

std::string reading(const std::string& path, const std::string& options) {
  return "mmapsrc name=in location=" + path + " " + options + " ! appsink name=out sync=false";
}

class ProcessTest : public FileTest {};

// ---- Real footage -----------------------------------------------------------------------------

std::string decoding(const std::string& footage) {
  return "filesrc location=\"" + footage + "\" ! decodebin";
}

/// Every frame that arrived is bit for bit the decoded one, in order, and every gap is marked.
void expect_subsequence(const std::vector<FrameLine>& arrived,
                        const std::vector<FrameLine>& decoded) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < arrived.size(); ++i) {
    const std::size_t expected = at;
    while (at < decoded.size() && decoded[at].checksum != arrived[i].checksum) ++at;
    if (at == decoded.size()) {
      ADD_FAILURE() << "frame " << i << " is not one of the decoded frames behind " << expected;
      return;
    }
    if (i > 0) {
      EXPECT_EQ(arrived[i].discont, at != expected) << "frame " << i;
    }
    ++at;
  }
}

TEST_F(ProcessTest, real_footage_arrives_bit_for_bit_from_one_process_to_another) {
  const char* footage = std::getenv("MMAPVIDEO_FOOTAGE");
  if (footage == nullptr || !exists(footage))
    GTEST_SKIP() << "MMAPVIDEO_FOOTAGE names no recording; tests/run provides one";
  Process direct({"frames", decoding(footage) + " ! appsink name=out sync=false"});
  const Reading decoded = read_to_end(direct);
  ASSERT_TRUE(decoded.eos) << decoded.error;
  ASSERT_GE(decoded.frames.size(), 100u);

  Process reader({"frames", reading(path_, "delivery=every-frame")});
  Process writer({"run", decoding(footage) +
                             " ! identity sleep-time=2000 ! mmapsink sync=false slots=32 "
                             "wait-for-readers=1 keep-file=true location=" +
                             path_});
  const Reading arrived = read_to_end(reader);
  EXPECT_EQ(writer.wait(), 0);
  ASSERT_TRUE(arrived.eos) << arrived.error;
  ASSERT_FALSE(arrived.frames.empty());
  expect_subsequence(arrived.frames, decoded.frames);
  const std::uint64_t published = RawFile(path_, O_RDONLY).header().frame_count;
  EXPECT_EQ(published, decoded.frames.size());
  EXPECT_EQ(arrived.delivered, arrived.frames.size());
  EXPECT_EQ(arrived.told, arrived.skipped);
  EXPECT_EQ(arrived.delivered + arrived.skipped, published);
}

// ---- Full speed -------------------------------------------------------------------------------

void expect_whole_and_in_order(const Reading& reading, std::uint64_t first, std::uint64_t count) {
  std::uint64_t last = first - 1;
  for (const FrameLine& frame : reading.frames) {
    ASSERT_TRUE(frame.whole) << "a torn frame, after " << last;
    ASSERT_GT(frame.word, last);
    if (last >= first) {
      ASSERT_EQ(frame.discont, frame.word != last + 1) << frame.word;
    }
    last = frame.word;
  }
  EXPECT_TRUE(reading.eos) << reading.error;
  EXPECT_EQ(last, first + count - 1) << "the last frame is never lost";
  EXPECT_EQ(reading.delivered, reading.frames.size());
}

TEST_F(ProcessTest, at_full_speed_no_frame_is_torn_and_each_is_delivered_or_counted) {
  constexpr std::uint64_t count = 10'000;
  Process newest({"frames", reading(path_, "delivery=latest")});
  Process every({"frames", reading(path_, "delivery=every-frame")});
  Process writer({"numbers", path_, std::to_string(count), "1", "0",
                  "slots=8 wait-for-readers=2 keep-file=true"});
  Reading of_every;
  std::thread taker([&] { of_every = read_to_end(every); });
  const Reading of_newest = read_to_end(newest);
  taker.join();
  EXPECT_EQ(writer.wait(), 0);

  expect_whole_and_in_order(of_newest, 1, count);
  expect_whole_and_in_order(of_every, 1, count);
  EXPECT_EQ(of_every.delivered + of_every.skipped, count);
  EXPECT_EQ(of_every.told, of_every.skipped);
  // A reader of the newest begins with the newest when it finds the file; from there on nothing
  // goes uncounted. Before its first frame it may already have missed some.
  ASSERT_FALSE(of_newest.frames.empty());
  const std::uint64_t first = of_newest.frames.front().word;
  const std::uint64_t missing_behind_first = count - first + 1 - of_newest.delivered;
  EXPECT_GE(of_newest.skipped, missing_behind_first);
  EXPECT_LT(of_newest.skipped, missing_behind_first + first);
  EXPECT_EQ(of_newest.told, 0u);
}

// ---- Death and return -------------------------------------------------------------------------

TEST_F(ProcessTest, a_running_reader_goes_on_with_each_writer_that_follows_a_killed_one) {
  constexpr int lives = 8;
  Process reader({"frames", reading(path_, "delivery=every-frame")});
  reader.expect("playing");
  std::uint64_t inode = 0;
  std::uint64_t allocated = 0;
  for (int life = 0; life < lives; ++life) {
    const auto first = static_cast<std::uint64_t>(life) * 1'000'000 + 1;
    Process writer({"numbers", path_, "0", std::to_string(first), "1000", "slots=64"});
    writer.expect("published");
    // The first frame of this life, and some more.
    FrameLine frame;
    do {
      frame = parse_frame(reader.expect("frame"));
      ASSERT_TRUE(frame.whole);
    } while (frame.word < first);
    EXPECT_TRUE(frame.discont || life == 0);
    for (int i = 0; i < 10; ++i) {
      const FrameLine next = parse_frame(reader.expect("frame"));
      ASSERT_TRUE(next.whole);
      EXPECT_GT(next.word, frame.word);
      frame = next;
    }
    writer.kill_and_reap();
    if (life == 0) {
      inode = stat_of(path_).st_ino;
      allocated = allocated_bytes(path_);
    }
    EXPECT_EQ(stat_of(path_).st_ino, inode) << "the file is taken over, not made anew";
    EXPECT_EQ(allocated_bytes(path_), allocated) << "a restart needs no more memory";
  }
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path()))
    names.insert(entry.path().generic_string());
  EXPECT_EQ(names, std::set<std::string>{path_});
}

TEST_F(ProcessTest, a_writer_that_is_killed_while_it_starts_harms_no_one) {
  for (int round = 0; round < 20; ++round) {
    Process writer({"numbers", path_, "0", "1", "500"});
    g_usleep(10'000 + round * 2'000);
    writer.kill_and_reap();
  }
  Process reader({"frames", reading(path_, "delivery=every-frame")});
  reader.expect("playing");
  Process writer({"numbers", path_, "50", "1000000", "1000", "slots=64 wait-for-readers=1"});
  const Reading reading = read_to_end(reader);
  expect_whole_and_in_order(reading, 1'000'000, 50);
}

TEST_F(ProcessTest, readers_that_are_killed_leave_nothing_behind) {
  const WriterPipeline writer(path_, "slots=4");
  writer.play();
  writer.set_caps(grey_caps());
  writer.push(grey_bytes(0));
  writer.wait_for_published(1);
  for (int round = 0; round < 5; ++round) {
    Process reader({"frames", reading(path_, "")});
    reader.expect("frame");
    EXPECT_EQ(stat(writer.sink(), "readers"), 1u);
    reader.kill_and_reap();
    // Windows drops the locks of a dead process a little after its end.
    while (stat(writer.sink(), "readers") > 0) g_usleep(1000);
  }
  for (std::uint8_t i = 0; i < 20; ++i) writer.push(grey_bytes(i));
  writer.wait_for_published(21);
  EXPECT_EQ(stat(writer.sink(), "dropped"), 0u);
}

// ---- Files that go and come -------------------------------------------------------------------

TEST_F(ProcessTest, a_file_that_is_deleted_and_made_anew_under_a_waiting_reader_is_followed) {
  Process reader({"frames", reading(path_, "delivery=every-frame")});
  reader.expect("playing");
  for (std::uint64_t round = 1; round <= 4; ++round) {
    const std::uint64_t first = round * 1000;
    Process writer({"numbers", path_, "0", std::to_string(first), "1000", "slots=64"});
    while (parse_frame(reader.expect("frame")).word < first + 3) {
    }
    writer.kill_and_reap();
    ASSERT_TRUE(std::filesystem::remove(path_));
  }
}

}  // namespace
}  // namespace mmapvideo_test
