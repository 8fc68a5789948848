// SPDX-License-Identifier: MIT
// Frames in place between processes that are stopped, killed, and come back.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "numbered.hpp"
#include "process.hpp"
#include "sender.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

std::string reading(const std::string& path, const std::string& options = "") {
  return "mmapsrc name=in delivery=every-frame location=" + path + " " + options +
         " ! appsink name=out sync=false enable-last-sample=false";
}

class HoardingProcess : public FileTest {
 protected:
  void start(const std::string& options) {
    writer_ = std::make_unique<WriterPipeline>(path_, options);
    writer_->play();
    writer_->set_caps(kNumberCaps);
  }
  /// In step with a reader of this process that takes every frame.
  void publish(int count) {
    for (int i = 0; i < count; ++i) {
      writer_->push(numbered_bytes(++number_));
      writer_->wait_for_published(number_);
      if (!witness_) {
        witness_ = std::make_unique<ReaderPipeline>(path_, "delivery=every-frame",
                                                    "enable-last-sample=false");
        witness_->play();
      }
      ASSERT_EQ(number_of(witness_->pull()), static_cast<std::int64_t>(number_));
    }
  }
  /// In step with the other process as well.
  void publish_to(Process& reader, int count) {
    for (int i = 0; i < count; ++i) {
      publish(1);
      const FrameLine frame = parse_frame(reader.expect("frame"));
      ASSERT_EQ(frame.word, number_);
      ASSERT_TRUE(frame.whole);
    }
  }
  void expect_nobody_was_harmed() {
    EXPECT_EQ(stat(writer_->sink(), "dropped"), 0u);
    EXPECT_EQ(stat(witness_->source(), "skipped"), 0u);
    expect_every_frame_is_its_number(path_);
  }

  std::unique_ptr<WriterPipeline> writer_;
  std::unique_ptr<ReaderPipeline> witness_;
  std::uint64_t number_ = 0;
};

TEST_F(HoardingProcess, a_process_that_keeps_every_frame_keeps_them_unchanged) {
  Process reader({"keep", reading(path_)});
  reader.expect("playing");
  start("slots=6");
  publish_to(reader, 10);
  const std::uint64_t allocated = allocated_bytes(path_);
  const auto size = stat_of(path_).st_size;
  publish_to(reader, 90);
  expect_nobody_was_harmed();
  EXPECT_EQ(allocated_bytes(path_), allocated);
  EXPECT_EQ(stat_of(path_).st_size, size);
  writer_->end();
  const Reading rest = read_to_end(reader);
  EXPECT_TRUE(rest.eos) << rest.error;
  EXPECT_EQ(rest.kept, 100u);
  EXPECT_EQ(rest.changed, 0u);
  EXPECT_EQ(rest.skipped, 0u);
}

TEST_F(HoardingProcess, a_process_that_is_stopped_holds_nobody_up_and_keeps_its_frames) {
  Process reader({"keep", reading(path_)});
  reader.expect("playing");
  start("slots=6");
  publish_to(reader, 20);
  const std::uint64_t allocated = allocated_bytes(path_);
  reader.pause();
  publish(200);
  expect_nobody_was_harmed();
  EXPECT_EQ(allocated_bytes(path_), allocated);
  reader.resume();
  writer_->end();
  const Reading rest = read_to_end(reader);
  EXPECT_TRUE(rest.eos) << rest.error;
  EXPECT_EQ(rest.changed, 0u);
  EXPECT_EQ(rest.kept, rest.delivered);
  EXPECT_EQ(rest.delivered + rest.skipped, number_);
  for (const FrameLine& frame : rest.frames) EXPECT_TRUE(frame.whole);
}

TEST_F(HoardingProcess, the_slots_of_a_killed_process_can_be_locked_at_once) {
  start("slots=4");
  publish(1);
  for (int round = 0; round < 5; ++round) {
    Process reader({"keep", reading(path_)});
    reader.expect("frame");
    publish_to(reader, 4);
    witness_.reset();
    ASSERT_EQ(leases_in(path_), 2u);
    reader.kill_and_reap();
    // Windows drops the locks of a dead process a little after its end.
    wait_for_leases(path_, 0);
    const RawFile file(path_, O_RDONLY);
    for (unsigned index = 0; index < file.ring().slot_count; ++index)
      EXPECT_FALSE(LockFile(path_).query(all_lanes(Family::slot, file.slot_id(index))));
    for (int i = 0; i < 20; ++i) {
      writer_->push(numbered_bytes(++number_));
      writer_->wait_for_published(number_);
    }
    EXPECT_EQ(stat(writer_->sink(), "dropped"), 0u);
    expect_every_frame_is_its_number(path_);
  }
}

TEST_F(HoardingProcess, a_process_that_is_killed_while_stopped_leaves_nothing_behind) {
  Process reader({"keep", reading(path_)});
  reader.expect("playing");
  start("slots=6");
  publish_to(reader, 5);
  reader.pause();
  publish(30);
  reader.kill_and_reap();
  publish(30);
  expect_nobody_was_harmed();
  witness_.reset();
  wait_for_leases(path_, 0);
}

TEST_F(HoardingProcess, frames_that_are_kept_do_not_change_when_the_writer_is_killed_and_replaced) {
  const ReaderPipeline reader(path_, "delivery=every-frame", "enable-last-sample=false");
  reader.play();
  std::vector<Sample> kept;
  std::vector<std::int64_t> numbers;
  for (std::uint64_t life = 1; life <= 3; ++life) {
    Process writer({"numbers", path_, "0", std::to_string(life * 1'000'000), "2000", "slots=8"});
    writer.expect("published");
    for (int i = 0; i < 20; ++i) {
      kept.push_back(reader.pull());
      ASSERT_TRUE(kept.back());
      numbers.push_back(number_of(kept.back()));
      ASSERT_NE(numbers.back(), kMixed);
    }
    writer.kill_and_reap();
    for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(number_of(kept[i]), numbers[i]);
  }
  EXPECT_EQ(stat(reader.source(), "zero-copy"), 2u);
  EXPECT_TRUE(lies_in(path_, gst_sample_get_buffer(kept[0].get())));
  EXPECT_TRUE(lies_in(path_, gst_sample_get_buffer(kept[1].get())));
}

TEST_F(HoardingProcess, buffers_of_a_pool_do_not_disturb_a_writer_of_another_process) {
  std::vector<Buffer> old;
  Buffer published;
  {
    Sender sender(path_, "slots=12 keep-file=true");
    sender.start(grey_caps(512, 32));
    const BufferPool pool = sender.pool(grey_caps(512, 32));
    old = acquire_many(pool, 5);
    published = acquire_numbered(pool, 5);
    ASSERT_EQ(sender.push(another_ref(published)), GST_FLOW_OK);
  }
  Process reader({"keep", reading(path_)});
  reader.expect("playing");
  Process writer({"numbers", path_, "300", "1000", "1000", "slots=12"});
  for (int i = 0; i < 200; ++i) {
    for (const Buffer& buffer : old) write_number(buffer.get(), 77);
    g_usleep(500);
  }
  EXPECT_EQ(writer.wait(), 0);
  const Reading seen = read_to_end(reader);
  for (const FrameLine& frame : seen.frames) {
    EXPECT_TRUE(frame.whole);
    EXPECT_TRUE(frame.word == 5 || (frame.word >= 1000 && frame.word < 1300)) << frame.word;
  }
  EXPECT_EQ(seen.changed, 0u);
  EXPECT_EQ(number_of(published.get()), 5);
}

}  // namespace
}  // namespace mmapvideo_test
