// SPDX-License-Identifier: MIT
// The pool that mmapsink offers upstream: what it promises, and its buffers while all goes well.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "sender.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

class SlotPoolTest : public FileTest {
 protected:
  std::size_t count_in_file(const std::vector<Buffer>& buffers) const {
    return static_cast<std::size_t>(
        std::count_if(buffers.begin(), buffers.end(),
                      [this](const Buffer& buffer) { return lies_in(path_, buffer.get()); }));
  }
  GstFlowReturn try_acquire(const BufferPool& pool) {
    GstBuffer* buffer = nullptr;
    const GstFlowReturn flow = gst_buffer_pool_acquire_buffer(pool.get(), &buffer, nullptr);
    if (buffer != nullptr) gst_buffer_unref(buffer);
    return flow;
  }
};

// ---- The offer --------------------------------------------------------------------------------

TEST_F(SlotPoolTest, a_pool_is_offered_that_knows_video_meta_and_alignment) {
  Sender sender(path_);
  sender.start();
  const Offer offer = sender.ask();
  ASSERT_TRUE(offer.pool);
  EXPECT_TRUE(offer.video_meta);
  EXPECT_EQ(offer.bytes, kNumberBytes);
  EXPECT_EQ(offer.max_buffers, 0u) << "as many as upstream likes";
  EXPECT_TRUE(gst_buffer_pool_has_option(offer.pool.get(), GST_BUFFER_POOL_OPTION_VIDEO_META));
  EXPECT_TRUE(gst_buffer_pool_has_option(offer.pool.get(), GST_BUFFER_POOL_OPTION_VIDEO_ALIGNMENT));
}

TEST_F(SlotPoolTest, a_pool_works_as_it_is_offered) {
  Sender sender(path_);
  sender.start();
  const Offer offer = sender.ask();
  ASSERT_TRUE(gst_buffer_pool_set_active(offer.pool.get(), TRUE));
  const Buffer buffer = acquire(offer.pool);
  EXPECT_TRUE(lies_in(path_, buffer.get()));
  EXPECT_EQ(gst_buffer_get_size(buffer.get()), kNumberBytes);
}

TEST_F(SlotPoolTest, an_offer_that_is_not_taken_up_changes_nothing) {
  Sender sender(path_);
  sender.start();
  for (int i = 0; i < 100; ++i) sender.ask();
  EXPECT_EQ(load(RawFile(path_, O_RDONLY).header().ring_generation), 0u) << "no ring was made yet";
  ASSERT_EQ(sender.push_plain(1), GST_FLOW_OK);
  EXPECT_EQ(sender.copied(), 1u);
}

// ---- Its buffers ------------------------------------------------------------------------------

TEST_F(SlotPoolTest, a_buffer_is_page_aligned_memory_inside_the_file) {
  Sender sender(path_);
  sender.start();
  const BufferPool pool = sender.pool();
  const Buffer buffer = acquire(pool);
  EXPECT_EQ(gst_buffer_n_memory(buffer.get()), 1u);
  EXPECT_EQ(gst_buffer_get_size(buffer.get()), kNumberBytes);
  EXPECT_TRUE(gst_buffer_is_writable(buffer.get()));
  EXPECT_TRUE(gst_buffer_is_all_memory_writable(buffer.get()));
  EXPECT_TRUE(lies_in(path_, buffer.get()));
  EXPECT_TRUE(is_page_aligned(buffer.get()));
}

TEST_F(SlotPoolTest, a_buffer_has_a_video_meta) {
  Sender sender(path_);
  sender.start();
  const BufferPool pool = sender.pool(kNumberCaps, with_video_meta);
  const Buffer buffer = acquire(pool);
  const GstVideoMeta* meta = gst_buffer_get_video_meta(buffer.get());
  ASSERT_NE(meta, nullptr);
  EXPECT_EQ(meta->width, static_cast<guint>(kNumberWidth));
  EXPECT_EQ(meta->height, static_cast<guint>(kNumberHeight));
  EXPECT_EQ(meta->stride[0], kNumberWidth);
}

TEST_F(SlotPoolTest, what_is_pushed_is_the_frame_in_the_file_without_a_copy) {
  Sender sender(path_);
  sender.start();
  const BufferPool pool = sender.pool();
  for (std::uint64_t number = 1; number <= 50; ++number) {
    Buffer buffer = acquire_numbered(pool, number);
    const std::uint64_t position = mapped_at(address_of(buffer.get()))->position;
    ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
    const RawFile file(path_, O_RDONLY);
    const int index = file.find(number);
    ASSERT_GE(index, 0);
    const auto in_file = file.payload(static_cast<unsigned>(index)) - file.bytes();
    EXPECT_EQ(static_cast<std::uint64_t>(in_file), position);
    EXPECT_EQ(number_in_file(path_, number), static_cast<std::int64_t>(number));
  }
  EXPECT_EQ(sender.zero_copy(), 50u);
  EXPECT_EQ(sender.copied(), 0u);
  EXPECT_EQ(sender.dropped(), 0u);
}

TEST_F(SlotPoolTest, nothing_of_a_buffer_is_seen_before_it_is_pushed) {
  Sender sender(path_);
  sender.start();
  const BufferPool pool = sender.pool();
  ASSERT_EQ(sender.push(acquire_numbered(pool, 1)), GST_FLOW_OK);
  const Buffer out = acquire_numbered(pool, 77);
  EXPECT_EQ(newest_in_file(path_), 1u);
  expect_every_frame_is_its_number(path_);
  const ReaderPipeline reader(path_);
  reader.play();
  EXPECT_EQ(number_of(reader.pull()), 1);
  EXPECT_FALSE(reader.try_pull(50 * GST_MSECOND));
}

TEST_F(SlotPoolTest, buffers_are_published_in_the_order_in_which_they_are_pushed) {
  Sender sender(path_, "slots=12");
  sender.start();
  const BufferPool pool = sender.pool();
  std::vector<Buffer> buffers = acquire_many(pool, 8);
  EXPECT_EQ(count_in_file(buffers), 8u);
  std::uint64_t number = 0;
  for (std::size_t which : {3, 7, 0, 1, 6, 2, 5, 4}) {
    write_number(buffers[which].get(), ++number);
    ASSERT_EQ(sender.push(std::move(buffers[which])), GST_FLOW_OK);
  }
  for (number = 1; number <= 8; ++number)
    EXPECT_EQ(number_in_file(path_, number), static_cast<std::int64_t>(number));
  EXPECT_EQ(sender.zero_copy(), 8u);
}

TEST_F(SlotPoolTest, buffers_that_are_given_back_unpushed_spend_neither_slots_nor_numbers) {
  Sender sender(path_, "slots=5");
  sender.start();
  const BufferPool pool = sender.pool();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(lies_in(path_, acquire(pool).get()));
  ASSERT_EQ(sender.push(acquire_numbered(pool, 1)), GST_FLOW_OK);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(lies_in(path_, acquire_numbered(pool, 99).get()));
  EXPECT_EQ(newest_in_file(path_), 1u);
  EXPECT_EQ(number_in_file(path_, 1), 1);
  EXPECT_EQ(sender.dropped(), 0u);
}

// ---- How many ---------------------------------------------------------------------------------

TEST_F(SlotPoolTest, buffers_beyond_the_slots_are_copied_and_nothing_is_dropped) {
  Sender sender(path_, "slots=8");
  sender.start();
  ASSERT_EQ(sender.push_plain(1), GST_FLOW_OK);
  const ReaderPipeline reader(path_, "delivery=every-frame");
  reader.play();
  ASSERT_EQ(number_of(reader.pull()), 1);
  const BufferPool pool = sender.pool();
  std::uint64_t number = 1;
  for (int round = 0; round < 4; ++round) {
    std::vector<Buffer> buffers = acquire_many(pool, 30);
    EXPECT_EQ(count_in_file(buffers), 4u) << "of eight, four are left to others";
    for (Buffer& buffer : buffers) {
      write_number(buffer.get(), ++number);
      ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
      ASSERT_EQ(number_of(reader.pull()), static_cast<std::int64_t>(number));
    }
  }
  EXPECT_EQ(sender.zero_copy(), 16u);
  EXPECT_EQ(sender.copied(), 105u);
  EXPECT_EQ(sender.dropped(), 0u);
  EXPECT_EQ(sender.published(), number);
}

TEST_F(SlotPoolTest, the_number_of_buffers_that_are_slots_goes_by_the_property_slots) {
  const std::map<int, std::size_t> lent = {{2, 0}, {3, 1}, {4, 1}, {5, 1}, {6, 2}, {16, 12}};
  for (const auto& [slots, expected] : lent) {
    const std::string path = path_ + std::to_string(slots);
    Sender sender(path, "slots=" + std::to_string(slots));
    sender.start();
    const BufferPool pool = sender.pool();
    std::vector<Buffer> buffers = acquire_many(pool, 20);
    std::size_t in_file = 0;
    for (const Buffer& buffer : buffers) in_file += lies_in(path, buffer.get());
    EXPECT_EQ(in_file, expected) << slots << " slots";
    std::uint64_t number = 0;
    for (Buffer& buffer : buffers) {
      write_number(buffer.get(), ++number);
      ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
      ASSERT_EQ(number_in_file(path, number), static_cast<std::int64_t>(number));
    }
    EXPECT_EQ(sender.zero_copy(), expected) << slots << " slots";
    EXPECT_EQ(sender.copied(), 20 - expected) << slots << " slots";
    EXPECT_EQ(sender.dropped(), 0u) << slots << " slots";
    EXPECT_EQ(stat(sender.sink(), "slots"), static_cast<std::uint64_t>(slots));
  }
}

TEST_F(SlotPoolTest, the_ring_is_made_as_deep_as_upstream_says_it_needs) {
  Sender sender(path_);
  sender.start();
  const BufferPool pool = sender.pool(kNumberCaps, wanting(40));
  std::vector<Buffer> buffers = acquire_many(pool, 40);
  EXPECT_EQ(count_in_file(buffers), 40u);
  EXPECT_GE(stat(sender.sink(), "slots"), 44u);
  EXPECT_EQ(sender.push_plain(1), GST_FLOW_OK);
  EXPECT_EQ(sender.dropped(), 0u);
}

TEST_F(SlotPoolTest, a_ring_whose_depth_was_asked_for_keeps_it) {
  Sender sender(path_, "slots=6");
  sender.start();
  const BufferPool pool = sender.pool(kNumberCaps, wanting(40));
  EXPECT_EQ(count_in_file(acquire_many(pool, 40)), 2u);
  EXPECT_EQ(stat(sender.sink(), "slots"), 6u);
}

TEST_F(SlotPoolTest, there_is_room_to_copy_a_frame_while_all_other_slots_are_lent_and_leased) {
  Sender sender(path_, "slots=8");
  sender.start();
  const BufferPool pool = sender.pool();
  const std::vector<Buffer> hoard = acquire_many(pool, 20);
  ASSERT_EQ(sender.push_plain(1), GST_FLOW_OK);
  const ReaderPipeline reader(path_, "delivery=every-frame");
  reader.play();
  std::vector<Sample> kept;
  kept.push_back(reader.pull());
  for (std::uint64_t number = 2; number <= 40; ++number) {
    ASSERT_EQ(sender.push_plain(number), GST_FLOW_OK);
    kept.push_back(reader.pull());
  }
  EXPECT_EQ(sender.dropped(), 0u);
  for (std::size_t i = 0; i < kept.size(); ++i)
    EXPECT_EQ(number_of(kept[i]), static_cast<std::int64_t>(i + 1));
}

// ---- Starting and stopping the pool -----------------------------------------------------------

TEST_F(SlotPoolTest, a_pool_that_is_not_active_gives_nothing) {
  Sender sender(path_);
  sender.start();
  const Offer offer = sender.ask();
  EXPECT_EQ(try_acquire(offer.pool), GST_FLOW_FLUSHING);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(gst_buffer_pool_set_active(offer.pool.get(), TRUE));
    EXPECT_EQ(try_acquire(offer.pool), GST_FLOW_OK);
    ASSERT_TRUE(gst_buffer_pool_set_active(offer.pool.get(), FALSE));
    EXPECT_EQ(try_acquire(offer.pool), GST_FLOW_FLUSHING);
  }
}

TEST_F(SlotPoolTest, a_pool_that_is_flushing_gives_nothing_until_it_is_not) {
  Sender sender(path_);
  sender.start();
  const BufferPool pool = sender.pool();
  Buffer out = acquire_numbered(pool, 1);
  gst_buffer_pool_set_flushing(pool.get(), TRUE);
  EXPECT_EQ(try_acquire(pool), GST_FLOW_FLUSHING);
  EXPECT_EQ(sender.push(std::move(out)), GST_FLOW_OK);
  gst_buffer_pool_set_flushing(pool.get(), FALSE);
  EXPECT_EQ(sender.push(acquire_numbered(pool, 2)), GST_FLOW_OK);
  EXPECT_EQ(number_in_file(path_, 1), 1);
  EXPECT_EQ(number_in_file(path_, 2), 2);
  EXPECT_EQ(sender.zero_copy(), 2u);
}

TEST_F(SlotPoolTest, buffers_that_are_out_are_published_after_their_pool_was_stopped) {
  Sender sender(path_, "slots=12");
  sender.start();
  BufferPool pool = sender.pool();
  std::vector<Buffer> buffers = acquire_many(pool, 6);
  ASSERT_TRUE(gst_buffer_pool_set_active(pool.get(), FALSE));
  std::uint64_t number = 0;
  for (Buffer& buffer : buffers) {
    write_number(buffer.get(), ++number);
    if (number == 4) pool.reset();
    ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
    EXPECT_EQ(number_in_file(path_, number), static_cast<std::int64_t>(number));
  }
  EXPECT_EQ(sender.zero_copy(), 6u);
}

TEST_F(SlotPoolTest, two_pools_of_one_sink_share_its_slots) {
  Sender sender(path_, "slots=8");
  sender.start();
  const BufferPool first = sender.pool();
  const BufferPool second = sender.pool();
  for (std::uint64_t number = 1; number <= 40; number += 2) {
    Buffer one = acquire_numbered(first, number);
    Buffer other = acquire_numbered(second, number + 1);
    ASSERT_EQ(sender.push(std::move(one)), GST_FLOW_OK);
    ASSERT_EQ(sender.push(std::move(other)), GST_FLOW_OK);
    expect_every_frame_is_its_number(path_);
  }
  EXPECT_EQ(sender.zero_copy(), 40u);
  EXPECT_EQ(sender.published(), 40u);
}

// ---- Many threads -----------------------------------------------------------------------------

TEST_F(SlotPoolTest, threads_may_take_and_give_back_buffers_while_frames_are_published) {
  Sender sender(path_, "slots=24");
  sender.start();
  const BufferPool pool = sender.pool();
  std::atomic<bool> done = false;
  std::vector<std::thread> others;
  for (std::uint64_t thread = 0; thread < 3; ++thread)
    others.emplace_back([&, thread] {
      std::vector<Buffer> mine;
      while (!done) {
        mine.push_back(acquire_numbered(pool, 1'000'000 + thread));
        if (mine.size() < 4) continue;
        for (const Buffer& buffer : mine)
          EXPECT_EQ(number_of(buffer.get()), static_cast<std::int64_t>(1'000'000 + thread));
        mine.clear();
      }
    });
  for (std::uint64_t number = 1; number <= 5000; ++number) {
    Buffer buffer = acquire_numbered(pool, number);
    ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
    ASSERT_EQ(number_in_file(path_, number), static_cast<std::int64_t>(number));
  }
  done = true;
  for (std::thread& other : others) other.join();
  expect_every_frame_is_its_number(path_);
  EXPECT_EQ(sender.dropped(), 0u);
  EXPECT_EQ(sender.zero_copy() + sender.copied(), 5000u);
}

}  // namespace
}  // namespace mmapvideo_test
