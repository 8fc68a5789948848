// SPDX-License-Identifier: MIT
// Video in memory of a graphics card or the like: refused with a sentence that names the element to
// put in front, and not chosen by anybody who has a choice.
#include <gtest/gtest.h>

#include <string>

#include "pipeline.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

std::string foreign_caps(const std::string& feature) {
  return "video/x-raw(" + feature +
         "), format=(string)RGBA, width=(int)64, height=(int)16, "
         "framerate=(fraction)30/1";
}

struct Remedy {
  const char* feature;
  const char* element;
};

class ForeignMemory : public FileTest, public ::testing::WithParamInterface<Remedy> {};

TEST_P(ForeignMemory, is_refused_with_the_path_and_the_element_to_put_in_front) {
  const WriterPipeline writer(path_);
  writer.play();
  writer.set_caps(foreign_caps(GetParam().feature));
  gst_app_src_push_buffer(writer.in(), buffer_of(Bytes(64 * 16 * 4)).release());
  const Problem problem = writer.error();
  EXPECT_TRUE(mentions(problem.sentence, path_)) << problem.sentence;
  EXPECT_TRUE(mentions(problem.sentence, GetParam().feature)) << problem.sentence;
  EXPECT_TRUE(mentions(problem.sentence, GetParam().element)) << problem.sentence;
  EXPECT_EQ(problem.domain, GST_STREAM_ERROR);
  EXPECT_EQ(problem.code, GST_STREAM_ERROR_FORMAT);
}
INSTANTIATE_TEST_SUITE_P(Feature, ForeignMemory,
                         ::testing::Values(Remedy{"memory:GLMemory", "gldownload"},
                                           Remedy{"memory:DMABuf", "vapostproc"},
                                           Remedy{"memory:VAMemory", "vapostproc"},
                                           Remedy{"memory:CUDAMemory", "cudadownload"},
                                           Remedy{"memory:D3D11Memory", "d3d11download"},
                                           Remedy{"memory:VulkanImage", "vulkandownload"},
                                           Remedy{"memory:SomethingNew", "downloads"}),
                         [](const auto& parameter) {
                           return std::string(parameter.param.feature).substr(sizeof "memory:" - 1);
                         });

TEST_F(ForeignMemory, that_a_filter_asks_for_is_refused_in_words_as_well) {
  const Pipeline pipeline("appsrc name=in format=time caps=\"" + foreign_caps("memory:GLMemory") +
                          "\" ! video/x-raw(memory:GLMemory) ! mmapsink location=" + path_);
  pipeline.set(GST_STATE_PLAYING);
  gst_app_src_push_buffer(GST_APP_SRC(pipeline.element("in")),
                          buffer_of(Bytes(64 * 16 * 4)).release());
  EXPECT_TRUE(mentions(pipeline.error().sentence, "gldownload"));
}

/// The caps that mmapsink tells an upstream that can produce `possible`.
Caps caps_for_upstream(const std::string& path, const std::string& possible) {
  const Pipeline pipeline("appsrc ! capsfilter name=in ! mmapsink name=out location=" + path);
  g_object_set(pipeline.element("in"), "caps", caps_of(possible).get(), nullptr);
  const Pad pad(gst_element_get_static_pad(pipeline.element("in"), "src"));
  return Caps(gst_pad_peer_query_caps(pad.get(), nullptr));
}
bool has_feature(const GstCaps* caps, const char* feature) {
  return mentions(text_of(caps), feature);
}

TEST_F(ForeignMemory, is_not_offered_to_an_upstream_that_has_system_memory) {
  const Caps both = caps_for_upstream(
      path_, "video/x-raw(memory:VAMemory), format=NV12; video/x-raw, format=NV12");
  EXPECT_FALSE(has_feature(both.get(), "ANY"));
  EXPECT_TRUE(gst_caps_can_intersect(both.get(), caps_of("video/x-raw, format=NV12").get()));
  const Caps plain = caps_for_upstream(path_, "video/x-raw, format=NV12");
  EXPECT_FALSE(has_feature(plain.get(), "ANY"));
}

TEST_F(ForeignMemory,
       is_offered_to_an_upstream_that_has_nothing_else_so_that_it_gets_the_sentence) {
  const Caps offered = caps_for_upstream(path_, "video/x-raw(memory:VAMemory), format=NV12");
  EXPECT_TRUE(gst_caps_can_intersect(offered.get(),
                                     caps_of("video/x-raw(memory:VAMemory), format=NV12").get()))
      << text_of(offered.get());
}

TEST_F(ForeignMemory, of_an_uploader_is_refused_in_words) {
  const Element uploader(gst_element_factory_make("glupload", nullptr));
  if (!uploader) GTEST_SKIP() << "glupload is not installed";
  const Pipeline pipeline(
      "videotestsrc num-buffers=5 ! glupload ! video/x-raw(memory:GLMemory) ! mmapsink location=" +
      path_);
  pipeline.set(GST_STATE_PLAYING);
  const Problem problem = pipeline.error();
  // Where there is no display, glupload itself is the one that fails.
  EXPECT_TRUE(mentions(problem.sentence, "gldownload") || !mentions(problem.sentence, path_))
      << problem.sentence;
}

TEST_F(ForeignMemory, overlays_beside_system_memory_are_none) {
  const std::string caps =
      "video/x-raw(memory:SystemMemory, meta:GstVideoOverlayComposition), format=(string)GRAY8, "
      "width=(int)64, height=(int)16, framerate=(fraction)30/1";
  const WriterPipeline writer(path_);
  writer.play();
  writer.set_caps(caps);
  writer.push(grey_bytes(3));
  writer.wait_for_published(1);
  const ReaderPipeline reader(path_);
  reader.play();
  const Sample sample = reader.pull();
  ASSERT_TRUE(sample);
  EXPECT_TRUE(has_feature(gst_sample_get_caps(sample.get()), "meta:GstVideoOverlayComposition"));
}

}  // namespace
}  // namespace mmapvideo_test
