// SPDX-License-Identifier: MIT
// mmapdeviceprovider and what it lists, and the fixture of its tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "pipeline.hpp"
#include "support/file_test.hpp"

namespace mmapvideo_test {

struct ReleaseDevice {
  void operator()(GstDevice* device) const { gst_object_unref(device); }
  void operator()(GstDeviceProvider* provider) const { gst_object_unref(provider); }
};
using Device = std::unique_ptr<GstDevice, ReleaseDevice>;
using Provider = std::unique_ptr<GstDeviceProvider, ReleaseDevice>;

inline std::string path_of(GstDevice* device) {
  char* path = nullptr;
  g_object_get(device, "path", &path, nullptr);
  return Text(path).get();
}
inline std::string caps_text_of(GstDevice* device) {
  return text_of(Caps(gst_device_get_caps(device)).get());
}
inline std::string name_of(GstDevice* device) {
  return Text(gst_device_get_display_name(device)).get();
}
inline Structure properties_of(GstDevice* device) {
  return Structure(gst_device_get_properties(device));
}

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

}  // namespace mmapvideo_test
