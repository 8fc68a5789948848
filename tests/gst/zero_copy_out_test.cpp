// SPDX-License-Identifier: MIT
// Frames that mmapsrc hands on in place: what that memory is, and which downstreams get it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "numbered.hpp"
#include "pictures.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

const std::string kI420Caps =
    "video/x-raw, format=(string)I420, width=(int)64, height=(int)48, framerate=(fraction)25/1";

class ZeroCopyOut : public FileTest {
 protected:
  void start_writer(const std::string& caps = kNumberCaps) {
    writer_.play();
    writer_.set_caps(caps);
  }
  void publish(std::uint64_t number) {
    writer_.push(numbered_bytes(number));
    writer_.wait_for_published(number);
  }
  /// The buffer, unique to the caller.
  static Buffer buffer_in(Sample sample) {
    return Buffer(gst_buffer_ref(gst_sample_get_buffer(sample.get())));
  }

  WriterPipeline writer_{path_, "slots=8"};
};

// ---- The memory -------------------------------------------------------------------------------

TEST_F(ZeroCopyOut, a_frame_is_page_aligned_memory_of_the_file_that_is_mapped_read_only) {
  start_writer();
  publish(1);
  const ReaderPipeline reader(path_);
  reader.play();
  const Sample sample = reader.pull();
  GstBuffer* buffer = gst_sample_get_buffer(sample.get());
  EXPECT_TRUE(lies_in(path_, buffer));
  EXPECT_TRUE(is_page_aligned(buffer));
  EXPECT_EQ(mapped_at(address_of(buffer))->permissions.substr(0, 2), "r-");
  EXPECT_EQ(gst_buffer_get_size(buffer), kNumberBytes);
  EXPECT_FALSE(gst_buffer_is_all_memory_writable(buffer));
  GstMapInfo map;
  EXPECT_FALSE(gst_memory_map(gst_buffer_peek_memory(buffer, 0), &map, GST_MAP_WRITE));
  const RawFile file(path_, O_RDONLY);
  EXPECT_EQ(mapped_at(address_of(buffer))->position,
            static_cast<std::uint64_t>(file.payload(file.head_index()) - file.bytes()));
  EXPECT_EQ(stat(reader.source(), "zero-copy"), 1u);
}

TEST_F(ZeroCopyOut, who_writes_to_a_frame_gets_a_copy_and_the_file_stays) {
  start_writer();
  publish(1);
  const ReaderPipeline reader(path_);
  reader.play();
  Buffer buffer = buffer_in(reader.pull());
  buffer.reset(gst_buffer_make_writable(buffer.release()));
  write_number(buffer.get(), 99);
  EXPECT_FALSE(lies_in(path_, buffer.get()));
  EXPECT_EQ(number_of(buffer.get()), 99);
  EXPECT_EQ(number_in_file(path_, 1), 1);
  expect_every_frame_is_its_number(path_);
}

TEST_F(ZeroCopyOut, a_lease_ends_with_the_last_of_all_that_share_the_memory) {
  start_writer();
  publish(1);
  auto reader = std::make_unique<ReaderPipeline>(path_);
  reader->play();
  Sample sample = reader->pull();
  GstBuffer* buffer = gst_sample_get_buffer(sample.get());
  Buffer shell(gst_buffer_copy(buffer));
  Buffer part(gst_buffer_copy_region(buffer, GST_BUFFER_COPY_MEMORY, 4096, 4096));
  Buffer part_of_part(gst_buffer_copy_region(part.get(), GST_BUFFER_COPY_MEMORY, 1024, 1024));
  const Buffer deep(gst_buffer_copy_deep(buffer));
  EXPECT_EQ(leases_in(path_), 1u);
  sample.reset();
  reader.reset();  // appsink keeps its last sample to its end
  EXPECT_EQ(leases_in(path_), 1u);
  shell.reset();
  EXPECT_EQ(leases_in(path_), 1u);
  part.reset();
  EXPECT_EQ(leases_in(path_), 1u);
  for (std::uint64_t number = 2; number < 40; ++number) publish(number);
  EXPECT_EQ(number_of(part_of_part.get()), 1);
  part_of_part.reset();
  EXPECT_EQ(leases_in(path_), 0u);
  EXPECT_EQ(number_of(deep.get()), 1);
}

TEST_F(ZeroCopyOut, a_frame_that_came_out_in_place_is_copied_into_another_file) {
  const std::string other = path_ + "-other";
  start_writer();
  const Pipeline relay("mmapsrc name=in delivery=every-frame location=" + path_ +
                       " ! mmapsink name=out sync=false location=" + other);
  relay.play();
  for (std::uint64_t number = 1; number <= 20; ++number) {
    publish(number);
    while (stat(relay.element("out"), "frames") < number) g_usleep(1000);
    EXPECT_EQ(number_in_file(other, number), static_cast<std::int64_t>(number));
  }
  expect_every_frame_is_its_number(path_);
  EXPECT_EQ(stat(relay.element("in"), "zero-copy"), 20u);
  expect_stat(relay.element("out"), "copied", 20);
}

// ---- Downstreams ------------------------------------------------------------------------------

class Downstream : public ZeroCopyOut {
 protected:
  static void require(const char* element) {
    GstElementFactory* factory = gst_element_factory_find(element);
    if (factory == nullptr) GTEST_SKIP() << element << " is not installed";
    gst_object_unref(factory);
  }
  /// Frames, each when the one before is no longer used. Reports why that downstream does not work
  /// on this machine.
  void expect_no_copies(const std::string& downstream, bool optional = false) {
    start_writer(kI420Caps);
    const Pipeline reader("mmapsrc name=in delivery=every-frame location=" + path_ + " ! " +
                          downstream);
    reader.play();
    const std::size_t bytes = info_of(caps_of(kI420Caps).get()).size;
    for (std::uint32_t number = 1; number <= 30; ++number) {
      writer_.push(noise(bytes, number), number * 40 * GST_MSECOND);
      while (delivered_by(reader.element("in")) < number || leases_in(path_) > 0) {
        const Message message = reader.wait(GST_MESSAGE_ERROR, GST_MSECOND);
        if (!message) continue;
        const Problem problem = problem_in(message.get());
        if (optional) GTEST_SKIP() << problem.sentence;
        FAIL() << problem.sentence << " " << problem.debug;
      }
    }
    EXPECT_EQ(stat(reader.element("in"), "zero-copy"), 30u);
    EXPECT_EQ(stat(reader.element("in"), "copied"), 0u);
    EXPECT_EQ(stat(writer_.sink(), "dropped"), 0u);
  }
};

TEST_F(Downstream, fakesink_gets_frames_in_place) {
  expect_no_copies("fakesink sync=false enable-last-sample=false");
}
TEST_F(Downstream, an_appsink_that_keeps_none_gets_frames_in_place) {
  start_writer();
  const ReaderPipeline reader(path_, "delivery=every-frame", "enable-last-sample=false");
  reader.play();
  for (std::uint64_t number = 1; number <= 30; ++number) {
    publish(number);
    ASSERT_EQ(number_of(reader.pull()), static_cast<std::int64_t>(number));
  }
  EXPECT_EQ(stat(reader.source(), "zero-copy"), 30u);
  EXPECT_EQ(stat(reader.source(), "copied"), 0u);
}
TEST_F(Downstream, videoconvert_gets_frames_in_place) {
  expect_no_copies(
      "videoconvert ! video/x-raw,format=RGB ! fakesink sync=false enable-last-sample=false");
}
TEST_F(Downstream, videoscale_gets_frames_in_place) {
  expect_no_copies("videoscale ! video/x-raw,width=32 ! fakesink sync=false");
}
TEST_F(Downstream, both_branches_of_a_tee_get_frames_in_place) {
  expect_no_copies(
      "tee name=t t. ! queue ! fakesink sync=false enable-last-sample=false t. ! queue ! "
      "videoconvert ! video/x-raw,format=RGB ! fakesink sync=false");
}
TEST_F(Downstream, x264enc_without_lookahead_gets_frames_in_place) {
  require("x264enc");
  if (IsSkipped()) return;
  expect_no_copies("x264enc tune=zerolatency threads=1 ! fakesink sync=false");
}
TEST_F(Downstream, jpegenc_gets_frames_in_place) {
  require("jpegenc");
  if (IsSkipped()) return;
  expect_no_copies("jpegenc ! fakesink sync=false");
}
TEST_F(Downstream, glupload_gets_frames_in_place_where_there_is_gl) {
  require("glupload");
  if (IsSkipped()) return;
  expect_no_copies("glupload ! gldownload ! fakesink sync=false enable-last-sample=false", true);
}

TEST_F(Downstream, an_encoder_that_looks_ahead_sees_the_right_pictures) {
  require("x264enc");
  if (IsSkipped()) return;
  require("avdec_h264");
  if (IsSkipped()) return;
  start_writer(kI420Caps);
  const ReaderPipeline reader(path_, "delivery=every-frame ! x264enc ! h264parse ! avdec_h264");
  reader.play();
  const std::size_t bytes = info_of(caps_of(kI420Caps).get()).size;
  // Each of one shade of grey, so that the encoder keeps it but for a little.
  const auto shade = [](int number) { return 20 + 3 * number; };
  for (int number = 1; number <= 60; ++number) {
    writer_.push(Bytes(bytes, static_cast<std::uint8_t>(shade(number))),
                 static_cast<GstClockTime>(number) * 40 * GST_MSECOND);
    reader.wait_for_delivered(static_cast<std::uint64_t>(number));
  }
  EXPECT_EQ(stat(writer_.sink(), "dropped"), 0u);
  writer_.end();
  for (int number = 1; number <= 60; ++number) {
    const Sample sample = reader.pull();
    ASSERT_TRUE(sample);
    ASSERT_NEAR(picture_of(sample)[64 * 24 + 32], shade(number), 2) << "frame " << number;
  }
}

// ---- Layouts ----------------------------------------------------------------------------------

/// Frames with rows of 96 and 64 bytes where the caps alone would say 64 and 32.
Buffer padded_frame(std::uint32_t seed) {
  gsize offset[4] = {0, 96 * 48, 96 * 48 + 64 * 24};
  gint stride[4] = {96, 64, 64};
  Buffer buffer = buffer_of(noise(96 * 48 + 64 * 24 * 2, seed));
  gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_I420, 64,
                                 48, 3, offset, stride);
  return buffer;
}

class LayoutOut : public ZeroCopyOut {
 protected:
  void expect_arrival(Buffer sent, bool knows_meta, bool zero_copy) {
    start_writer(kI420Caps);
    const GstVideoInfo info = info_of(caps_of(kI420Caps).get());
    const Bytes picture = picture_of(sent.get(), info);
    writer_.push(std::move(sent));
    writer_.wait_for_published(1);
    const ReaderPipeline reader(path_);
    if (knows_meta) accept_video_meta(reader.element("out"));
    reader.play();
    const Sample sample = reader.pull();
    GstBuffer* buffer = gst_sample_get_buffer(sample.get());
    EXPECT_TRUE(picture_of(sample) == picture);
    EXPECT_EQ(lies_in(path_, buffer), zero_copy);
    EXPECT_EQ(stat(reader.source(), "zero-copy"), zero_copy ? 1u : 0u);
    EXPECT_EQ(stat(reader.source(), "copied"), zero_copy ? 0u : 1u);
    if (knows_meta) return;
    EXPECT_EQ(gst_buffer_get_size(buffer), info.size);
    EXPECT_TRUE(picture_of(buffer_of(bytes_of(buffer)).get(), info) == picture)
        << "without the meta as well";
  }
  static Buffer plain_frame(std::size_t surplus = 0) {
    return buffer_of(noise(info_of(caps_of(kI420Caps).get()).size + surplus));
  }
};

TEST_F(LayoutOut, the_default_layout_is_handed_on_in_place_to_all) {
  expect_arrival(plain_frame(), false, true);
}
TEST_F(LayoutOut, the_default_layout_with_bytes_behind_it_is_handed_on_in_place_without_them) {
  expect_arrival(plain_frame(1000), false, true);
}
TEST_F(LayoutOut, other_strides_are_handed_on_in_place_to_those_who_know_the_meta) {
  expect_arrival(padded_frame(1), true, true);
}
TEST_F(LayoutOut, other_strides_are_copied_into_the_default_layout_for_those_who_do_not) {
  expect_arrival(padded_frame(1), false, false);
}

}  // namespace
}  // namespace mmapvideo_test
