// SPDX-License-Identifier: MIT
// Layouts that upstream asks mmapsink's pool for: alignment, padding, prefix, memory of its own.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "pictures.hpp"
#include "sender.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

std::string caps_text(const char* format, int width, int height) {
  return std::string("video/x-raw, format=(string)") + format + ", width=(int)" +
         std::to_string(width) + ", height=(int)" + std::to_string(height) +
         ", framerate=(fraction)25/1";
}

struct Padding {
  guint top, bottom, left, right, stride_align;
};

Configure aligned(Padding padding) {
  return [padding](GstStructure* config) {
    GstVideoAlignment alignment;
    gst_video_alignment_reset(&alignment);
    alignment.padding_top = padding.top;
    alignment.padding_bottom = padding.bottom;
    alignment.padding_left = padding.left;
    alignment.padding_right = padding.right;
    for (guint& plane : alignment.stride_align) plane = padding.stride_align;
    with_video_meta(config);
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_ALIGNMENT);
    gst_buffer_pool_config_set_video_alignment(config, &alignment);
  };
}

Configure allocating(gsize align, gsize prefix, gsize padding) {
  return [=](GstStructure* config) {
    GstAllocationParams params;
    gst_allocation_params_init(&params);
    params.align = align;
    params.prefix = prefix;
    params.padding = padding;
    gst_buffer_pool_config_set_allocator(config, nullptr, &params);
  };
}

class SlotLayoutTest : public FileTest {
 protected:
  /// Publishes frames of that layout and compares what arrives, with and without understanding of
  /// GstVideoMeta, picture by picture.
  void expect_arrival(const std::string& caps, const Configure& configure, bool zero_copy) {
    const GstVideoInfo info = info_of(caps_of(caps).get());
    Sender sender(path_, "slots=12");
    sender.start(caps);
    const BufferPool pool = sender.pool(caps, configure);
    const ReaderPipeline knowing(path_, "delivery=every-frame");
    accept_video_meta(knowing.element("out"));
    knowing.play();
    const ReaderPipeline unknowing(path_, "delivery=every-frame");
    unknowing.play();
    const std::size_t bytes = picture_bytes(info);
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
      const Bytes picture = noise(bytes, seed);
      Buffer buffer = acquire(pool);
      EXPECT_EQ(lies_in(path_, buffer.get()), zero_copy);
      paint(buffer.get(), info, picture);
      expect_alignment(buffer.get(), info, configure);
      ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
      const Sample as_it_is = knowing.pull();
      ASSERT_TRUE(picture_of(as_it_is) == picture);
      const Sample repacked = unknowing.pull();
      ASSERT_EQ(gst_buffer_get_size(gst_sample_get_buffer(repacked.get())), info.size);
      const Buffer plain = buffer_of(bytes_of(repacked));
      ASSERT_TRUE(picture_of(plain.get(), info) == picture);
    }
    EXPECT_EQ(sender.zero_copy(), zero_copy ? 20u : 0u);
    EXPECT_EQ(sender.copied(), zero_copy ? 0u : 20u);
  }

 private:
  /// Strides and offsets as gst_video_info_align() makes them.
  void expect_alignment(GstBuffer* buffer, GstVideoInfo info, const Configure& configure) {
    const GstVideoMeta* meta = gst_buffer_get_video_meta(buffer);
    if (meta == nullptr) return;
    GstStructure* config = gst_structure_new_empty("config");
    configure(config);
    GstVideoAlignment alignment;
    gst_video_alignment_reset(&alignment);
    gst_buffer_pool_config_get_video_alignment(config, &alignment);
    gst_structure_free(config);
    ASSERT_TRUE(gst_video_info_align(&info, &alignment));
    EXPECT_GE(gst_buffer_get_size(buffer), info.size);
    for (guint plane = 0; plane < meta->n_planes; ++plane) {
      EXPECT_EQ(meta->stride[plane], info.stride[plane]);
      EXPECT_EQ(meta->offset[plane], info.offset[plane]);
    }
  }
};

TEST_F(SlotLayoutTest, padding_on_all_sides_is_published_in_place) {
  expect_arrival(caps_text("I420", 70, 38), aligned({2, 6, 8, 10, 0}), true);
}
TEST_F(SlotLayoutTest, rows_that_begin_at_multiples_of_64_are_published_in_place) {
  expect_arrival(caps_text("I420", 70, 38), aligned({0, 0, 0, 0, 63}), true);
}
TEST_F(SlotLayoutTest, padding_and_alignment_together_are_published_in_place) {
  expect_arrival(caps_text("I420", 35, 21), aligned({16, 16, 32, 32, 63}), true);
}
TEST_F(SlotLayoutTest, aligned_frames_of_two_planes_are_published_in_place) {
  expect_arrival(caps_text("NV12", 70, 38), aligned({4, 4, 16, 16, 31}), true);
}
TEST_F(SlotLayoutTest, aligned_frames_of_one_plane_are_published_in_place) {
  expect_arrival(caps_text("RGB", 35, 21), aligned({1, 1, 3, 5, 127}), true);
}
TEST_F(SlotLayoutTest, aligned_frames_of_sixteen_bits_are_published_in_place) {
  expect_arrival(caps_text("GRAY16_LE", 35, 21), aligned({0, 8, 0, 16, 63}), true);
}
TEST_F(SlotLayoutTest, padding_of_many_rows_is_published_in_place) {
  expect_arrival(caps_text("I420", 70, 38), aligned({200, 300, 400, 500, 15}), true);
}

TEST_F(SlotLayoutTest, padding_behind_the_frame_is_there_and_published_in_place) {
  Sender sender(path_);
  sender.start();
  const BufferPool pool = sender.pool(kNumberCaps, allocating(15, 0, 4000));
  Buffer buffer = acquire_numbered(pool, 1);
  gsize offset = 0;
  gsize max_bytes = 0;
  const gsize bytes = gst_buffer_get_sizes(buffer.get(), &offset, &max_bytes);
  EXPECT_EQ(bytes, kNumberBytes);
  EXPECT_GE(max_bytes, kNumberBytes + 4000);
  ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
  EXPECT_EQ(sender.zero_copy(), 1u);
  const RawFile file(path_, O_RDONLY);
  EXPECT_EQ(file.slot(file.head_index()).info.payload_bytes, kNumberBytes);
  EXPECT_EQ(number_in_file(path_, 1), 1);
}

// GStreamer's pools lose the prefix of a buffer when they take it back.
TEST_F(SlotLayoutTest, a_prefix_is_there_at_first_and_frames_arrive_right) {
  Sender sender(path_);
  sender.start();
  const BufferPool pool = sender.pool(kNumberCaps, allocating(15, 100, 10));
  for (std::uint64_t number = 1; number <= 30; ++number) {
    Buffer buffer = acquire_numbered(pool, number);
    gsize offset = 0;
    EXPECT_EQ(gst_buffer_get_sizes(buffer.get(), &offset, nullptr), kNumberBytes);
    EXPECT_TRUE(number > 1 || offset >= 100);
    ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
  }
  expect_every_frame_is_its_number(path_);
  EXPECT_EQ(newest_in_file(path_), 30u);
  EXPECT_EQ(sender.published(), 30u);
}

TEST_F(SlotLayoutTest, memory_aligned_up_to_a_page_is_published_in_place) {
  Sender sender(path_);
  sender.start();
  for (const gsize align : {gsize{31}, gsize{63}, gsize{1023}, gsize{4095}}) {
    const BufferPool pool = sender.pool(kNumberCaps, allocating(align, 0, 0));
    Buffer buffer = acquire(pool);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(address_of(buffer.get())) & align, 0u);
    ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
  }
  EXPECT_EQ(sender.zero_copy(), 4u);
}

TEST_F(SlotLayoutTest, memory_aligned_beyond_a_page_is_aligned_and_arrives_right) {
  constexpr gsize align = 65535;
  Sender sender(path_);
  sender.start();
  const BufferPool pool = sender.pool(kNumberCaps, allocating(align, 0, 0));
  for (std::uint64_t number = 1; number <= 10; ++number) {
    Buffer buffer = acquire_numbered(pool, number);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(address_of(buffer.get())) & align, 0u);
    ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
  }
  expect_every_frame_is_its_number(path_);
}

TEST_F(SlotLayoutTest, more_bytes_than_the_caps_need_are_there) {
  Sender sender(path_);
  sender.start();
  const BufferPool pool = sender.pool(kNumberCaps, [](GstStructure* config) {
    gst_buffer_pool_config_set_params(config, caps_of(kNumberCaps).get(), kNumberBytes + 5000, 0,
                                      0);
  });
  Buffer buffer = acquire_numbered(pool, 1);
  EXPECT_EQ(gst_buffer_get_size(buffer.get()), kNumberBytes + 5000);
  ASSERT_EQ(sender.push(std::move(buffer)), GST_FLOW_OK);
  EXPECT_EQ(sender.zero_copy(), 1u);
  const ReaderPipeline reader(path_);
  reader.play();
  const Sample sample = reader.pull();
  EXPECT_EQ(number_of(picture_of(sample).data(), kNumberBytes), 1);
}

// ---- What else a configuration may ask for -----------------------------------------------------

std::atomic<int> allocations = 0;

GstMemory* count_allocation(GstAllocator*, gsize bytes, GstAllocationParams* params) {
  ++allocations;
  return gst_allocator_alloc(nullptr, bytes, params);
}

GstAllocator* counting_allocator() {
  static const GType type = g_type_register_static_simple(
      GST_TYPE_ALLOCATOR, "CountingAllocator", sizeof(GstAllocatorClass),
      [](gpointer klass, gpointer) { GST_ALLOCATOR_CLASS(klass)->alloc = count_allocation; },
      sizeof(GstAllocator), nullptr, static_cast<GTypeFlags>(0));
  return GST_ALLOCATOR(gst_object_ref_sink(g_object_new(type, nullptr)));
}

TEST_F(SlotLayoutTest, an_allocator_that_upstream_configures_makes_the_memory) {
  Sender sender(path_);
  sender.start();
  GstAllocator* const allocator = counting_allocator();
  const BufferPool pool = sender.pool(kNumberCaps, [allocator](GstStructure* config) {
    gst_buffer_pool_config_set_allocator(config, allocator, nullptr);
  });
  allocations = 0;
  const Buffer one = acquire_numbered(pool, 1);
  const Buffer two = acquire_numbered(pool, 2);
  EXPECT_EQ(allocations, 2);
  ASSERT_EQ(sender.push(another_ref(one)), GST_FLOW_OK);
  ASSERT_EQ(sender.push(another_ref(two)), GST_FLOW_OK);
  expect_every_frame_is_its_number(path_);
  gst_object_unref(allocator);
}

TEST_F(SlotLayoutTest, no_more_buffers_are_out_than_upstream_configures) {
  Sender sender(path_);
  sender.start();
  const BufferPool pool = sender.pool(kNumberCaps, [](GstStructure* config) {
    gst_buffer_pool_config_set_params(config, caps_of(kNumberCaps).get(), kNumberBytes, 0, 3);
  });
  std::vector<Buffer> buffers = acquire_many(pool, 3);
  GstBufferPoolAcquireParams params = {};
  params.flags = GST_BUFFER_POOL_ACQUIRE_FLAG_DONTWAIT;
  GstBuffer* fourth = nullptr;
  EXPECT_EQ(gst_buffer_pool_acquire_buffer(pool.get(), &fourth, &params), GST_FLOW_EOS);
  if (fourth != nullptr) gst_buffer_unref(fourth);
  buffers.pop_back();
  EXPECT_EQ(gst_buffer_pool_acquire_buffer(pool.get(), &fourth, &params), GST_FLOW_OK);
  if (fourth != nullptr) gst_buffer_unref(fourth);
}

// ---- Configurations that make no sense --------------------------------------------------------

TEST_F(SlotLayoutTest, a_configuration_without_caps_or_of_something_else_is_refused) {
  Sender sender(path_);
  sender.start();
  const Offer offer = sender.ask();
  for (const char* text : {"", "audio/x-raw", "video/x-raw, format=(string)RGB"}) {
    GstStructure* config = gst_buffer_pool_get_config(offer.pool.get());
    const Caps caps = *text == '\0' ? nullptr : caps_of(text);
    gst_buffer_pool_config_set_params(config, caps.get(), kNumberBytes, 0, 0);
    EXPECT_FALSE(gst_buffer_pool_set_config(offer.pool.get(), config)) << text;
  }
  const BufferPool pool = sender.pool();
  ASSERT_EQ(sender.push(acquire_numbered(pool, 1)), GST_FLOW_OK);
  EXPECT_EQ(sender.zero_copy(), 1u);
}

}  // namespace
}  // namespace mmapvideo_test
