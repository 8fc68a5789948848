// SPDX-License-Identifier: MIT
// Frames that mmapsrc copies because it must or was told to: into the pool of downstream, whatever
// that is like.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "numbered.hpp"
#include "pictures.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

const std::string kCaps =
    "video/x-raw, format=(string)I420, width=(int)70, height=(int)38, framerate=(fraction)25/1";

// ---- Pools that are awkward -------------------------------------------------------------------

gboolean refuse_config(GstBufferPool*, GstStructure*) { return FALSE; }
gboolean refuse_to_start(GstBufferPool*) { return FALSE; }
GstFlowReturn refuse_to_give(GstBufferPool*, GstBuffer**, GstBufferPoolAcquireParams*) {
  return GST_FLOW_ERROR;
}
/// Fewer bytes than were asked for.
GstFlowReturn give_too_little(GstBufferPool*, GstBuffer** buffer, GstBufferPoolAcquireParams*) {
  *buffer = gst_buffer_new_allocate(nullptr, 100, nullptr);
  return GST_FLOW_OK;
}

/// A kind of pool that has one method of its own.
BufferPool awkward_pool(const char* type_name, GClassInitFunc set_method) {
  GType type = g_type_from_name(type_name);
  if (type == 0)
    type = g_type_register_static_simple(
        GST_TYPE_BUFFER_POOL, type_name, sizeof(GstBufferPoolClass), set_method,
        sizeof(GstBufferPool), nullptr, static_cast<GTypeFlags>(0));
  return BufferPool(GST_BUFFER_POOL(gst_object_ref_sink(g_object_new(type, nullptr))));
}

BufferPool video_pool() { return BufferPool(gst_video_buffer_pool_new()); }

/// A pool with rows 128 bytes apart and rows above the picture, as hardware asks for.
BufferPool padded_pool() {
  BufferPool pool = video_pool();
  GstStructure* config = gst_buffer_pool_get_config(pool.get());
  const Caps caps = caps_of(kCaps);
  gst_buffer_pool_config_set_params(config, caps.get(),
                                    static_cast<guint>(info_of(caps.get()).size), 0, 0);
  GstVideoAlignment alignment;
  gst_video_alignment_reset(&alignment);
  alignment.padding_top = 4;
  alignment.padding_right = 30;
  for (guint& plane : alignment.stride_align) plane = 127;
  gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_ALIGNMENT);
  gst_buffer_pool_config_set_video_alignment(config, &alignment);
  EXPECT_TRUE(gst_buffer_pool_set_config(pool.get(), config));
  return pool;
}

// ---- The fixture ------------------------------------------------------------------------------

class DownstreamPool : public FileTest {
 protected:
  DownstreamPool() {
    writer_.play();
    writer_.set_caps(kCaps);
  }
  /// Answers allocation queries with the pool.
  void offer(BufferPool pool, guint max_buffers = 0, bool video_meta = true) {
    pool_ = std::move(pool);
    max_buffers_ = max_buffers;
    video_meta_ = video_meta;
    const Pad pad(gst_element_get_static_pad(reader_.element("out"), "sink"));
    gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, &answer, this, nullptr);
    reader_.play();
  }
  /// `count` frames, all kept until the end; the right pictures in the end.
  void expect_right_pictures(std::uint32_t count = 10) {
    const GstVideoInfo info = info_of(caps_of(kCaps).get());
    std::vector<Sample> kept;
    std::vector<Bytes> expected;
    for (std::uint32_t number = 1; number <= count; ++number) {
      const Buffer sent = buffer_of(noise(info.size, number));
      expected.push_back(picture_of(sent.get(), info));
      writer_.push(bytes_of(sent.get()));
      kept.push_back(reader_.pull());
      ASSERT_TRUE(kept.back());
      in_pool_ += gst_sample_get_buffer(kept.back().get())->pool == pool_.get();
    }
    for (std::size_t i = 0; i < kept.size(); ++i)
      EXPECT_TRUE(picture_of(kept[i]) == expected[i]) << "frame " << i + 1;
    EXPECT_EQ(stat(reader_.source(), "copied"), count);
    EXPECT_EQ(stat(reader_.source(), "zero-copy"), 0u);
  }

  WriterPipeline writer_{path_, "slots=8"};
  ReaderPipeline reader_{path_, "delivery=every-frame io-mode=copy"};
  BufferPool pool_;
  std::uint32_t in_pool_ = 0;  // frames that came in its buffers

 private:
  static GstPadProbeReturn answer(GstPad*, GstPadProbeInfo* info, gpointer data) {
    auto& self = *static_cast<DownstreamPool*>(data);
    GstQuery* query = GST_PAD_PROBE_INFO_QUERY(info);
    if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION) return GST_PAD_PROBE_OK;
    if (self.video_meta_) gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
    gst_query_add_allocation_pool(query, self.pool_.get(),
                                  static_cast<guint>(info_of(caps_of(kCaps).get()).size), 0,
                                  self.max_buffers_);
    return GST_PAD_PROBE_HANDLED;
  }

  guint max_buffers_ = 0;
  bool video_meta_ = true;
};

// ---- Tests ------------------------------------------------------------------------------------

TEST_F(DownstreamPool, frames_are_copied_straight_into_the_pool_that_downstream_offers) {
  offer(video_pool());
  expect_right_pictures();
  EXPECT_EQ(in_pool_, 10u);
}
TEST_F(DownstreamPool, a_downstream_without_video_meta_gets_the_default_layout_in_its_pool) {
  offer(video_pool(), 0, false);
  expect_right_pictures();
  EXPECT_EQ(in_pool_, 10u);
}
TEST_F(DownstreamPool, rows_go_where_the_pool_has_them) {
  offer(padded_pool());
  expect_right_pictures();
  EXPECT_EQ(in_pool_, 10u);
}
TEST_F(DownstreamPool, a_pool_that_is_used_up_holds_nothing_up) {
  offer(video_pool(), 3);
  expect_right_pictures(20);
  EXPECT_EQ(in_pool_, 3u);
}
TEST_F(DownstreamPool, a_pool_that_is_active_already_does_no_harm) {
  BufferPool pool = padded_pool();
  ASSERT_TRUE(gst_buffer_pool_set_active(pool.get(), TRUE));
  offer(std::move(pool));
  expect_right_pictures();
}
TEST_F(DownstreamPool, a_pool_that_refuses_its_configuration_does_no_harm) {
  offer(awkward_pool("UnconfigurablePool", [](gpointer klass, gpointer) {
    GST_BUFFER_POOL_CLASS(klass)->set_config = refuse_config;
  }));
  expect_right_pictures();
}
TEST_F(DownstreamPool, a_pool_that_refuses_to_start_does_no_harm) {
  offer(awkward_pool("UnstartablePool", [](gpointer klass, gpointer) {
    GST_BUFFER_POOL_CLASS(klass)->start = refuse_to_start;
  }));
  expect_right_pictures();
}
TEST_F(DownstreamPool, a_pool_that_gives_no_buffers_does_no_harm) {
  offer(awkward_pool("UngivingPool", [](gpointer klass, gpointer) {
    GST_BUFFER_POOL_CLASS(klass)->acquire_buffer = refuse_to_give;
  }));
  expect_right_pictures();
}
TEST_F(DownstreamPool, a_pool_that_gives_buffers_that_are_too_small_does_no_harm) {
  offer(awkward_pool("MeanPool", [](gpointer klass, gpointer) {
    GST_BUFFER_POOL_CLASS(klass)->acquire_buffer = give_too_little;
  }));
  expect_right_pictures();
}

TEST_F(DownstreamPool, no_pool_of_downstream_is_left_active_at_the_end) {
  offer(video_pool());
  expect_right_pictures();
  reader_.set(GST_STATE_NULL);
  EXPECT_FALSE(gst_buffer_pool_is_active(pool_.get()));
}

TEST_F(DownstreamPool, the_pool_is_left_alone_while_frames_are_handed_on_in_place) {
  g_object_set(reader_.source(), "io-mode", 0, nullptr);
  offer(video_pool());
  writer_.push(noise(info_of(caps_of(kCaps).get()).size));
  ASSERT_TRUE(reader_.pull());
  EXPECT_EQ(stat(reader_.source(), "zero-copy"), 1u);
  EXPECT_FALSE(gst_buffer_pool_is_active(pool_.get()));
}

TEST_F(DownstreamPool, frames_that_have_to_be_copied_go_into_the_slots_of_another_file) {
  const std::string other = path_ + "-other";
  const Pipeline relay("mmapsrc name=in delivery=every-frame io-mode=copy location=" + path_ +
                       " ! mmapsink name=out sync=false slots=8 location=" + other);
  relay.play();
  const std::size_t bytes = info_of(caps_of(kCaps).get()).size;
  for (std::uint32_t number = 1; number <= 40; ++number) {
    const Bytes sent = noise(bytes, number);
    writer_.push(sent);
    while (stat(relay.element("out"), "frames") < number) g_usleep(1000);
    const RawFile file(other, O_RDONLY);
    const int index = file.find(number);
    ASSERT_GE(index, 0);
    ASSERT_EQ(std::memcmp(file.payload(static_cast<unsigned>(index)), sent.data(), bytes), 0);
  }
  EXPECT_EQ(stat(relay.element("in"), "copied"), 40u);
  // Copied once, by mmapsrc.
  expect_stat(relay.element("out"), "zero-copy", 40);
  EXPECT_EQ(stat(relay.element("out"), "copied"), 0u);
}

TEST_F(DownstreamPool, sizes_may_change_while_frames_go_from_file_to_file) {
  const std::string other = path_ + "-other";
  const std::string numbers = path_ + "-numbers";
  const WriterPipeline writer(numbers, "slots=8");
  writer.play();
  const Pipeline relay("mmapsrc name=in delivery=every-frame io-mode=copy location=" + numbers +
                       " ! mmapsink name=out sync=false slots=8 location=" + other);
  relay.play();
  std::uint64_t number = 0;
  for (const int height : {32, 512, 16, 2048, 32}) {
    writer.set_caps(grey_caps(kNumberWidth, height));
    for (int i = 0; i < 15; ++i) {
      writer.push(numbered_bytes(++number, static_cast<std::size_t>(kNumberWidth * height)));
      while (stat(relay.element("out"), "frames") < number) g_usleep(1000);
      ASSERT_EQ(number_in_file(other, number), static_cast<std::int64_t>(number));
    }
  }
  EXPECT_EQ(stat(relay.element("out"), "dropped"), 0u);
}

}  // namespace
}  // namespace mmapvideo_test
