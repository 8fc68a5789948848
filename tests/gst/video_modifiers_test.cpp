// SPDX-License-Identifier: MIT
// What caps of raw video say beside format and size, and rates of all kinds, through the file: the
// caps arrive as they are, and the frame's description says the same to readers without GStreamer.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "metas.hpp"
#include "support/file_test.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

struct Modifier {
  const char* name;
  const char* fields;  // of the caps, beside I420, 64x32
  void (*expect)(const mmapvideo_frame_info& info) = [](const mmapvideo_frame_info&) {};
};

std::string caps_with(const char* fields) {
  return std::string("video/x-raw, format=(string)I420, width=(int)64, height=(int)32, ") + fields;
}

class Modifiers : public FileTest, public ::testing::WithParamInterface<Modifier> {
 protected:
  /// One frame with these caps from a writer to a reader, whose sample is returned.
  Sample pass(const std::string& text) {
    const Caps caps = caps_of(text);
    const WriterPipeline writer(path_, "keep-file=true");
    writer.play();
    writer.set_caps(caps.get());
    writer.push(noise(info_of(caps.get()).size));
    writer.wait_for_published(1);
    const ReaderPipeline reader(path_);
    reader.play();
    Sample sample = reader.pull();
    if (!sample) ADD_FAILURE() << reader.error().sentence;
    const RawFile file(path_);
    described_ = file.slot(file.head_index()).info;
    return sample;
  }
  mmapvideo_frame_info described_{};
};

TEST_P(Modifiers, arrive_with_the_caps_and_stand_in_the_description) {
  const std::string text = caps_with(GetParam().fields);
  const Sample sample = pass(text);
  ASSERT_TRUE(sample);
  EXPECT_TRUE(gst_caps_is_strictly_equal(gst_sample_get_caps(sample.get()), caps_of(text).get()))
      << text_of(gst_sample_get_caps(sample.get()));
  GetParam().expect(described_);
}

const Modifier modifiers[] = {
    {"multiview_side_by_side",
     "framerate=(fraction)30/1, views=(int)2, multiview-mode=(string)side-by-side, "
     "multiview-flags=(GstVideoMultiviewFlagsSet)0:ffffffff:/right-view-first/left-flipped",
     [](const mmapvideo_frame_info& info) { EXPECT_EQ(info.view_count, 2u); }},
    {"multiview_frame_by_frame",
     "framerate=(fraction)60/1, views=(int)2, multiview-mode=(string)multiview-frame-by-frame",
     [](const mmapvideo_frame_info& info) { EXPECT_EQ(info.view_count, 2u); }},
    {"colorimetry_by_name", "framerate=(fraction)30/1, colorimetry=(string)bt2020",
     [](const mmapvideo_frame_info& info) { EXPECT_STREQ(info.colorimetry, "bt2020"); }},
    {"colorimetry_by_numbers", "framerate=(fraction)30/1, colorimetry=(string)1:4:7:1",
     [](const mmapvideo_frame_info& info) { EXPECT_STREQ(info.colorimetry, "1:4:7:1"); }},
    {"hdr10_mastering",
     "framerate=(fraction)30/1, colorimetry=(string)bt2100-pq, mastering-display-info=(string)"
     "34000:16000:13250:34500:7500:3000:15635:16450:10000000:500, "
     "content-light-level=(string)1000:400",
     [](const mmapvideo_frame_info& info) { EXPECT_STREQ(info.colorimetry, "bt2100-pq"); }},
    {"hlg", "framerate=(fraction)50/1, colorimetry=(string)bt2100-hlg"},
    {"chroma_site", "framerate=(fraction)30/1, chroma-site=(string)mpeg2",
     [](const mmapvideo_frame_info& info) { EXPECT_STREQ(info.chroma_site, "mpeg2"); }},
    {"chroma_site_of_the_top", "framerate=(fraction)30/1, chroma-site=(string)dv"},
    {"interleaved",
     "framerate=(fraction)25/1, interlace-mode=(string)interleaved, "
     "field-order=(string)top-field-first",
     [](const mmapvideo_frame_info& info) {
       EXPECT_EQ(info.interlace_mode, 1u);
       EXPECT_EQ(info.field_order, 1u);
     }},
    {"mixed", "framerate=(fraction)25/1, interlace-mode=(string)mixed",
     [](const mmapvideo_frame_info& info) { EXPECT_EQ(info.interlace_mode, 2u); }},
    {"fields", "framerate=(fraction)25/1, interlace-mode=(string)fields",
     [](const mmapvideo_frame_info& info) { EXPECT_EQ(info.interlace_mode, 3u); }},
    {"variable_rate", "framerate=(fraction)0/1",
     [](const mmapvideo_frame_info& info) { EXPECT_EQ(info.fps_numerator, 0u); }},
    {"variable_rate_with_a_limit", "framerate=(fraction)0/1, max-framerate=(fraction)60/1"},
    {"slow_rate", "framerate=(fraction)1/3600",
     [](const mmapvideo_frame_info& info) { EXPECT_EQ(info.fps_denominator, 3600u); }},
    {"ntsc_rate", "framerate=(fraction)30000/1001"},
    {"pixels_that_are_not_square", "framerate=(fraction)25/1, pixel-aspect-ratio=(fraction)12/11",
     [](const mmapvideo_frame_info& info) { EXPECT_EQ(info.par_numerator, 12u); }},
    {"a_field_of_somebodys_own", "framerate=(fraction)30/1, x-camera=(string)\"left one\""},
};
INSTANTIATE_TEST_SUITE_P(Modifier, Modifiers, ::testing::ValuesIn(modifiers),
                         [](const auto& parameter) { return parameter.param.name; });

TEST_F(Modifiers, alternate_fields_arrive_with_their_feature_and_flags) {
  const std::string text =
      "video/x-raw(format:Interlaced), format=(string)GRAY8, width=(int)64, height=(int)32, "
      "interlace-mode=(string)alternate, framerate=(fraction)25/1";
  const WriterPipeline writer(path_, "delivery=every-frame");
  const ReaderPipeline reader(path_, "delivery=every-frame");
  writer.play();
  writer.set_caps(text);
  reader.play();
  for (guint field : {GST_VIDEO_BUFFER_FLAG_TOP_FIELD, GST_VIDEO_BUFFER_FLAG_BOTTOM_FIELD}) {
    Buffer buffer = buffer_of(grey_bytes(9));
    GST_BUFFER_FLAG_SET(buffer.get(), field);
    writer.push(std::move(buffer));
    const Sample sample = reader.pull();
    ASSERT_TRUE(sample);
    EXPECT_TRUE(mentions(text_of(gst_sample_get_caps(sample.get())), "format:Interlaced"));
    EXPECT_EQ(GST_BUFFER_FLAGS(buffer_in(sample)) & GST_VIDEO_BUFFER_FLAG_TOP_FIELD, field);
  }
}

TEST_F(Modifiers, frames_of_a_variable_rate_keep_the_times_between_them) {
  const Link link(path_);
  link.writer.set_caps(
      "video/x-raw, format=(string)GRAY8, width=(int)64, height=(int)16, framerate=(fraction)0/1");
  GstClockTime sent = 200 * GST_SECOND;
  const Sample first = link.pass(grey_buffer(1, sent));
  GstClockTime before = GST_BUFFER_PTS(buffer_in(first));
  for (GstClockTime step : {GstClockTime{7'000'000}, GstClockTime{300'000'000}, GstClockTime{1},
                            GstClockTime{5'000'000'000}}) {
    sent += step;
    const Sample sample = link.pass(grey_buffer(2, sent));
    EXPECT_EQ(GST_BUFFER_PTS(buffer_in(sample)) - before, step);
    before = GST_BUFFER_PTS(buffer_in(sample));
  }
}

}  // namespace
}  // namespace mmapvideo_test
