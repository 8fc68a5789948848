// SPDX-License-Identifier: MIT
// Buffers of mmapsink's pool that live longer than what they were made for: than the caps, the
// ring, the session, the file and the element.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sender.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

using SlotLifeTest = FileTest;

const std::string kLargeCaps = grey_caps(kNumberWidth, 1024);
constexpr std::size_t kLargeBytes = kNumberWidth * 1024;

// ---- Other caps -------------------------------------------------------------------------------

TEST_F(SlotLifeTest, buffers_of_a_ring_that_was_replaced_are_copied_into_the_new_one) {
  Sender sender(path_, "slots=12");
  sender.start();
  const BufferPool small = sender.pool();
  ASSERT_EQ(sender.push(acquire_numbered(small, 1)), GST_FLOW_OK);
  std::vector<Buffer> old = acquire_many(small, 6);
  // Negotiated, and a ring made, before the last frames with the former caps are through.
  const BufferPool large = sender.pool(kLargeCaps);
  std::vector<Buffer> next = acquire_many(large, 6);
  std::uint64_t number = 1;
  for (std::size_t i = 0; i < 3; ++i) {
    write_number(old[i].get(), ++number);
    ASSERT_EQ(sender.push(std::move(old[i])), GST_FLOW_OK);
    ASSERT_EQ(number_in_file(path_, number), static_cast<std::int64_t>(number));
  }
  EXPECT_EQ(sender.zero_copy(), 1u);
  EXPECT_EQ(sender.copied(), 3u);
  sender.set_caps(kLargeCaps);
  for (Buffer& buffer : next) {
    write_number(buffer.get(), ++number);
    ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
    ASSERT_EQ(number_in_file(path_, number), static_cast<std::int64_t>(number));
  }
  EXPECT_EQ(sender.zero_copy(), 7u);
  // And back, after the former ring has been given back.
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(sender.push(acquire_numbered(large, ++number)), GST_FLOW_OK);
    write_number(old[3 + static_cast<std::size_t>(i) % 3].get(), 5000 + number);
  }
  sender.set_caps(kNumberCaps);
  for (std::size_t i = 3; i < 6; ++i) {
    write_number(old[i].get(), ++number);
    ASSERT_EQ(sender.push(std::move(old[i])), GST_FLOW_OK);
    ASSERT_EQ(number_in_file(path_, number), static_cast<std::int64_t>(number));
  }
  expect_every_frame_is_its_number(path_);
  EXPECT_EQ(sender.copied(), 6u);
  EXPECT_EQ(sender.dropped(), 0u);
}

TEST_F(SlotLifeTest, buffers_of_larger_caps_are_published_in_place_under_smaller_ones) {
  Sender sender(path_, "slots=12");
  sender.start(kLargeCaps);
  const BufferPool large = sender.pool(kLargeCaps);
  std::vector<Buffer> out = acquire_many(large, 4);
  sender.set_caps(kNumberCaps);
  const BufferPool small = sender.pool();
  std::uint64_t number = 0;
  for (Buffer& buffer : out) {
    write_number(buffer.get(), ++number);
    ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
    ASSERT_EQ(sender.push(acquire_numbered(small, ++number)), GST_FLOW_OK);
  }
  expect_every_frame_is_its_number(path_);
  EXPECT_EQ(newest_in_file(path_), 8u);
  EXPECT_EQ(sender.zero_copy(), 8u);
}

TEST_F(SlotLifeTest, a_pool_may_be_configured_anew_for_other_caps) {
  Sender sender(path_, "slots=8");
  sender.start();
  const Offer offer = sender.ask();
  std::uint64_t number = 0;
  for (const std::string& caps : {kNumberCaps, kLargeCaps, kNumberCaps}) {
    GstStructure* config = gst_buffer_pool_get_config(offer.pool.get());
    gst_buffer_pool_config_set_params(config, caps_of(caps).get(),
                                      static_cast<guint>(info_of(caps_of(caps).get()).size), 0, 0);
    ASSERT_TRUE(gst_buffer_pool_set_config(offer.pool.get(), config));
    ASSERT_TRUE(gst_buffer_pool_set_active(offer.pool.get(), TRUE));
    sender.set_caps(caps);
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(sender.push(acquire_numbered(offer.pool, ++number)), GST_FLOW_OK);
      ASSERT_EQ(number_in_file(path_, number), static_cast<std::int64_t>(number));
    }
    ASSERT_TRUE(gst_buffer_pool_set_active(offer.pool.get(), FALSE));
  }
  EXPECT_EQ(sender.zero_copy(), number);
}

// ---- After a flush and after the end ----------------------------------------------------------

TEST_F(SlotLifeTest, a_flush_and_an_end_of_stream_leave_pool_and_buffers_usable) {
  Sender sender(path_, "slots=8");
  sender.start();
  const BufferPool pool = sender.pool();
  Buffer across_flush = acquire_numbered(pool, 2);
  Buffer across_end = acquire_numbered(pool, 4);
  ASSERT_EQ(sender.push(acquire_numbered(pool, 1)), GST_FLOW_OK);
  gst_pad_push_event(sender.pad(), gst_event_new_flush_start());
  gst_pad_push_event(sender.pad(), gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_push_event(sender.pad(), gst_event_new_segment(&segment));
  ASSERT_EQ(sender.push(std::move(across_flush)), GST_FLOW_OK);
  ASSERT_EQ(sender.push(acquire_numbered(pool, 3)), GST_FLOW_OK);
  gst_pad_push_event(sender.pad(), gst_event_new_eos());
  gst_pad_push_event(sender.pad(), gst_event_new_flush_start());
  gst_pad_push_event(sender.pad(), gst_event_new_flush_stop(TRUE));
  gst_pad_push_event(sender.pad(), gst_event_new_segment(&segment));
  ASSERT_EQ(sender.push(std::move(across_end)), GST_FLOW_OK);
  ASSERT_EQ(sender.push(acquire_numbered(pool, 5)), GST_FLOW_OK);
  expect_every_frame_is_its_number(path_);
  EXPECT_EQ(newest_in_file(path_), 5u);
  EXPECT_EQ(sender.zero_copy(), 5u);
}

// ---- After the session ------------------------------------------------------------------------

TEST_F(SlotLifeTest, buffers_may_be_written_to_after_the_element_stopped_and_was_freed) {
  for (const GstState state : {GST_STATE_READY, GST_STATE_NULL}) {
    std::vector<Buffer> out;
    {
      Sender sender(path_, "slots=12");
      sender.start();
      const BufferPool pool = sender.pool();
      out = acquire_many(pool, 6);
      ASSERT_EQ(sender.push(acquire_numbered(pool, 1)), GST_FLOW_OK);
      ASSERT_EQ(sender.push(another_ref(out[5])), GST_FLOW_OK);
      sender.stop(state);
      EXPECT_FALSE(exists(path_));
      for (std::size_t i = 0; i < 5; ++i) write_number(out[i].get(), 100 + i);
      out.erase(out.begin());
    }
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(number_of(out[i].get()), static_cast<std::int64_t>(101 + i));
      write_number(out[i].get(), 200 + i);
      EXPECT_EQ(number_of(out[i].get()), static_cast<std::int64_t>(200 + i));
    }
  }
}

TEST_F(SlotLifeTest, a_pool_outlives_its_session_and_its_element_and_gives_plain_memory) {
  BufferPool pool;
  {
    Sender sender(path_, "keep-file=true");
    sender.start();
    pool = sender.pool();
    ASSERT_EQ(sender.push(acquire_numbered(pool, 1)), GST_FLOW_OK);
    sender.stop(GST_STATE_READY);
    EXPECT_FALSE(lies_in(path_, acquire_numbered(pool, 90).get()));
    sender.start();
    Buffer of_former_pool = acquire_numbered(pool, 2);
    EXPECT_FALSE(lies_in(path_, of_former_pool.get()));
    ASSERT_EQ(sender.push(std::move(of_former_pool)), GST_FLOW_OK);
    EXPECT_EQ(sender.copied(), 1u);
    EXPECT_EQ(number_in_file(path_, 2), 2);
    const BufferPool present = sender.pool();
    ASSERT_EQ(sender.push(acquire_numbered(present, 3)), GST_FLOW_OK);
    EXPECT_EQ(sender.zero_copy(), 1u);
  }
  const Buffer buffer = acquire_numbered(pool, 91);
  EXPECT_FALSE(lies_in(path_, buffer.get()));
  EXPECT_EQ(number_of(buffer.get()), 91);
}

TEST_F(SlotLifeTest, old_buffers_never_disturb_what_a_next_session_publishes_into_the_kept_file) {
  Sender sender(path_, "slots=12 keep-file=true");
  sender.start();
  BufferPool pool = sender.pool();
  std::uint64_t number = 0;
  while (number < 5) {
    ASSERT_EQ(sender.push(acquire_numbered(pool, ++number)), GST_FLOW_OK);
  }
  std::vector<Buffer> unpublished = acquire_many(pool, 5);
  Buffer published = acquire_numbered(pool, ++number);
  ASSERT_EQ(sender.push(another_ref(published)), GST_FLOW_OK);
  const auto expected = static_cast<std::int64_t>(number);
  for (int session = 0; session < 3; ++session) {
    sender.stop(session == 1 ? GST_STATE_READY : GST_STATE_NULL);
    sender.start();
    pool = sender.pool();
    for (int i = 0; i < 60; ++i) {
      for (const Buffer& buffer : unpublished) write_number(buffer.get(), 1'000'000 + number);
      ++number;
      ASSERT_EQ(
          i % 2 == 0 ? sender.push(acquire_numbered(pool, number)) : sender.push_plain(number),
          GST_FLOW_OK);
      for (const Buffer& buffer : unpublished) write_number(buffer.get(), 2'000'000 + number);
      expect_every_frame_is_its_number(path_);
      EXPECT_EQ(number_in_file(path_, number), static_cast<std::int64_t>(number));
    }
    EXPECT_EQ(number_of(published.get()), expected) << "kept by upstream: never rewritten";
    EXPECT_EQ(sender.dropped(), 0u);
    EXPECT_EQ(sender.published(), 60u);
  }
}

TEST_F(SlotLifeTest, old_buffers_that_are_pushed_into_a_next_session_are_copied) {
  Sender sender(path_, "slots=12 keep-file=true");
  sender.start();
  BufferPool pool = sender.pool();
  ASSERT_EQ(sender.push(acquire_numbered(pool, 1)), GST_FLOW_OK);
  std::vector<Buffer> old = acquire_many(pool, 4);
  sender.stop();
  sender.start();
  std::uint64_t number = 1;
  for (Buffer& buffer : old) {
    write_number(buffer.get(), ++number);
    ASSERT_EQ(sender.push(another_ref(buffer)), GST_FLOW_OK);
    // Still upstream's to write to.
    write_number(buffer.get(), 99);
    EXPECT_EQ(number_in_file(path_, number), static_cast<std::int64_t>(number));
  }
  expect_every_frame_is_its_number(path_);
  EXPECT_EQ(sender.copied(), 4u);
  EXPECT_EQ(sender.zero_copy(), 0u);
}

TEST_F(SlotLifeTest, slots_of_old_buffers_are_used_again_once_those_are_gone) {
  Sender sender(path_, "slots=4 keep-file=true");
  sender.start();
  BufferPool pool = sender.pool();
  ASSERT_EQ(sender.push(acquire_numbered(pool, 1)), GST_FLOW_OK);
  Buffer old = acquire_numbered(pool, 90);
  const std::uint64_t position = mapped_at(address_of(old.get()))->position;
  ASSERT_TRUE(lies_in(path_, old.get()));
  sender.stop();
  sender.start();
  pool = sender.pool();
  bool seen = false;
  const auto publish_ten = [&] {
    for (int i = 0; i < 10; ++i) {
      Buffer buffer = acquire_numbered(pool, 1);
      ASSERT_TRUE(lies_in(path_, buffer.get()));
      seen |= mapped_at(address_of(buffer.get()))->position == position;
      ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
    }
  };
  publish_ten();
  EXPECT_FALSE(seen);
  old.reset();
  publish_ten();
  EXPECT_TRUE(seen);
}

TEST_F(SlotLifeTest, a_thread_may_use_pool_and_buffers_while_the_element_stops_and_starts) {
  Sender sender(path_, "slots=12 keep-file=true");
  sender.start();
  std::mutex mutex;
  BufferPool pool = sender.pool();
  std::atomic<bool> done = false;
  std::thread other([&] {
    std::vector<Buffer> mine;
    while (!done) {
      {
        const std::lock_guard lock(mutex);
        mine.push_back(acquire_numbered(pool, 1'000'000));
      }
      for (const Buffer& buffer : mine) write_number(buffer.get(), 1'000'000);
      if (mine.size() == 6) mine.erase(mine.begin(), mine.begin() + 3);
    }
  });
  std::uint64_t number = 0;
  for (int session = 0; session < 40; ++session) {
    for (int i = 0; i < 10; ++i) {
      ASSERT_EQ(sender.push_plain(++number), GST_FLOW_OK);
      expect_every_frame_is_its_number(path_);
    }
    sender.stop(session % 2 == 0 ? GST_STATE_NULL : GST_STATE_READY);
    sender.start();
    const std::lock_guard lock(mutex);
    pool = sender.pool();
  }
  done = true;
  other.join();
}

TEST_F(SlotLifeTest, a_next_session_drops_nothing_for_old_buffers_that_are_still_out) {
  Sender sender(path_, "slots=8 keep-file=true");
  sender.start();
  BufferPool pool = sender.pool();
  ASSERT_EQ(sender.push(acquire_numbered(pool, 1)), GST_FLOW_OK);
  const std::vector<Buffer> old = acquire_many(pool, 20);
  sender.stop();
  sender.start();
  pool = sender.pool();
  std::vector<Buffer> hoard = acquire_many(pool, 20);
  for (std::uint64_t number = 2; number <= 10; ++number) {
    ASSERT_EQ(sender.push_plain(number), GST_FLOW_OK);
    EXPECT_EQ(number_in_file(path_, number), static_cast<std::int64_t>(number));
  }
  EXPECT_EQ(sender.dropped(), 0u) << "SPEC 7.2.2: four slots are neither taken nor held";
}

TEST_F(SlotLifeTest, another_writer_may_have_the_file_while_old_buffers_are_still_out) {
  std::vector<Buffer> old;
  {
    Sender first(path_, "slots=8 keep-file=true");
    first.start();
    const BufferPool pool = first.pool();
    ASSERT_EQ(first.push(acquire_numbered(pool, 1)), GST_FLOW_OK);
    old = acquire_many(pool, 4);
  }
  EXPECT_FALSE(writer_lock_is_held(path_));
  Sender second(path_, "slots=8");
  second.start();
  const BufferPool pool = second.pool();
  for (std::uint64_t number = 2; number <= 60; ++number) {
    ASSERT_EQ(second.push(acquire_numbered(pool, number)), GST_FLOW_OK);
    for (const Buffer& buffer : old) write_number(buffer.get(), 1'000'000);
    expect_every_frame_is_its_number(path_);
  }
  EXPECT_EQ(second.dropped(), 0u);
}

}  // namespace
}  // namespace mmapvideo_test
