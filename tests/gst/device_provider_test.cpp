// SPDX-License-Identifier: MIT
// mmapdeviceprovider: which files are listed, as what, and how the list follows what happens.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "pipeline.hpp"
#include "process.hpp"
#include "support/file_test.hpp"
#include "support/forged_file.hpp"

namespace mmapvideo_test {
namespace {

struct ReleaseDevice {
  void operator()(GstDevice* device) const { gst_object_unref(device); }
  void operator()(GstDeviceProvider* provider) const { gst_object_unref(provider); }
};
using Device = std::unique_ptr<GstDevice, ReleaseDevice>;
using Provider = std::unique_ptr<GstDeviceProvider, ReleaseDevice>;

std::string path_of(GstDevice* device) {
  char* path = nullptr;
  g_object_get(device, "path", &path, nullptr);
  return Text(path).get();
}
std::string caps_text_of(GstDevice* device) {
  return text_of(Caps(gst_device_get_caps(device)).get());
}
std::string name_of(GstDevice* device) { return Text(gst_device_get_display_name(device)).get(); }
Structure properties_of(GstDevice* device) { return Structure(gst_device_get_properties(device)); }

class DeviceProviderTest : public FileTest {
 protected:
  DeviceProviderTest() : provider_(gst_device_provider_factory_get_by_name("mmapdeviceprovider")) {
    watch(dir_.path());
  }
  ~DeviceProviderTest() override {
    if (started_) gst_device_provider_stop(provider_.get());
    while (next_message(0)) continue;
  }

  void watch(const std::string& directories) {
    g_object_set(provider_.get(), "directories", directories.c_str(), nullptr);
  }
  void start() { started_ = gst_device_provider_start(provider_.get()); }

  std::vector<Device> devices() {
    std::vector<Device> found;
    GList* list = gst_device_provider_get_devices(provider_.get());
    for (GList* item = list; item != nullptr; item = item->next)
      found.emplace_back(GST_DEVICE(item->data));
    g_list_free(list);
    return found;
  }
  std::vector<std::string> paths() {
    std::vector<std::string> found;
    for (const Device& device : devices()) found.push_back(path_of(device.get()));
    return found;
  }

  /// Passes over other messages; without a limit.
  Device wait_for(GstMessageType type) {
    for (;;) {
      const Message message = next_message(GST_CLOCK_TIME_NONE);
      if (GST_MESSAGE_TYPE(message.get()) != type) continue;
      GstDevice* device = nullptr;
      if (type == GST_MESSAGE_DEVICE_ADDED)
        gst_message_parse_device_added(message.get(), &device);
      else if (type == GST_MESSAGE_DEVICE_REMOVED)
        gst_message_parse_device_removed(message.get(), &device);
      else
        gst_message_parse_device_changed(message.get(), &device, nullptr);
      return Device(device);
    }
  }
  Message next_message(GstClockTime limit) {
    GstBus* bus = gst_device_provider_get_bus(provider_.get());
    GstMessage* message = gst_bus_timed_pop(bus, limit);
    gst_object_unref(bus);
    return Message(message);
  }

  const Provider provider_;
  bool started_ = false;
};

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
  ASSERT_EQ(::mkdir((dir_ / "cameras").c_str(), 0700), 0);
  const WriterPipeline writer(dir_ / "cameras/left");
  begin(writer);
  const Device added = wait_for(GST_MESSAGE_DEVICE_ADDED);
  EXPECT_EQ(name_of(added.get()), "cameras/left");
  ASSERT_EQ(::rename((dir_ / "cameras").c_str(), (dir_ / "moved").c_str()), 0);
  EXPECT_EQ(path_of(wait_for(GST_MESSAGE_DEVICE_REMOVED).get()), dir_ / "cameras/left");
  while (paths() != std::vector{dir_ / "moved/left"}) g_usleep(1000);
}

TEST_F(DeviceProviderTest, directory_that_is_not_there_yet_is_followed_when_it_comes) {
  watch(dir_ / "later" + G_SEARCHPATH_SEPARATOR_S + (dir_ / "never/"));
  start();
  EXPECT_TRUE(devices().empty());
  ASSERT_EQ(::mkdir((dir_ / "later").c_str(), 0700), 0);
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

/// A valid file with a live writer, whose newest frame has these caps.
std::unique_ptr<ForgedFile> forged(const std::string& path, const std::string& caps) {
  auto file = std::make_unique<ForgedFile>(path);
  file->begin_session(7);
  file->publish(grey_info(kFrameBytes, caps), caps);
  return file;
}

TEST_F(DeviceProviderTest, hostile_files_neither_show_nor_hide_others) {
  const std::string caps =
      "video/x-raw, format=(string)GRAY8, width=(int)64, height=(int)64, "
      "framerate=(fraction)30/1";
  std::vector<std::unique_ptr<ForgedFile>> files;
  int count = 0;
  const std::string odd_caps[] = {
      "video/x-raw, width=[ 5, 1 ]",
      "video/x-raw, width={ {{{ 1",
      "\xff\xfe",
      "audio/x-raw",
      "a\nb",
      "",
      "video/x-raw(memory:DMABuf), format=(string)GRAY8, width=(int)64, height=(int)64",
      "video/x-raw, format=(string)GRAY8, width=(int)-1, height=(int)0, framerate=1/0"};
  for (const std::string& text : odd_caps)
    files.push_back(forged(dir_ / "odd" + std::to_string(count++), text));
  files.push_back(forged(dir_ / "cut", caps));
  ASSERT_EQ(::truncate((dir_ / "cut").c_str(), 4096), 0);
  files.push_back(forged(dir_ / "not \xff UTF-8", caps));
  files.push_back(forged(dir_ / "\x1b[2Jname", caps));
  ASSERT_EQ(::mkfifo((dir_ / "fifo").c_str(), 0600), 0);
  ASSERT_EQ(::symlink("loop", (dir_ / "loop").c_str()), 0);
  ASSERT_EQ(::symlink("/", (dir_ / "root").c_str()), 0);
  write_bytes(dir_ / "foreign", std::string(100'000, 'x'));
  write_bytes(dir_ / "empty", "");
  write_bytes(dir_ / "begun", "mmap");
  for (const bool following : {false, true}) {
    if (following) start();
    const auto found = devices();
    for (const Device& device : found)
      EXPECT_EQ(name_of(device.get()), "?[2Jname") << caps_text_of(device.get());
    EXPECT_EQ(found.size(), 1u);
  }
}

TEST_F(DeviceProviderTest, file_that_is_cut_while_it_is_listed_disappears) {
  start();
  const auto file = forged(path_,
                           "video/x-raw, format=(string)GRAY8, width=(int)64, "
                           "height=(int)64, framerate=(fraction)30/1");
  wait_for(GST_MESSAGE_DEVICE_ADDED);
  ASSERT_EQ(::truncate(path_.c_str(), 100), 0);
  EXPECT_EQ(path_of(wait_for(GST_MESSAGE_DEVICE_REMOVED).get()), path_);
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
