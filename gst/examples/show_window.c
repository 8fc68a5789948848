/* SPDX-License-Identifier: MIT */
/* Shows what another process publishes, in a window: show-window [FILE]

   Without FILE it takes the first one that is live, and waits for one if there is none. No toolkit:
   GStreamer chooses a window for X11, Wayland or whatever there is. The window closes when the
   writer ends; closing it, or Ctrl-C, ends the program, which then tells what mmapsrc measured.

   cc show_window.c $(pkg-config --cflags --libs gstreamer-1.0) */
#include <glib-unix.h>
#include <gst/gst.h>
#include <stdio.h>

typedef struct {
  GMainLoop* loop;
  GstElement* pipeline;
  int status;
} Run;

/* One that mmapdeviceprovider found; others are cameras. */
static GstElement* make_element_of(GstDevice* device) {
  GstStructure* properties = gst_device_get_properties(device);
  GstElement* source = NULL;
  if (properties != NULL &&
      g_strcmp0(gst_structure_get_string(properties, "device.api"), "mmap") == 0) {
    printf("Showing %s\n", gst_structure_get_string(properties, "device.path"));
    fflush(stdout);
    source = gst_device_create_element(device, "source");
  }
  if (properties != NULL) gst_structure_free(properties);
  return source;
}

/* Those that are there come as messages, too, as the monitor starts. */
static GstElement* wait_for_source(void) {
  GstDeviceMonitor* monitor = gst_device_monitor_new();
  GstBus* bus = gst_device_monitor_get_bus(monitor);
  gst_device_monitor_add_filter(monitor, "Video/Source", NULL);
  GstElement* source = NULL;
  if (gst_device_monitor_start(monitor)) {
    GList* devices = gst_device_monitor_get_devices(monitor);
    for (GList* item = devices; item != NULL && source == NULL; item = item->next)
      source = make_element_of(GST_DEVICE(item->data));
    g_list_free_full(devices, gst_object_unref);
    while (source == NULL) {
      GstDevice* device = NULL;
      GstMessage* message =
          gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_DEVICE_ADDED);
      gst_message_parse_device_added(message, &device);
      source = make_element_of(device);
      gst_object_unref(device);
      gst_message_unref(message);
    }
    gst_device_monitor_stop(monitor);
  }
  gst_object_unref(bus);
  gst_object_unref(monitor);
  return source;
}

static GstElement* make_source(const char* location) {
  if (location == NULL) return wait_for_source();
  GstElement* source = gst_element_factory_make("mmapsrc", "source");
  if (source != NULL) g_object_set(source, "location", location, NULL);
  return source;
}

static GstElement* make_pipeline(const char* location) {
  GstElement* source = make_source(location);
  GstElement* convert = gst_element_factory_make("videoconvert", NULL);
  GstElement* window = gst_element_factory_make("autovideosink", NULL);
  if (source == NULL || convert == NULL || window == NULL) return NULL;
  g_object_set(window, "sync", FALSE, NULL); /* each frame as soon as it is there */
  GstElement* pipeline = gst_pipeline_new(NULL);
  gst_bin_add_many(GST_BIN(pipeline), source, convert, window, NULL);
  return gst_element_link_many(source, convert, window, NULL) ? pipeline : NULL;
}

static gboolean on_message(GstBus* bus, GstMessage* message, gpointer data) {
  Run* run = data;
  (void)bus;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError* error = NULL;
    gst_message_parse_error(message, &error, NULL);
    fprintf(stderr, "%s\n", error->message); /* also when the user closed the window */
    g_error_free(error);
    run->status = 1;
  }
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR ||
      GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS)
    g_main_loop_quit(run->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean on_interrupt(gpointer data) {
  g_main_loop_quit(((Run*)data)->loop);
  return G_SOURCE_CONTINUE;
}

static void tell_statistics(GstElement* pipeline) {
  GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline), "source");
  GstStructure* stats = NULL;
  guint64 frames = 0, skipped = 0, latency_ns = 0;
  g_object_get(source, "stats", &stats, NULL);
  gst_object_unref(source);
  gst_structure_get_uint64(stats, "frames", &frames);
  gst_structure_get_uint64(stats, "skipped", &skipped);
  gst_structure_get_uint64(stats, "p50-latency-ns", &latency_ns);
  printf("%" G_GUINT64_FORMAT " frames, %" G_GUINT64_FORMAT
         " skipped, half of them within %.3f ms\n",
         frames, skipped, (double)latency_ns / 1e6);
  gst_structure_free(stats);
}

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc > 2) {
    fprintf(stderr, "Usage: show-window [FILE]\n");
    return 2;
  }
  Run run = {g_main_loop_new(NULL, FALSE), make_pipeline(argc == 2 ? argv[1] : NULL), 0};
  if (run.pipeline == NULL) {
    fprintf(stderr, "An element is missing: is GST_PLUGIN_PATH set?\n");
    return 1;
  }
  GstBus* bus = gst_element_get_bus(run.pipeline);
  gst_bus_add_watch(bus, on_message, &run);
  g_unix_signal_add(SIGINT, on_interrupt, &run);

  gst_element_set_state(run.pipeline, GST_STATE_PLAYING);
  g_main_loop_run(run.loop);
  tell_statistics(run.pipeline);
  gst_element_set_state(run.pipeline, GST_STATE_NULL);

  gst_bus_remove_watch(bus);
  gst_object_unref(bus);
  gst_object_unref(run.pipeline);
  g_main_loop_unref(run.loop);
  return run.status;
}
