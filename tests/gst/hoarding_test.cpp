// SPDX-License-Identifier: MIT
// Downstreams that keep frames: they keep what they got, the writer and other readers lose nothing,
// and the file does not grow.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "numbered.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {
namespace {

class Hoarding : public FileTest {
 protected:
  // The head's slot, one to write, and two leases for each of two readers.
  Hoarding() : writer_(path_, "slots=6 keep-file=true") {
    writer_.play();
    writer_.set_caps(kNumberCaps);
  }
  void publish() {
    writer_.push(numbered_bytes(++number_));
    writer_.wait_for_published(number_);
  }
  /// Publishes in step with the hoarder and with a reader that takes every frame and keeps none.
  void publish_to(const ReaderPipeline& hoarder, int count) {
    if (!witness_) {
      witness_ = std::make_unique<ReaderPipeline>(path_, "delivery=every-frame",
                                                  "enable-last-sample=false");
      witness_->play();
    }
    for (int i = 0; i < count; ++i) {
      publish();
      ASSERT_EQ(number_of(witness_->pull()), static_cast<std::int64_t>(number_));
      hoarder.wait_for_delivered(number_);
      if (number_ == 10) remember_size();
    }
  }
  void expect_leases_and_copies(GstElement* source, std::uint64_t leases) {
    EXPECT_EQ(stat(source, "zero-copy"), leases);
    EXPECT_EQ(stat(source, "copied"), number_ - leases);
  }
  /// Numbered from 1 without a gap.
  static void expect_unchanged(const std::vector<Sample>& kept) {
    for (std::size_t i = 0; i < kept.size(); ++i)
      EXPECT_EQ(number_of(kept[i]), static_cast<std::int64_t>(i + 1));
  }
  void expect_nobody_was_harmed() {
    EXPECT_EQ(stat(writer_.sink(), "dropped"), 0u);
    EXPECT_EQ(stat(writer_.sink(), "frames"), number_);
    EXPECT_EQ(witness_ ? stat(witness_->source(), "skipped") : 0u, 0u);
    EXPECT_EQ(static_cast<std::uint64_t>(stat_of(path_).st_size), size_);
    EXPECT_EQ(allocated_bytes(path_), allocated_);
    expect_every_frame_is_its_number(path_);
  }
  void remember_size() {
    size_ = static_cast<std::uint64_t>(stat_of(path_).st_size);
    allocated_ = allocated_bytes(path_);
  }
  std::unique_ptr<ReaderPipeline> hoarder(const std::string& options = "",
                                          const std::string& sink_options = "") {
    auto reader =
        std::make_unique<ReaderPipeline>(path_, "delivery=every-frame " + options, sink_options);
    reader->play();
    return reader;
  }

  WriterPipeline writer_;
  std::unique_ptr<ReaderPipeline> witness_;
  std::uint64_t number_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t allocated_ = 0;
};

// ---- All kinds of hoarders --------------------------------------------------------------------

TEST_F(Hoarding, an_application_that_keeps_every_frame_has_two_leases_and_copies) {
  const auto reader = hoarder();
  std::vector<Sample> kept;
  for (int i = 0; i < 100; ++i) {
    publish_to(*reader, 1);
    kept.push_back(reader->pull());
  }
  EXPECT_TRUE(lies_in(path_, gst_sample_get_buffer(kept[0].get())));
  EXPECT_TRUE(lies_in(path_, gst_sample_get_buffer(kept[1].get())));
  EXPECT_FALSE(lies_in(path_, gst_sample_get_buffer(kept[2].get())));
  expect_leases_and_copies(reader->source(), 2);
  expect_unchanged(kept);
  expect_nobody_was_harmed();
}

TEST_F(Hoarding, an_appsink_that_is_never_pulled_keeps_what_it_got) {
  const auto reader = hoarder();
  publish_to(*reader, 100);
  expect_leases_and_copies(reader->source(), 2);
  expect_nobody_was_harmed();
  for (std::int64_t number = 1; number <= 100; ++number)
    ASSERT_EQ(number_of(reader->pull()), number);
}

TEST_F(Hoarding, a_long_queue_before_a_blocked_sink_keeps_what_it_got) {
  const auto reader = hoarder(
      "! queue name=queue max-size-buffers=200 max-size-bytes=0 max-size-time=0", "max-buffers=1");
  publish_to(*reader, 190);
  expect_leases_and_copies(reader->source(), 2);
  expect_nobody_was_harmed();
  for (std::int64_t number = 1; number <= 190; ++number)
    ASSERT_EQ(number_of(reader->pull()), number);
}

TEST_F(Hoarding, both_branches_of_a_tee_keep_what_they_got) {
  const auto reader =
      hoarder("! tee name=t t. ! queue ! appsink name=second sync=false t. ! queue");
  publish_to(*reader, 60);
  expect_leases_and_copies(reader->source(), 2);
  expect_nobody_was_harmed();
  for (std::int64_t number = 1; number <= 60; ++number) {
    ASSERT_EQ(number_of(reader->pull()), number);
    const Sample second(gst_app_sink_pull_sample(GST_APP_SINK(reader->element("second"))));
    ASSERT_EQ(number_of(second), number);
  }
}

TEST_F(Hoarding, a_sink_that_keeps_its_last_sample_gets_all_frames_in_place) {
  const Pipeline reader("mmapsrc name=in delivery=every-frame location=" + path_ +
                        " ! fakesink name=out sync=false enable-last-sample=true");
  reader.play();
  while (number_ < 60) {
    publish();
    if (number_ == 10) remember_size();
    for (std::int64_t last = 0; last != static_cast<std::int64_t>(number_); g_usleep(100)) {
      GstSample* sample = nullptr;
      g_object_get(reader.element("out"), "last-sample", &sample, nullptr);
      if (sample != nullptr) last = number_of(Sample(sample));
    }
  }
  expect_leases_and_copies(reader.element("in"), 60);
  expect_nobody_was_harmed();
}

TEST_F(Hoarding, each_of_several_hoarders_has_its_leases_where_there_are_slots_enough) {
  const std::string path = path_ + "-deep";
  const WriterPipeline writer(path, "slots=10");
  writer.play();
  writer.set_caps(kNumberCaps);
  std::vector<std::unique_ptr<ReaderPipeline>> readers;
  for (int i = 0; i < 4; ++i) {
    readers.push_back(std::make_unique<ReaderPipeline>(path, "delivery=every-frame"));
    readers.back()->play();
  }
  for (std::uint64_t number = 1; number <= 60; ++number) {
    writer.push(numbered_bytes(number));
    for (const auto& reader : readers) reader->wait_for_delivered(number);
  }
  EXPECT_EQ(stat(writer.sink(), "dropped"), 0u);
  for (const auto& reader : readers) {
    EXPECT_EQ(stat(reader->source(), "zero-copy"), 2u);
    for (std::int64_t number = 1; number <= 60; ++number)
      ASSERT_EQ(number_of(reader->pull()), number);
  }
}

TEST_F(Hoarding, a_frame_that_is_given_back_makes_room_for_the_next_lease) {
  const auto reader = hoarder("", "enable-last-sample=false");
  std::vector<Sample> kept;
  for (int i = 0; i < 2; ++i) {
    publish_to(*reader, 1);
    kept.push_back(reader->pull());
  }
  publish_to(*reader, 1);
  EXPECT_FALSE(lies_in(path_, gst_sample_get_buffer(reader->pull().get())));
  kept.erase(kept.begin());
  publish_to(*reader, 1);
  const Sample leased = reader->pull();
  EXPECT_TRUE(lies_in(path_, gst_sample_get_buffer(leased.get())));
  publish_to(*reader, 30);
  EXPECT_EQ(number_of(kept[0]), 2);
  EXPECT_EQ(number_of(leased), 4);
  EXPECT_EQ(stat(reader->source(), "zero-copy"), 3u);
}

// ---- Kept beyond the end of things ------------------------------------------------------------

TEST_F(Hoarding, leased_frames_outlive_the_element_that_delivered_them) {
  auto reader = hoarder();
  std::vector<Sample> kept;
  for (int i = 0; i < 5; ++i) {
    publish_to(*reader, 1);
    kept.push_back(reader->pull());
  }
  reader->set(GST_STATE_NULL);
  expect_unchanged(kept);
  reader.reset();
  witness_.reset();
  EXPECT_EQ(leases_in(path_), 2u);
  while (number_ < 60) publish();
  expect_unchanged(kept);
  kept.clear();
  EXPECT_EQ(leases_in(path_), 0u);
  while (number_ < 90) publish();
  remember_size();
  expect_nobody_was_harmed();
}

TEST_F(Hoarding, an_element_that_starts_again_has_all_its_leases_beside_the_old_frames) {
  const std::string path = path_ + "-deep";
  const WriterPipeline writer(path, "slots=16");
  writer.play();
  writer.set_caps(kNumberCaps);
  const ReaderPipeline reader(path, "delivery=every-frame", "enable-last-sample=false");
  std::vector<Sample> kept;
  std::uint64_t number = 0;
  for (int session = 1; session <= 3; ++session) {
    writer.push(numbered_bytes(++number));
    writer.wait_for_published(number);
    reader.play();
    kept.push_back(reader.pull());
    for (int i = 0; i < 4; ++i) {
      writer.push(numbered_bytes(++number));
      kept.push_back(reader.pull());
    }
    EXPECT_EQ(stat(reader.source(), "zero-copy"), 2u);
    EXPECT_EQ(stat(reader.source(), "copied"), 3u);
    reader.set(GST_STATE_NULL);
  }
  expect_unchanged(kept);
  EXPECT_EQ(stat(writer.sink(), "dropped"), 0u);
}

TEST_F(Hoarding, a_leased_frame_outlives_a_change_to_larger_frames) {
  const auto reader = hoarder();
  std::vector<Sample> kept;
  for (int i = 0; i < 3; ++i) {
    publish_to(*reader, 1);
    kept.push_back(reader->pull());
  }
  for (const int height : {1024, 64, 4096}) {
    writer_.set_caps(grey_caps(kNumberWidth, height));
    for (int i = 0; i < 30; ++i) {
      writer_.push(numbered_bytes(++number_, static_cast<std::size_t>(kNumberWidth * height)));
      kept.push_back(reader->pull());
      ASSERT_EQ(number_of(witness_->pull()), static_cast<std::int64_t>(number_));
    }
  }
  expect_unchanged(kept);
  EXPECT_EQ(stat(reader->source(), "zero-copy"), 2u);
  EXPECT_EQ(stat(writer_.sink(), "dropped"), 0u);
  EXPECT_EQ(stat(witness_->source(), "skipped"), 0u);
}

TEST_F(Hoarding, a_ring_that_was_replaced_is_given_back_once_its_leases_ended) {
  auto reader = hoarder();
  writer_.set_caps(grey_caps(kNumberWidth, 2048));
  writer_.push(numbered_bytes(1, kNumberWidth * 2048));
  Sample kept = reader->pull();
  reader.reset();
  writer_.set_caps(grey_caps(kNumberWidth, 4096));
  number_ = 1;
  const auto go_round = [&](int frames) {
    for (int i = 0; i < frames; ++i) {
      writer_.push(numbered_bytes(++number_, kNumberWidth * 4096));
      writer_.wait_for_published(number_);
    }
  };
  go_round(30);
  EXPECT_EQ(number_of(kept), 1);
  const std::uint64_t with_lease = allocated_bytes(path_);
  kept.reset();
  go_round(30);
  EXPECT_LE(allocated_bytes(path_) + kNumberWidth * 2048, with_lease);
  EXPECT_EQ(stat(writer_.sink(), "dropped"), 0u);
}

}  // namespace
}  // namespace mmapvideo_test
