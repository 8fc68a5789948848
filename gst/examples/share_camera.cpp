// SPDX-License-Identifier: MIT
// Shares a camera from within an application: share-camera FILE
//
// Takes the first camera there is, and a test picture where there is none. Ends cleanly on Ctrl-C,
// so that readers see an end; they go on by themselves when it is started again.
//
// c++ share_camera.cpp $(pkg-config --cflags --libs gstreamer-1.0)
#include <glib-unix.h>
#include <gst/gst.h>

#include <cstdio>
#include <memory>

namespace {

struct Unref {
  void operator()(void* object) const { gst_object_unref(object); }
};
using Element = std::unique_ptr<GstElement, Unref>;

/// The first camera, ready to be put into a pipeline.
GstElement* make_camera() {
  GstDeviceMonitor* monitor = gst_device_monitor_new();
  GstCaps* raw = gst_caps_new_empty_simple("video/x-raw");
  gst_device_monitor_add_filter(monitor, "Video/Source", raw);
  gst_caps_unref(raw);
  GstElement* camera = nullptr;
  GList* devices = gst_device_monitor_get_devices(monitor);
  for (GList* item = devices; item != nullptr && camera == nullptr; item = item->next) {
    auto* device = GST_DEVICE(item->data);
    GstStructure* properties = gst_device_get_properties(device);
    const bool is_shared =  // by another process like this one
        properties != nullptr &&
        g_strcmp0(gst_structure_get_string(properties, "device.api"), "mmap") == 0;
    g_clear_pointer(&properties, gst_structure_free);
    if (!is_shared) camera = gst_device_create_element(device, "camera");
  }
  g_list_free_full(devices, gst_object_unref);
  gst_object_unref(monitor);
  return camera;
}

GstElement* make_source() {
  if (GstElement* camera = make_camera()) return camera;
  std::puts("There is no camera: a test picture takes its place.");
  GstElement* source = gst_element_factory_make("videotestsrc", "camera");
  if (source != nullptr) g_object_set(source, "is-live", TRUE, nullptr);
  return source;
}

/// Camera, conversion where the camera needs one, and the file. NULL: an element is not installed.
Element make_pipeline(const char* location) {
  GstElement* source = make_source();
  GstElement* convert = gst_element_factory_make("videoconvert", nullptr);
  GstElement* sink = gst_element_factory_make("mmapsink", "sink");
  if (source == nullptr || convert == nullptr || sink == nullptr) {
    std::fputs("An element is missing: is GST_PLUGIN_PATH set?\n", stderr);
    return nullptr;
  }
  g_object_set(sink, "location", location, nullptr);
  Element pipeline(gst_pipeline_new(nullptr));
  gst_bin_add_many(GST_BIN(pipeline.get()), source, convert, sink, nullptr);
  if (!gst_element_link_many(source, convert, sink, nullptr)) return nullptr;
  return pipeline;
}

struct Run {
  GMainLoop* loop;
  GstElement* pipeline;
  bool failed = false;
};

void tell_readers(const GstStructure* event) {
  guint readers = 0;
  if (gst_structure_get_uint(event, "readers", &readers))
    std::printf("%s: %u now\n", gst_structure_get_name(event), readers);
}

gboolean on_message(GstBus*, GstMessage* message, gpointer data) {
  auto* run = static_cast<Run*>(data);
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR: {
      GError* error = nullptr;
      gst_message_parse_error(message, &error, nullptr);
      std::fprintf(stderr, "%s\n", error->message);
      g_error_free(error);
      run->failed = true;
      g_main_loop_quit(run->loop);
      break;
    }
    case GST_MESSAGE_EOS:
      g_main_loop_quit(run->loop);
      break;
    case GST_MESSAGE_ELEMENT:
      tell_readers(gst_message_get_structure(message));
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

gboolean on_interrupt(gpointer data) {
  gst_element_send_event(static_cast<Run*>(data)->pipeline, gst_event_new_eos());
  return G_SOURCE_CONTINUE;
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line at once, also into a pipe
  if (argc != 2) {
    std::fputs("Usage: share-camera FILE\n", stderr);
    return 2;
  }
  const Element pipeline = make_pipeline(argv[1]);
  if (!pipeline) return 1;
  Run run{g_main_loop_new(nullptr, FALSE), pipeline.get()};
  GstBus* bus = gst_element_get_bus(pipeline.get());
  gst_bus_add_watch(bus, on_message, &run);
  g_unix_signal_add(SIGINT, on_interrupt, &run);
  g_unix_signal_add(SIGTERM, on_interrupt, &run);

  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  g_main_loop_run(run.loop);
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);

  gst_bus_remove_watch(bus);
  gst_object_unref(bus);
  g_main_loop_unref(run.loop);
  return run.failed ? 1 : 0;
}
