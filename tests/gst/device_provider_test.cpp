// SPDX-License-Identifier: MIT
// mmapdeviceprovider: which files are listed, as what, and how the list follows what happens.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "devices.hpp"
#include "process.hpp"

namespace mmapvideo_test {
namespace {

void publish(const WriterPipeline& writer, std::uint8_t value) {
  const std::uint64_t before = writer.published();
  writer.push(grey_bytes(value));
  writer.wait_for_published(before + 1);
}
void begin(const WriterPipeline& writer) {
  writer.play();
  writer.set_caps(grey_caps());
  publish(writer, 1);
}

TEST_F(DeviceProviderTest, live_file_is_a_video_source_with_caps_path_rate_readers_and_writer) {
  const WriterPipeline writer(path_);
  begin(writer);
  const ReaderPipeline reader(path_);
  reader.play();
  reader.pull();
  const auto found = devices();
  ASSERT_EQ(found.size(), 1u);
  GstDevice* device = found[0].get();
  EXPECT_TRUE(gst_device_has_classes(device, "Video/Source"));
  EXPECT_EQ(name_of(device), "camera");
  EXPECT_TRUE(gst_caps_is_equal(
      Caps(gst_device_get_caps(device)).get(),
      Caps(gst_pad_get_current_caps(Pad(gst_element_get_static_pad(reader.source(), "src")).get()))
          .get()));
  const Structure properties = properties_of(device);
  EXPECT_STREQ(gst_structure_get_string(properties.get(), "device.api"), "mmap");
  EXPECT_EQ(gst_structure_get_string(properties.get(), "device.path"), path_);
  EXPECT_EQ(number_in(properties.get(), "mmap.readers"), 1u);
  EXPECT_EQ(number_in(properties.get(), "mmap.writer-process-id"),
            static_cast<std::uint64_t>(::getpid()));
  gint numerator = 0, denominator = 0;
  EXPECT_TRUE(
      gst_structure_get_fraction(properties.get(), "mmap.framerate", &numerator, &denominator));
  EXPECT_EQ(numerator, 30);
}

TEST_F(DeviceProviderTest, device_makes_a_source_that_reads_its_file) {
  const WriterPipeline writer(path_);
  begin(writer);
  const auto found = devices();
  ASSERT_EQ(found.size(), 1u);
  GstElement* source = gst_device_create_element(found[0].get(), "camera");
  ASSERT_NE(source, nullptr);
  const Pipeline pipeline("fakesink name=unused appsink name=out sync=false");
  gst_bin_remove(GST_BIN(pipeline.get()), pipeline.element("unused"));
  ASSERT_TRUE(gst_bin_add(GST_BIN(pipeline.get()), source));
  ASSERT_TRUE(gst_element_link(source, pipeline.element("out")));
  pipeline.play();
  const Sample sample(gst_app_sink_pull_sample(GST_APP_SINK(pipeline.element("out"))));
  EXPECT_EQ(value_of(sample), 1);
}

TEST_F(DeviceProviderTest, device_points_another_source_at_its_file_and_nothing_else) {
  const WriterPipeline writer(path_);
  begin(writer);
  const auto found = devices();
  ASSERT_EQ(found.size(), 1u);
  const Element source(
      GST_ELEMENT(gst_object_ref_sink(gst_element_factory_make("mmapsrc", nullptr))));
  EXPECT_TRUE(gst_device_reconfigure_element(found[0].get(), source.get()));
  char* location = nullptr;
  g_object_get(source.get(), "location", &location, nullptr);
  EXPECT_EQ(Text(location).get(), path_);
  const Element other(
      GST_ELEMENT(gst_object_ref_sink(gst_element_factory_make("fakesrc", nullptr))));
  EXPECT_FALSE(gst_device_reconfigure_element(found[0].get(), other.get()));
}

TEST_F(DeviceProviderTest, file_is_listed_with_its_first_frame_and_until_its_writer_ends) {
  start();
  EXPECT_TRUE(devices().empty());
  {
    const WriterPipeline writer(path_);
    writer.play();
    writer.set_caps(grey_caps());
    g_usleep(50'000);
    EXPECT_TRUE(devices().empty()) << "there is nothing to show yet";
    publish(writer, 1);
    EXPECT_EQ(path_of(wait_for(GST_MESSAGE_DEVICE_ADDED).get()), path_);
    EXPECT_EQ(paths(), std::vector{path_});
  }
  EXPECT_EQ(path_of(wait_for(GST_MESSAGE_DEVICE_REMOVED).get()), path_);
  EXPECT_TRUE(devices().empty());
}

TEST_F(DeviceProviderTest, file_of_a_killed_writer_disappears_and_comes_back_with_the_next_one) {
  start();
  Process writer({"numbers", path_, "0", "1", "1000"});
  wait_for(GST_MESSAGE_DEVICE_ADDED);
  writer.kill_and_reap();
  EXPECT_EQ(path_of(wait_for(GST_MESSAGE_DEVICE_REMOVED).get()), path_);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0) << "a killed writer leaves its file";
  Process next({"numbers", path_, "0", "1", "1000"});
  EXPECT_EQ(path_of(wait_for(GST_MESSAGE_DEVICE_ADDED).get()), path_);
}

TEST_F(DeviceProviderTest, kept_file_disappears_when_its_writer_ends) {
  start();
  const WriterPipeline writer(path_, "keep-file=true");
  begin(writer);
  wait_for(GST_MESSAGE_DEVICE_ADDED);
  writer.set(GST_STATE_NULL);
  EXPECT_EQ(path_of(wait_for(GST_MESSAGE_DEVICE_REMOVED).get()), path_);
}

TEST_F(DeviceProviderTest, new_caps_and_new_readers_change_the_device) {
  start();
  const WriterPipeline writer(path_);
  begin(writer);
  wait_for(GST_MESSAGE_DEVICE_ADDED);
  writer.set_caps(grey_caps(32, 8));
  writer.push(grey_bytes(2, 32, 8));
  Device changed = wait_for(GST_MESSAGE_DEVICE_CHANGED);
  while (!mentions(caps_text_of(changed.get()), "width=(int)32"))
    changed = wait_for(GST_MESSAGE_DEVICE_CHANGED);
  const ReaderPipeline reader(path_);
  reader.play();
  while (number_in(properties_of(changed.get()).get(), "mmap.readers") != 1)
    changed = wait_for(GST_MESSAGE_DEVICE_CHANGED);
  EXPECT_EQ(devices().size(), 1u);
}

TEST_F(DeviceProviderTest, directories_in_the_directory_are_followed_wherever_they_come_from) {
  start();
  std::filesystem::create_directory(dir_ / "cameras");
  const WriterPipeline writer(dir_ / "cameras/left");
  begin(writer);
  const Device added = wait_for(GST_MESSAGE_DEVICE_ADDED);
  EXPECT_EQ(name_of(added.get()), "cameras/left");
  std::filesystem::rename(dir_ / "cameras", dir_ / "moved");
  EXPECT_EQ(path_of(wait_for(GST_MESSAGE_DEVICE_REMOVED).get()), dir_ / "cameras/left");
  while (paths() != std::vector{dir_ / "moved/left"}) g_usleep(1000);
}

TEST_F(DeviceProviderTest, directory_that_is_not_there_yet_is_followed_when_it_comes) {
  watch(dir_ / "later" + G_SEARCHPATH_SEPARATOR_S + (dir_ / "never/"));
  start();
  EXPECT_TRUE(devices().empty());
  std::filesystem::create_directory(dir_ / "later");
  const WriterPipeline writer(dir_ / "later/camera");
  begin(writer);
  EXPECT_EQ(path_of(wait_for(GST_MESSAGE_DEVICE_ADDED).get()), dir_ / "later/camera");
}

TEST_F(DeviceProviderTest, provider_can_be_stopped_and_started_again_at_any_time) {
  const WriterPipeline writer(path_);
  begin(writer);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(gst_device_provider_start(provider_.get()));
    EXPECT_EQ(paths(), std::vector{path_});
    gst_device_provider_stop(provider_.get());
  }
}

TEST_F(DeviceProviderTest, who_looks_is_no_reader) {
  start();
  const WriterPipeline writer(path_);
  begin(writer);
  wait_for(GST_MESSAGE_DEVICE_ADDED);
  devices();
  EXPECT_EQ(stat(writer.sink(), "readers"), 0u);
}

TEST_F(DeviceProviderTest, device_monitor_follows_as_well) {
  GstDeviceMonitor* monitor = gst_device_monitor_new();
  gst_device_monitor_add_filter(monitor, "Video/Source", caps_of("video/x-raw").get());
  ASSERT_TRUE(gst_device_monitor_start(monitor));
  const WriterPipeline writer(path_);
  begin(writer);
  GstBus* bus = gst_device_monitor_get_bus(monitor);
  std::string added;
  while (added != path_) {
    const Message message(
        gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_DEVICE_ADDED));
    GstDevice* device = nullptr;
    gst_message_parse_device_added(message.get(), &device);
    const Device owned(device);
    if (g_strcmp0(G_OBJECT_TYPE_NAME(device), "GstMmapDevice") == 0) added = path_of(device);
  }
  gst_object_unref(bus);
  gst_device_monitor_stop(monitor);
  gst_object_unref(monitor);
}

}  // namespace
}  // namespace mmapvideo_test
