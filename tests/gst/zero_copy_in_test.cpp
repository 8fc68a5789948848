// SPDX-License-Identifier: MIT
// Elements that fill mmapsink's buffers: nothing is copied, and what arrives is bit for bit what
// the same elements give an appsink.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "pictures.hpp"
#include "support/file_test.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {
namespace {

/// Of a description, the first element that is not installed, or nothing.
std::string missing_in(const std::string& description) {
  std::istringstream words(description);
  bool begins = true;
  for (std::string word; words >> word;) {
    if (begins && word.find('/') == std::string::npos && word.find('=') == std::string::npos) {
      GstElementFactory* factory = gst_element_factory_find(word.c_str());
      if (factory == nullptr) return word;
      gst_object_unref(factory);
    }
    begins = word == "!";
  }
  return "";
}

struct Sent {
  std::uint64_t published, zero_copy, copied, dropped;
};

class ZeroCopyIn : public FileTest {
 protected:
  /// Runs `upstream ! mmapsink` to its end. A reader that was there before takes what it gets.
  Sent send(const std::string& upstream, const std::string& options) {
    const ReaderPipeline reader(path_, "delivery=every-frame");
    accept_video_meta(reader.element("out"));
    reader.play_before_writer();
    const Pipeline writer(upstream + " ! mmapsink name=sink sync=false location=" + path_ + " " +
                          options);
    GstElement* const sink = writer.element("sink");
    writer.play();
    writer.expect_eos();
    const Sent sent = {stat(sink, "frames"), stat(sink, "zero-copy"), stat(sink, "copied"),
                       stat(sink, "dropped")};
    while (const Sample sample = reader.pull()) arrived_.push_back(checksum_of(picture_of(sample)));
    reader.expect_eos();
    skipped_ = stat(reader.source(), "skipped");
    return sent;
  }
  /// All of it without a copy, and each picture right.
  void expect_zero_copy(const std::string& upstream) {
    const std::string missing = missing_in(upstream);
    if (!missing.empty()) GTEST_SKIP() << missing << " is not installed";
    const std::vector<std::string> expected = pictures_from(upstream);
    ASSERT_FALSE(expected.empty());
    // So many slots that the reader never loses one.
    const Sent sent = send(upstream, "slots=" + std::to_string(expected.size() + 30));
    EXPECT_EQ(sent.published, expected.size());
    EXPECT_EQ(sent.zero_copy, expected.size());
    EXPECT_EQ(sent.copied, 0u);
    EXPECT_EQ(sent.dropped, 0u);
    EXPECT_EQ(skipped_, 0u);
    EXPECT_TRUE(arrived_ == expected) << arrived_.size() << " of " << expected.size();
  }
  /// What arrived is the expected in order, but for what is counted as skipped.
  void expect_subsequence(const std::vector<std::string>& expected) {
    std::size_t at = 0;
    for (const std::string& picture : arrived_) {
      while (at < expected.size() && expected[at] != picture) ++at;
      ASSERT_LT(at, expected.size()) << "a picture that was never sent, or not in this order";
      ++at;
    }
    EXPECT_EQ(arrived_.size() + skipped_, expected.size());
  }

  std::vector<std::string> arrived_;
  std::uint64_t skipped_ = 0;
};

const std::string kSource =
    "videotestsrc num-buffers=60 ! video/x-raw,format=I420,width=322,height=242,framerate=25/1";
// For encoders: with whole blocks, since some read beyond the picture otherwise.
const std::string kWholeBlocks =
    "videotestsrc num-buffers=60 ! video/x-raw,format=I420,width=320,height=240,framerate=25/1";

// ---- Elements ---------------------------------------------------------------------------------

TEST_F(ZeroCopyIn, videotestsrc_writes_into_the_file) { expect_zero_copy(kSource); }
TEST_F(ZeroCopyIn, videoconvert_writes_into_the_file) {
  expect_zero_copy(kSource + " ! videoconvert ! video/x-raw,format=BGRx");
}
TEST_F(ZeroCopyIn, videoscale_writes_into_the_file) {
  expect_zero_copy(kSource + " ! videoscale ! video/x-raw,width=641,height=359");
}
TEST_F(ZeroCopyIn, jpegdec_writes_into_the_file) {
  expect_zero_copy(kWholeBlocks + " ! jpegenc ! jpegdec");
}
TEST_F(ZeroCopyIn, vp8dec_writes_into_the_file) {
  // Of a fixed speed: otherwise the encoder chooses one by the time it took, and pictures differ.
  expect_zero_copy(kWholeBlocks + " ! vp8enc threads=1 deadline=1 cpu-used=-4 ! vp8dec");
}
TEST_F(ZeroCopyIn, theoradec_writes_into_the_file) {
  expect_zero_copy(kWholeBlocks + " ! theoraenc ! theoradec");
}
TEST_F(ZeroCopyIn, openh264dec_writes_into_the_file) {
  expect_zero_copy(kWholeBlocks + " ! openh264enc ! h264parse ! openh264dec");
}
TEST_F(ZeroCopyIn, elements_that_hand_on_what_they_get_do_no_harm) {
  expect_zero_copy(kSource + " ! identity ! capsfilter ! queue max-size-buffers=3");
}

// ---- Elements that keep buffers ---------------------------------------------------------------

TEST_F(ZeroCopyIn, an_element_that_draws_into_what_it_hands_on_sends_the_right_pictures) {
  const std::string upstream = kSource + " ! videobalance brightness=0.2 ! gamma gamma=1.5";
  if (!missing_in(upstream).empty()) GTEST_SKIP() << missing_in(upstream) << " is not installed";
  const std::vector<std::string> expected = pictures_from(upstream);
  const Sent sent = send(upstream, "slots=90");
  EXPECT_EQ(sent.published, expected.size());
  EXPECT_EQ(sent.zero_copy + sent.copied, expected.size());
  EXPECT_TRUE(arrived_ == expected);
}

TEST_F(ZeroCopyIn, buffers_that_are_repeated_are_published_each_time) {
  const std::string upstream =
      "videotestsrc num-buffers=20 ! video/x-raw,format=I420,width=64,height=48,framerate=10/1 ! "
      "videorate ! video/x-raw,framerate=30/1";
  const std::vector<std::string> expected = pictures_from(upstream);
  ASSERT_GT(expected.size(), 50u);
  const Sent sent = send(upstream, "slots=120");
  EXPECT_EQ(sent.published, expected.size());
  EXPECT_EQ(sent.zero_copy + sent.copied, expected.size());
  EXPECT_TRUE(arrived_ == expected);
}

TEST_F(ZeroCopyIn, a_long_queue_before_mmapsink_loses_nothing) {
  const std::string frames =
      "videotestsrc pattern=ball num-buffers=300 ! "
      "video/x-raw,format=GRAY8,width=64,height=64,framerate=100/1";
  const std::string queue =
      " ! queue max-size-buffers=200 max-size-bytes=0 max-size-time=0 ! identity sleep-time=1000";
  const std::vector<std::string> expected = pictures_from(frames);
  ASSERT_EQ(expected.size(), 300u);
  const Sent sent = send(frames + queue, "slots=8");
  EXPECT_EQ(sent.published, 300u);
  EXPECT_EQ(sent.dropped, 0u);
  EXPECT_EQ(sent.zero_copy + sent.copied, 300u);
  EXPECT_GT(sent.zero_copy, 0u);
  EXPECT_GT(sent.copied, 0u) << "200 buffers are more than there are slots";
  expect_subsequence(expected);
}

TEST_F(ZeroCopyIn, a_long_queue_before_a_deep_ring_needs_no_copies) {
  const std::string upstream =
      "videotestsrc pattern=ball num-buffers=300 ! "
      "video/x-raw,format=GRAY8,width=64,height=64,framerate=100/1 ! queue max-size-buffers=200 "
      "max-size-bytes=0 max-size-time=0 ! identity sleep-time=500";
  expect_zero_copy(upstream);
}

// ---- A recording ------------------------------------------------------------------------------

TEST_F(ZeroCopyIn, a_decoded_recording_is_hardly_ever_copied_and_arrives_bit_for_bit) {
  const char* footage = std::getenv("MMAPVIDEO_FOOTAGE");
  if (footage == nullptr || !exists(footage))
    GTEST_SKIP() << "MMAPVIDEO_FOOTAGE names no recording; tests/run provides one";
  const std::string upstream = "filesrc location=\"" + std::string(footage) + "\" ! decodebin";
  const std::vector<std::string> expected = pictures_from(upstream);
  ASSERT_GE(expected.size(), 100u);
  const Sent sent = send(upstream + " ! identity sleep-time=1000", "");
  EXPECT_EQ(sent.published, expected.size());
  EXPECT_EQ(sent.zero_copy + sent.copied, expected.size());
  EXPECT_EQ(sent.dropped, 0u);
  EXPECT_GT(sent.zero_copy * 10, sent.published * 9) << "more than nine in ten";
  expect_subsequence(expected);
}

}  // namespace
}  // namespace mmapvideo_test
