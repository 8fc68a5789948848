// SPDX-License-Identifier: MIT
// Buffers of mmapsink's pool that several have: kept, pushed again, mapped, copied, cut, and pushed
// into two sinks.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sender.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

class SlotSharingTest : public FileTest {
 protected:
  void SetUp() override {
    sender_.start();
    pool_ = sender_.pool();
  }
  void push(Buffer buffer) { ASSERT_EQ(sender_.push(std::move(buffer)), GST_FLOW_OK); }
  /// Many laps of the ring; each frame is its number.
  void go_round(int laps = 6) {
    std::uint64_t number = newest_in_file(path_);
    for (int i = 0; i < laps * 4; ++i) {
      push(acquire_numbered(pool_, ++number));
      ASSERT_EQ(sender_.push_plain(++number), GST_FLOW_OK);
    }
  }
  void expect_counts(std::uint64_t zero_copy, std::uint64_t copied) {
    EXPECT_EQ(sender_.zero_copy(), zero_copy);
    EXPECT_EQ(sender_.copied(), copied);
    EXPECT_EQ(sender_.dropped(), 0u);
  }

  Sender sender_{path_, "slots=8"};
  BufferPool pool_;
};

// ---- Kept by upstream -------------------------------------------------------------------------

TEST_F(SlotSharingTest, a_buffer_pushed_twice_is_two_frames) {
  const Buffer buffer = acquire_numbered(pool_, 5);
  push(another_ref(buffer));
  push(another_ref(buffer));
  EXPECT_EQ(number_in_file(path_, 1), 5);
  EXPECT_EQ(number_in_file(path_, 2), 5);
  EXPECT_EQ(number_of(buffer.get()), 5);
  expect_counts(1, 1);
}

TEST_F(SlotSharingTest, a_buffer_that_upstream_keeps_never_changes) {
  std::vector<Buffer> kept;
  for (std::uint64_t number = 1; number <= 10; ++number) {
    kept.push_back(acquire_numbered(pool_, number));
    push(another_ref(kept.back()));
  }
  go_round();
  for (std::size_t i = 0; i < kept.size(); ++i)
    EXPECT_EQ(number_of(kept[i].get()), static_cast<std::int64_t>(i + 1));
  expect_every_frame_is_its_number(path_);
  EXPECT_EQ(sender_.dropped(), 0u);
}

TEST_F(SlotSharingTest, a_kept_buffer_that_is_pushed_again_later_is_a_frame_with_the_old_content) {
  const Buffer kept = acquire_numbered(pool_, 1);
  push(another_ref(kept));
  go_round();
  push(another_ref(kept));
  EXPECT_EQ(number_in_file(path_, newest_in_file(path_)), 1);
}

TEST_F(SlotSharingTest, the_slot_of_a_kept_buffer_is_used_again_after_it_was_given_back) {
  Buffer kept = acquire_numbered(pool_, 1);
  const std::uint64_t position = mapped_at(address_of(kept.get()))->position;
  push(another_ref(kept));
  go_round();
  kept.reset();
  bool seen = false;
  for (int i = 0; i < 20; ++i) {
    Buffer buffer = acquire(pool_);
    seen |= mapped_at(address_of(buffer.get()))->position == position;
    push(std::move(buffer));
  }
  EXPECT_TRUE(seen);
}

// ---- Written to after it was pushed -----------------------------------------------------------

TEST_F(SlotSharingTest, who_writes_to_a_published_buffer_gets_a_copy_and_the_frame_stays) {
  const ReaderPipeline reader(path_, "delivery=every-frame");
  Buffer buffer = acquire_numbered(pool_, 1);
  push(another_ref(buffer));
  reader.play();
  const Sample seen = reader.pull();
  ASSERT_TRUE(gst_buffer_is_writable(buffer.get()));
  write_number(buffer.get(), 2);
  EXPECT_FALSE(lies_in(path_, buffer.get()));
  EXPECT_EQ(number_in_file(path_, 1), 1);
  EXPECT_EQ(number_of(seen), 1);
  push(std::move(buffer));
  EXPECT_EQ(number_of(reader.pull()), 2);
  EXPECT_EQ(number_in_file(path_, 1), 1);
  EXPECT_EQ(number_in_file(path_, 2), 2);
  expect_counts(1, 1);
}

TEST_F(SlotSharingTest, an_upstream_that_draws_on_into_one_buffer_publishes_each_state_of_it) {
  Buffer canvas = acquire(pool_);
  for (std::uint64_t number = 1; number <= 40; ++number) {
    canvas.reset(gst_buffer_make_writable(canvas.release()));
    write_number(canvas.get(), number);
    push(another_ref(canvas));
    expect_every_frame_is_its_number(path_);
    EXPECT_EQ(number_in_file(path_, number), static_cast<std::int64_t>(number));
  }
  expect_counts(1, 39);
}

TEST_F(SlotSharingTest, memory_of_a_published_buffer_cannot_be_mapped_for_writing) {
  const Buffer buffer = acquire_numbered(pool_, 1);
  GstMemory* const memory = gst_buffer_peek_memory(buffer.get(), 0);
  push(another_ref(buffer));
  GstMapInfo map;
  EXPECT_FALSE(gst_memory_map(memory, &map, GST_MAP_WRITE));
  EXPECT_FALSE(gst_memory_map(memory, &map, GST_MAP_READWRITE));
  EXPECT_TRUE(gst_memory_map(memory, &map, GST_MAP_READ));
  gst_memory_unmap(memory, &map);
}

// ---- Mapped while it is pushed ----------------------------------------------------------------

TEST_F(SlotSharingTest, a_buffer_that_is_mapped_for_writing_is_copied_and_stays_upstreams) {
  const Buffer buffer = acquire_numbered(pool_, 1);
  GstMapInfo map;
  ASSERT_TRUE(gst_buffer_map(buffer.get(), &map, GST_MAP_READWRITE));
  push(another_ref(buffer));
  fill_words(map.data, map.size, 2);
  EXPECT_EQ(number_in_file(path_, 1), 1);
  push(another_ref(buffer));
  gst_buffer_unmap(buffer.get(), &map);
  EXPECT_EQ(number_in_file(path_, 2), 2);
  expect_counts(0, 2);
  write_number(buffer.get(), 3);
  EXPECT_TRUE(lies_in(path_, buffer.get()));
  push(another_ref(buffer));
  expect_counts(1, 2);
  expect_every_frame_is_its_number(path_);
}

TEST_F(SlotSharingTest, a_buffer_that_is_mapped_for_reading_is_published_in_place) {
  const Buffer buffer = acquire_numbered(pool_, 1);
  GstMapInfo map;
  ASSERT_TRUE(gst_buffer_map(buffer.get(), &map, GST_MAP_READ));
  push(another_ref(buffer));
  go_round();
  EXPECT_EQ(number_of(map.data, map.size), 1);
  gst_buffer_unmap(buffer.get(), &map);
}

TEST_F(SlotSharingTest, a_copy_of_a_buffer_that_is_mapped_for_writing_is_a_frame_of_its_own) {
  const Buffer buffer = acquire_numbered(pool_, 1);
  GstMapInfo map;
  ASSERT_TRUE(gst_buffer_map(buffer.get(), &map, GST_MAP_READWRITE));
  push(Buffer(gst_buffer_copy(buffer.get())));
  fill_words(map.data, map.size, 2);
  gst_buffer_unmap(buffer.get(), &map);
  EXPECT_EQ(number_in_file(path_, 1), 1);
  push(another_ref(buffer));
  EXPECT_EQ(number_in_file(path_, 2), 2);
  expect_every_frame_is_its_number(path_);
  EXPECT_EQ(sender_.published(), 2u);
}

// ---- Other buffers with the same memory -------------------------------------------------------

TEST_F(SlotSharingTest, a_copy_of_the_buffer_without_its_memory_is_published_in_place) {
  Buffer buffer = acquire_numbered(pool_, 1);
  Buffer shell(gst_buffer_copy(buffer.get()));
  buffer.reset();
  push(std::move(shell));
  Buffer original = acquire_numbered(pool_, 2);
  const Buffer kept = another_ref(original);
  push(Buffer(gst_buffer_make_writable(original.release())));
  EXPECT_EQ(number_in_file(path_, 1), 1);
  EXPECT_EQ(number_in_file(path_, 2), 2);
  expect_counts(2, 0);
  go_round();
  EXPECT_EQ(number_of(kept.get()), 2);
}

TEST_F(SlotSharingTest, a_copy_of_the_buffer_with_its_memory_is_copied) {
  const Buffer buffer = acquire_numbered(pool_, 1);
  push(Buffer(gst_buffer_copy_deep(buffer.get())));
  write_number(buffer.get(), 2);
  EXPECT_EQ(number_in_file(path_, 1), 1);
  push(another_ref(buffer));
  EXPECT_EQ(number_in_file(path_, 2), 2);
  EXPECT_EQ(sender_.published(), 2u);
}

TEST_F(SlotSharingTest, a_buffer_is_published_in_place_whatever_times_flags_and_metas_it_carries) {
  Buffer buffer = acquire_numbered(pool_, 1);
  GST_BUFFER_PTS(buffer.get()) = 5 * GST_SECOND;
  GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_MARKER);
  const auto reference = caps_of("timestamp/x-test");
  gst_buffer_add_reference_timestamp_meta(buffer.get(), reference.get(), 1, 1);
  push(std::move(buffer));
  expect_counts(1, 0);
  const RawFile file(path_, O_RDONLY);
  EXPECT_EQ(file.slot(file.head_index()).info.pts_ns, 5 * GST_SECOND);
}

// ---- Parts of it ------------------------------------------------------------------------------

TEST_F(SlotSharingTest, a_part_of_a_buffer_is_copied_and_right) {
  sender_.set_caps(grey_caps(kNumberWidth, 8));
  const Buffer buffer = acquire_numbered(pool_, 0);
  for (std::uint64_t part = 0; part < 4; ++part) {
    const Bytes rows = numbered_bytes(part + 1, kNumberWidth * 8);
    gst_buffer_fill(buffer.get(), part * rows.size(), rows.data(), rows.size());
  }
  for (const gsize part : {1, 0, 3, 2}) {
    push(Buffer(gst_buffer_copy_region(buffer.get(), GST_BUFFER_COPY_MEMORY,
                                       part * kNumberWidth * 8, kNumberWidth * 8)));
    EXPECT_EQ(number_in_file(path_, newest_in_file(path_)), static_cast<std::int64_t>(part + 1));
  }
  expect_counts(0, 4);
}

TEST_F(SlotSharingTest, a_part_that_is_kept_never_changes) {
  Buffer buffer = acquire_numbered(pool_, 1);
  const Buffer part(
      gst_buffer_copy_region(buffer.get(), GST_BUFFER_COPY_MEMORY, 4096, kNumberBytes - 4096));
  push(std::move(buffer));
  EXPECT_EQ(number_in_file(path_, 1), 1);
  go_round();
  EXPECT_EQ(number_of(part.get()), 1);
  expect_every_frame_is_its_number(path_);
}

TEST_F(SlotSharingTest, a_buffer_that_was_made_smaller_is_a_smaller_frame) {
  sender_.set_caps(grey_caps(kNumberWidth, 8));
  Buffer buffer = acquire_numbered(pool_, 1);
  gst_buffer_set_size(buffer.get(), kNumberWidth * 8);
  push(std::move(buffer));
  const RawFile file(path_, O_RDONLY);
  EXPECT_EQ(file.slot(file.head_index()).info.payload_bytes, kNumberWidth * 8u);
  EXPECT_EQ(number_in_file(path_, 1), 1);
}

TEST_F(SlotSharingTest, a_buffer_whose_begin_was_cut_off_is_copied_and_right) {
  sender_.set_caps(grey_caps(kNumberWidth, 8));
  const Buffer buffer = acquire_numbered(pool_, 9);
  const Bytes rows = numbered_bytes(1, kNumberWidth * 8);
  gst_buffer_fill(buffer.get(), kNumberBytes - rows.size(), rows.data(), rows.size());
  gst_buffer_resize(buffer.get(), static_cast<gssize>(kNumberBytes - rows.size()), -1);
  push(another_ref(buffer));
  EXPECT_EQ(number_in_file(path_, 1), 1);
  expect_counts(0, 1);
}

TEST_F(SlotSharingTest, a_buffer_of_two_memories_is_copied_whole_and_in_order) {
  const std::string caps = grey_caps(kNumberWidth, 2 * kNumberHeight);
  const BufferPool large = sender_.pool(caps);
  Buffer buffer = acquire_numbered(pool_, 1);
  const Buffer other = acquire_numbered(pool_, 1);
  gst_buffer_append_memory(buffer.get(), gst_buffer_get_memory(other.get(), 0));
  sender_.set_caps(caps);
  push(std::move(buffer));
  EXPECT_EQ(number_in_file(path_, 1), 1);
  const RawFile file(path_, O_RDONLY);
  EXPECT_EQ(file.slot(file.head_index()).info.payload_bytes, 2 * kNumberBytes);
  expect_counts(0, 1);
}

// ---- Two sinks --------------------------------------------------------------------------------

TEST_F(SlotSharingTest, of_two_sinks_that_get_the_same_buffers_one_publishes_in_place) {
  const std::string other_path = path_ + "-other";
  Sender other(other_path, "slots=8");
  other.start();
  for (std::uint64_t number = 1; number <= 40; ++number) {
    const Buffer buffer = acquire_numbered(pool_, number);
    if (number % 2 == 0) push(another_ref(buffer));
    ASSERT_EQ(other.push(another_ref(buffer)), GST_FLOW_OK);
    if (number % 2 != 0) push(another_ref(buffer));
    expect_every_frame_is_its_number(path_);
    expect_every_frame_is_its_number(other_path);
  }
  expect_counts(40, 0);
  EXPECT_EQ(other.zero_copy(), 0u);
  EXPECT_EQ(other.copied(), 40u);
}

TEST_F(SlotSharingTest, two_sinks_behind_a_tee_both_publish_every_frame) {
  const std::string other = path_ + "-other";
  const std::string mine = path_ + "-mine";
  const Pipeline pipeline(
      "videotestsrc num-buffers=60 ! video/x-raw,format=GRAY8,width=64,height=64 ! tee name=t t. "
      "! queue ! mmapsink name=one sync=false slots=64 location=" +
      mine + " t. ! queue ! mmapsink name=two sync=false slots=64 location=" + other);
  pipeline.play();
  pipeline.expect_eos();
  const RawFile one(mine, O_RDONLY);
  const RawFile two(other, O_RDONLY);
  for (std::uint64_t frame = 1; frame <= 60; ++frame) {
    const int a = one.find(frame);
    const int b = two.find(frame);
    ASSERT_GE(a, 0);
    ASSERT_GE(b, 0);
    EXPECT_EQ(std::memcmp(one.payload(static_cast<unsigned>(a)),
                          two.payload(static_cast<unsigned>(b)), 64 * 64),
              0);
  }
  EXPECT_EQ(stat(pipeline.element("one"), "frames"), 60u);
  EXPECT_EQ(stat(pipeline.element("two"), "frames"), 60u);
}

}  // namespace
}  // namespace mmapvideo_test
