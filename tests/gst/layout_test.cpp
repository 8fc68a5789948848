// SPDX-License-Identifier: MIT
// Buffers whose planes do not lie as the caps alone would say: other strides, offsets, memories and
// sizes, and what becomes of them downstream.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "pipeline.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

constexpr guint width = 35;
constexpr guint height = 21;
const std::string i420_caps =
    "video/x-raw, format=(string)I420, width=(int)35, height=(int)21, framerate=(fraction)25/1";

GstVideoInfo default_info() { return info_of(caps_of(i420_caps).get()); }

/// A layout of a writer: where planes are and how far their rows are apart.
struct Layout {
  gsize offset[4];
  gint stride[4];
  gsize bytes;
};

/// The picture that a buffer shows: the rows of all planes without padding.
Bytes picture_of(GstBuffer* buffer) {
  const GstVideoInfo info = default_info();
  GstVideoFrame frame;
  EXPECT_TRUE(gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ));
  Bytes picture;
  for (guint plane = 0; plane < 3; ++plane) {
    const auto* row = static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane));
    for (int y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT(&frame, plane); ++y) {
      picture.insert(picture.end(), row, row + GST_VIDEO_FRAME_COMP_WIDTH(&frame, plane));
      row += GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
    }
  }
  gst_video_frame_unmap(&frame);
  return picture;
}

void add_meta(GstBuffer* buffer, Layout layout) {
  gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_I420, width,
                                 height, 3, layout.offset, layout.stride);
}
Buffer buffer_with(const Layout& layout, std::uint32_t seed = 1) {
  Buffer buffer = buffer_of(noise(layout.bytes, seed));
  add_meta(buffer.get(), layout);
  return buffer;
}

// The default is strides 36, 20, 20 and 21, 11, 11 rows.
const Layout padded = {{0, 64 * 21, 64 * 21 + 48 * 11}, {64, 48, 48}, 64 * 21 + 48 * 11 * 2};
const Layout spread = {{100, 4096, 9000}, {40, 20, 24}, 10'000};
const Layout chroma_first = {{600, 300, 0}, {36, 20, 20}, 600 + 36 * 21};
const Layout luma_upside_down = {{36 * 20, 36 * 21, 36 * 21 + 220}, {-36, 20, 20}, 36 * 21 + 440};

class LayoutTest : public FileTest {
 protected:
  LayoutTest() : writer_(path_) {
    writer_.play();
    writer_.set_caps(i420_caps);
  }
  void push(GstBuffer* buffer) { writer_.push(Buffer(gst_buffer_ref(buffer))); }
  Sample receive(bool downstream_knows_meta) {
    writer_.wait_for_published(1);
    reader_ = std::make_unique<ReaderPipeline>(path_);
    if (downstream_knows_meta) accept_video_meta(reader_->element("out"));
    reader_->play();
    return reader_->pull();
  }
  void expect_layout_kept(const Layout& layout) {
    const Buffer sent = buffer_with(layout);
    push(sent.get());
    const Sample sample = receive(true);
    GstBuffer* received = gst_sample_get_buffer(sample.get());
    const GstVideoMeta* meta = gst_buffer_get_video_meta(received);
    ASSERT_NE(meta, nullptr);
    for (int plane = 0; plane < 3; ++plane) {
      EXPECT_EQ(meta->offset[plane], layout.offset[plane]);
      EXPECT_EQ(meta->stride[plane], layout.stride[plane]);
    }
    EXPECT_TRUE(bytes_of(received) == bytes_of(sent.get()));
    EXPECT_TRUE(picture_of(received) == picture_of(sent.get()));
  }
  void expect_repacked(const Layout& layout) {
    const Buffer sent = buffer_with(layout);
    push(sent.get());
    const Sample sample = receive(false);
    GstBuffer* received = gst_sample_get_buffer(sample.get());
    EXPECT_EQ(gst_buffer_get_size(received), default_info().size);
    const Bytes with_meta = picture_of(received);
    // An element that knows no meta goes by the caps.
    const Buffer plain = buffer_of(bytes_of(received));
    EXPECT_TRUE(picture_of(plain.get()) == picture_of(sent.get()));
    EXPECT_TRUE(with_meta == picture_of(sent.get()));
  }

  WriterPipeline writer_;
  std::unique_ptr<ReaderPipeline> reader_;
};

// ---- Downstream that understands GstVideoMeta -------------------------------------------------

TEST_F(LayoutTest, padded_rows_arrive_as_they_are_where_downstream_understands_them) {
  expect_layout_kept(padded);
}
TEST_F(LayoutTest, planes_far_apart_arrive_as_they_are_where_downstream_understands_them) {
  expect_layout_kept(spread);
}
TEST_F(LayoutTest, planes_in_another_order_arrive_as_they_are_where_downstream_understands_them) {
  expect_layout_kept(chroma_first);
}
TEST_F(LayoutTest, an_upside_down_plane_arrives_as_it_is_where_downstream_understands_it) {
  expect_layout_kept(luma_upside_down);
}

// ---- Downstream that does not -----------------------------------------------------------------

TEST_F(LayoutTest, padded_rows_are_repacked_where_downstream_knows_only_the_caps) {
  expect_repacked(padded);
}
TEST_F(LayoutTest, planes_far_apart_are_repacked_where_downstream_knows_only_the_caps) {
  expect_repacked(spread);
}
TEST_F(LayoutTest, planes_in_another_order_are_repacked_where_downstream_knows_only_the_caps) {
  expect_repacked(chroma_first);
}
TEST_F(LayoutTest, an_upside_down_plane_is_repacked_where_downstream_knows_only_the_caps) {
  expect_repacked(luma_upside_down);
}

TEST_F(LayoutTest, times_and_flags_survive_the_repacking) {
  Buffer sent = buffer_with(padded);
  GST_BUFFER_PTS(sent.get()) = 1000 * GST_SECOND;
  GST_BUFFER_DURATION(sent.get()) = 5;
  GST_BUFFER_OFFSET(sent.get()) = 6;
  GST_BUFFER_FLAG_SET(sent.get(), GST_BUFFER_FLAG_MARKER);
  push(sent.get());
  const Sample sample = receive(false);
  GstBuffer* received = gst_sample_get_buffer(sample.get());
  EXPECT_EQ(GST_BUFFER_PTS(received) + gst_element_get_base_time(reader_->get()),
            1000 * GST_SECOND + gst_element_get_base_time(writer_.get()));
  EXPECT_EQ(GST_BUFFER_DURATION(received), 5u);
  EXPECT_EQ(GST_BUFFER_OFFSET(received), 6u);
  EXPECT_TRUE(has_flag(received, GST_BUFFER_FLAG_MARKER));
}

TEST_F(LayoutTest, a_layout_may_change_from_frame_to_frame) {
  reader_ = std::make_unique<ReaderPipeline>(path_, "delivery=every-frame");
  accept_video_meta(reader_->element("out"));
  reader_->play();
  std::uint32_t seed = 0;
  for (int round = 0; round < 3; ++round) {
    for (const Layout* layout : {&padded, &spread, &chroma_first, &luma_upside_down}) {
      const Buffer sent = buffer_with(*layout, ++seed);
      push(sent.get());
      const Sample sample = reader_->pull();
      ASSERT_TRUE(sample);
      EXPECT_TRUE(picture_of(gst_sample_get_buffer(sample.get())) == picture_of(sent.get()));
    }
  }
}

// ---- Memories ---------------------------------------------------------------------------------

GstMemory* memory_of(const Bytes& bytes, gsize skipped) {
  GstMemory* memory = gst_allocator_alloc(nullptr, skipped + bytes.size() + 7, nullptr);
  GstMapInfo map;
  gst_memory_map(memory, &map, GST_MAP_WRITE);
  std::memset(map.data, 0xee, map.size);
  std::memcpy(map.data + skipped, bytes.data(), bytes.size());
  gst_memory_unmap(memory, &map);
  gst_memory_resize(memory, static_cast<gssize>(skipped), bytes.size());
  return memory;
}

TEST_F(LayoutTest, a_buffer_of_one_memory_for_each_plane_arrives_whole) {
  const Layout layout = {{0, 64 * 21, 64 * 21 + 48 * 11}, {64, 48, 48}, padded.bytes};
  const Bytes planes[] = {noise(64 * 21, 1), noise(48 * 11, 2), noise(48 * 11, 3)};
  const Buffer sent(gst_buffer_new());
  for (const Bytes& plane : planes) gst_buffer_append_memory(sent.get(), memory_of(plane, 0));
  add_meta(sent.get(), layout);
  push(sent.get());
  const Sample sample = receive(true);
  Bytes expected;
  for (const Bytes& plane : planes) expected.insert(expected.end(), plane.begin(), plane.end());
  EXPECT_TRUE(bytes_of(sample) == expected);
}

TEST_F(LayoutTest, memories_that_begin_behind_their_start_arrive_without_what_is_before) {
  const Bytes first = noise(700, 1);
  const Bytes second = noise(default_info().size - 700, 2);
  const Buffer sent(gst_buffer_new());
  gst_buffer_append_memory(sent.get(), memory_of(first, 13));
  gst_buffer_append_memory(sent.get(), memory_of(second, 64));
  push(sent.get());
  Bytes expected = first;
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_TRUE(bytes_of(receive(false)) == expected);
}

TEST_F(LayoutTest, many_small_memories_arrive_in_order) {
  const Buffer sent(gst_buffer_new());
  Bytes expected;
  for (std::uint32_t i = 0; expected.size() < default_info().size; ++i) {
    const std::size_t left = default_info().size - expected.size();
    const Bytes part = noise(std::min<std::size_t>(97, left), i);
    expected.insert(expected.end(), part.begin(), part.end());
    gst_buffer_append_memory(sent.get(), memory_of(part, i % 5));
  }
  push(sent.get());
  EXPECT_TRUE(bytes_of(receive(false)) == expected);
}

// ---- Sizes ------------------------------------------------------------------------------------

TEST_F(LayoutTest, a_buffer_larger_than_its_caps_need_arrives_whole) {
  const Buffer sent = buffer_of(noise(default_info().size + 5000));
  push(sent.get());
  const Sample sample = receive(false);
  GstBuffer* received = gst_sample_get_buffer(sample.get());
  EXPECT_TRUE(picture_of(received) == picture_of(sent.get()));
}

TEST_F(LayoutTest, a_buffer_smaller_than_its_caps_claim_is_an_error_that_names_the_path) {
  push(buffer_of(noise(default_info().size / 2)).get());
  const Problem problem = writer_.error();
  EXPECT_TRUE(mentions(problem.sentence, path_)) << problem.sentence;
}

TEST_F(LayoutTest, an_empty_buffer_is_an_error_that_names_the_path) {
  push(Buffer(gst_buffer_new()).get());
  const Problem problem = writer_.error();
  EXPECT_TRUE(mentions(problem.sentence, path_)) << problem.sentence;
}

TEST_F(LayoutTest, a_meta_that_points_outside_its_buffer_is_an_error_that_names_the_path) {
  Layout outside = padded;
  outside.bytes -= 100;
  push(buffer_with(outside).get());
  const Problem problem = writer_.error();
  EXPECT_TRUE(mentions(problem.sentence, path_)) << problem.sentence;
}

TEST_F(LayoutTest, after_a_buffer_that_was_refused_a_new_session_publishes_again) {
  push(Buffer(gst_buffer_new()).get());
  writer_.error();
  writer_.set(GST_STATE_NULL);
  writer_.play();
  writer_.set_caps(i420_caps);
  const Buffer sent = buffer_of(noise(default_info().size));
  push(sent.get());
  EXPECT_TRUE(bytes_of(receive(false)) == bytes_of(sent.get()));
}

// ---- Pools of downstream ----------------------------------------------------------------------

// As elements do that leave configuring the pool to upstream.
TEST_F(LayoutTest, a_pool_that_downstream_offers_unconfigured_does_no_harm) {
  const std::string path = dir_ / "other";
  const ReaderPipeline reader(path);
  const Pad pad(gst_element_get_static_pad(reader.element("out"), "sink"));
  const auto answer = [](GstPad*, GstPadProbeInfo* info, gpointer) {
    GstQuery* query = GST_PAD_PROBE_INFO_QUERY(info);
    if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION) return GST_PAD_PROBE_OK;
    GstBufferPool* pool = gst_video_buffer_pool_new();
    gst_query_add_allocation_pool(query, pool, 1024, 2, 0);
    gst_object_unref(pool);
    return GST_PAD_PROBE_HANDLED;
  };
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, answer, nullptr, nullptr);
  reader.play();
  const WriterPipeline writer(path);
  writer.set_caps(grey_caps());
  writer.play();
  writer.push(grey_bytes(7));
  EXPECT_EQ(value_of(reader.pull()), 7);
}

}  // namespace
}  // namespace mmapvideo_test
