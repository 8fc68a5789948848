// SPDX-License-Identifier: MIT
// Every raw format of the GStreamer that runs: what mmapsrc delivers is what mmapsink was given.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pipeline.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

// Late enough that both pipelines begin before it: times can then be compared exactly.
constexpr GstClockTime pts = 1000 * GST_SECOND;

std::vector<std::string> all_format_names() {
  std::vector<std::string> names(1);
  for (const char* at = GST_VIDEO_FORMATS_ALL; *at != '\0'; ++at) {
    if (g_ascii_isalnum(*at) || *at == '_')
      names.back() += *at;
    else if (!names.back().empty())
      names.emplace_back();
  }
  if (names.back().empty()) names.pop_back();
  return names;
}

/// A picture with smooth and sharp parts, in a format that all others can be converted from.
Buffer test_picture(int width, int height, GstVideoInfo* info) {
  const Pipeline source(
      "videotestsrc num-buffers=1 ! video/x-raw,format=AYUV64,width=" + std::to_string(width) +
      ",height=" + std::to_string(height) + " ! appsink name=out");
  source.set(GST_STATE_PLAYING);
  const Sample sample(gst_app_sink_pull_sample(GST_APP_SINK(source.element("out"))));
  *info = info_of(gst_sample_get_caps(sample.get()));
  return Buffer(gst_buffer_copy_deep(gst_sample_get_buffer(sample.get())));
}

/// Overwrites the picture's bytes, where GStreamer can convert to the format; padding keeps noise.
void paint(GstBuffer* buffer, GstVideoInfo info) {
  GstVideoInfo from_info;
  const Buffer picture = test_picture(info.width, info.height, &from_info);
  from_info.fps_n = info.fps_n;
  from_info.fps_d = info.fps_d;
  GstVideoConverter* converter = gst_video_converter_new(&from_info, &info, nullptr);
  if (converter == nullptr) return;
  GstVideoFrame from;
  GstVideoFrame to;
  ASSERT_TRUE(gst_video_frame_map(&from, &from_info, picture.get(), GST_MAP_READ));
  ASSERT_TRUE(gst_video_frame_map(&to, &info, buffer, GST_MAP_WRITE));
  gst_video_converter_frame(converter, &from, &to);
  gst_video_frame_unmap(&to);
  gst_video_frame_unmap(&from);
  gst_video_converter_free(converter);
}

Buffer frame_of(const GstVideoInfo& info, bool painted) {
  Buffer buffer = buffer_of(noise(info.size));
  if (painted) paint(buffer.get(), info);
  GST_BUFFER_PTS(buffer.get()) = pts;
  GST_BUFFER_DURATION(buffer.get()) = 40 * GST_MSECOND;
  GST_BUFFER_OFFSET(buffer.get()) = 4711;
  GST_BUFFER_OFFSET_END(buffer.get()) = 4712;
  GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_MARKER | GST_BUFFER_FLAG_CORRUPTED);
  return buffer;
}

guint64 base_time(const Pipeline& pipeline) { return gst_element_get_base_time(pipeline.get()); }

void expect_same_layout(GstBuffer* buffer, const GstVideoInfo& info) {
  const GstVideoMeta* meta = gst_buffer_get_video_meta(buffer);
  ASSERT_NE(meta, nullptr);
  EXPECT_EQ(meta->format, GST_VIDEO_INFO_FORMAT(&info));
  EXPECT_EQ(meta->width, static_cast<guint>(info.width));
  EXPECT_EQ(meta->height, static_cast<guint>(info.height));
  ASSERT_EQ(meta->n_planes, GST_VIDEO_INFO_N_PLANES(&info));
  for (guint i = 0; i < meta->n_planes; ++i) {
    EXPECT_EQ(meta->offset[i], info.offset[i]);
    EXPECT_EQ(meta->stride[i], info.stride[i]);
  }
  GstVideoFrame frame;
  ASSERT_TRUE(gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ));
  gst_video_frame_unmap(&frame);
}

void expect_same_description(GstBuffer* received, GstBuffer* sent) {
  EXPECT_EQ(GST_BUFFER_DURATION(received), GST_BUFFER_DURATION(sent));
  EXPECT_EQ(GST_BUFFER_OFFSET(received), GST_BUFFER_OFFSET(sent));
  EXPECT_EQ(GST_BUFFER_OFFSET_END(received), GST_BUFFER_OFFSET_END(sent));
  const guint first = GST_BUFFER_FLAG_DISCONT;  // the first frame of a stream follows on nothing
  const guint of_memory = GST_BUFFER_FLAG_TAG_MEMORY;
  EXPECT_EQ(GST_BUFFER_FLAGS(received) & ~(first | of_memory),
            GST_BUFFER_FLAGS(sent) & ~(first | of_memory));
}

/// Through the file and back.
void expect_round_trip(const std::string& path, const GstCaps* caps, Buffer sent) {
  const GstVideoInfo info = info_of(caps);
  const WriterPipeline writer(path);
  writer.play();
  writer.set_caps(caps);
  writer.push(Buffer(gst_buffer_ref(sent.get())));
  writer.wait_for_published(1);  // a reader that finds no file yet would look again after 50 ms
  const ReaderPipeline reader(path);
  reader.play();
  const Sample sample = reader.pull();
  ASSERT_TRUE(sample) << reader.error().sentence;
  GstBuffer* received = gst_sample_get_buffer(sample.get());

  EXPECT_TRUE(bytes_of(received) == bytes_of(sent.get())) << "bytes differ";
  EXPECT_EQ(text_of(gst_sample_get_caps(sample.get())), text_of(caps));
  EXPECT_TRUE(gst_caps_is_strictly_equal(gst_sample_get_caps(sample.get()), caps));
  expect_same_layout(received, info);
  expect_same_description(received, sent.get());
  EXPECT_EQ(GST_BUFFER_PTS(received) + base_time(reader), pts + base_time(writer));
}

/// Nothing: GStreamer has no such size in this format.
Caps plain_caps(const std::string& format, int width, int height) {
  GstVideoInfo info;
  gst_video_info_init(&info);
  if (!gst_video_info_set_format(&info, gst_video_format_from_string(format.c_str()),
                                 static_cast<guint>(width), static_cast<guint>(height)))
    return nullptr;
  info.fps_n = 25;
  return Caps(gst_video_info_to_caps(&info));
}

class Format : public FileTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(Format, arrives_bit_for_bit_with_its_caps_layout_times_and_flags) {
  struct {
    int width, height;
  } const sizes[] = {{320, 240}, {321, 241}, {1, 1}};
  for (const auto& size : sizes) {
    SCOPED_TRACE(std::to_string(size.width) + "x" + std::to_string(size.height));
    const Caps caps = plain_caps(GetParam(), size.width, size.height);
    if (!caps) continue;
    expect_round_trip(path_, caps.get(), frame_of(info_of(caps.get()), true));
  }
}

INSTANTIATE_TEST_SUITE_P(All, Format, ::testing::ValuesIn(all_format_names()),
                         [](const auto& parameter) { return parameter.param; });

TEST(Formats, the_list_holds_all_formats_of_this_gstreamer) {
  const auto names = all_format_names();
  guint count = 0;
  const GstVideoFormat* formats = gst_video_formats_raw(&count);
  for (guint i = 0; i < count; ++i)
    EXPECT_NE(std::find(names.begin(), names.end(), gst_video_format_to_string(formats[i])),
              names.end())
        << gst_video_format_to_string(formats[i]);
}

// ---- Caps with more than a format and a size --------------------------------------------------

class CapsFields : public FileTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(CapsFields, arrive_unchanged) {
  const Caps caps = caps_of(GetParam());
  Buffer buffer = frame_of(info_of(caps.get()), false);
  if (mentions(GetParam(), "interlace"))
    GST_BUFFER_FLAG_SET(buffer.get(), GST_VIDEO_BUFFER_FLAG_INTERLACED | GST_VIDEO_BUFFER_FLAG_TFF |
                                          GST_VIDEO_BUFFER_FLAG_RFF);
  if (mentions(GetParam(), "alternate"))
    GST_BUFFER_FLAG_SET(buffer.get(), GST_VIDEO_BUFFER_FLAG_BOTTOM_FIELD);
  if (mentions(GetParam(), "multiview"))
    GST_BUFFER_FLAG_SET(
        buffer.get(), GST_VIDEO_BUFFER_FLAG_MULTIPLE_VIEW | GST_VIDEO_BUFFER_FLAG_FIRST_IN_BUNDLE);
  expect_round_trip(path_, caps.get(), std::move(buffer));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, CapsFields,
    ::testing::Values(
        "video/x-raw, format=I420, width=320, height=240, framerate=25/1, "
        "interlace-mode=interleaved, field-order=top-field-first",
        "video/x-raw, format=I420, width=320, height=240, framerate=30000/1001, "
        "interlace-mode=interleaved, field-order=bottom-field-first",
        "video/x-raw, format=NV12, width=321, height=241, framerate=25/1, interlace-mode=mixed",
        "video/x-raw, format=UYVY, width=320, height=240, framerate=25/1, interlace-mode=fields",
        "video/x-raw(format:Interlaced), format=I420, width=320, height=240, framerate=25/1, "
        "interlace-mode=alternate",
        "video/x-raw(format:Interlaced), format=NV12, width=321, height=241, framerate=25/1, "
        "interlace-mode=alternate",
        "video/x-raw, format=RGB, width=320, height=240, framerate=25/1, "
        "multiview-mode=side-by-side, multiview-flags=(GstVideoMultiviewFlagsSet)2:ffffffff",
        "video/x-raw, format=RGB, width=320, height=240, framerate=25/1, views=2, "
        "multiview-mode=frame-by-frame",
        "video/x-raw, format=I420, width=720, height=576, framerate=0/1, "
        "pixel-aspect-ratio=16/15, chroma-site=mpeg2, colorimetry=bt601",
        "video/x-raw, format=P010_10LE, width=64, height=64, framerate=0/1, "
        "max-framerate=60/1, chroma-site=dv, colorimetry=bt2100-pq, "
        "mastering-display-info=(string)34000:16000:13250:34500:7500:3000:15635:16450:10000000:500,"
        " "
        "content-light-level=(string)1000:400",
        "video/x-raw, format=I420, width=64, height=64, framerate=25/1, "
        "colorimetry=(string)2:4:5:4, "
        "chroma-site=jpeg, a-field-of-ones-own=\"with, comma \\\" and quote\""));

TEST_F(FileTest, a_buffer_without_times_and_offsets_arrives_without_duration_and_offsets) {
  const WriterPipeline writer(path_);
  writer.play();
  writer.set_caps(grey_caps());
  writer.push(buffer_of(grey_bytes(7)));
  const ReaderPipeline reader(path_);
  reader.play();
  const Sample sample = reader.pull();
  GstBuffer* buffer = gst_sample_get_buffer(sample.get());
  EXPECT_EQ(value_of(sample), 7);
  EXPECT_FALSE(GST_BUFFER_DURATION_IS_VALID(buffer));
  EXPECT_EQ(GST_BUFFER_OFFSET(buffer), GST_BUFFER_OFFSET_NONE);
  EXPECT_EQ(GST_BUFFER_OFFSET_END(buffer), GST_BUFFER_OFFSET_NONE);
  EXPECT_FALSE(GST_BUFFER_DTS_IS_VALID(buffer));
  EXPECT_TRUE(GST_BUFFER_PTS_IS_VALID(buffer)) << "without a time of its own it has its arrival";
}

TEST_F(FileTest, each_flag_arrives) {
  const WriterPipeline writer(path_);
  writer.play();
  writer.set_caps(grey_caps());
  const ReaderPipeline reader(path_, "delivery=every-frame");
  writer.push(grey_bytes(0));
  reader.play();
  ASSERT_EQ(value_of(reader.pull()), 0);
  for (guint flag :
       {guint{GST_BUFFER_FLAG_DISCONT}, guint{GST_BUFFER_FLAG_CORRUPTED},
        guint{GST_BUFFER_FLAG_GAP}, guint{GST_BUFFER_FLAG_DROPPABLE},
        guint{GST_BUFFER_FLAG_DELTA_UNIT}, guint{GST_BUFFER_FLAG_MARKER},
        guint{GST_BUFFER_FLAG_HEADER}, guint{GST_BUFFER_FLAG_RESYNC},
        guint{GST_BUFFER_FLAG_NON_DROPPABLE}, guint{GST_BUFFER_FLAG_LIVE},
        guint{GST_BUFFER_FLAG_DECODE_ONLY}, guint{GST_VIDEO_BUFFER_FLAG_INTERLACED},
        guint{GST_VIDEO_BUFFER_FLAG_TFF}, guint{GST_VIDEO_BUFFER_FLAG_RFF},
        guint{GST_VIDEO_BUFFER_FLAG_ONEFIELD}, guint{GST_VIDEO_BUFFER_FLAG_MULTIPLE_VIEW},
        guint{GST_VIDEO_BUFFER_FLAG_FIRST_IN_BUNDLE}}) {
    Buffer buffer = buffer_of(grey_bytes(1));
    GST_BUFFER_PTS(buffer.get()) = pts;
    GST_BUFFER_FLAG_SET(buffer.get(), flag);
    writer.push(std::move(buffer));
    const Sample sample = reader.pull();
    const guint found = GST_BUFFER_FLAGS(gst_sample_get_buffer(sample.get()));
    EXPECT_EQ(found & ~guint{GST_BUFFER_FLAG_TAG_MEMORY}, flag);
  }
}

}  // namespace
}  // namespace mmapvideo_test
