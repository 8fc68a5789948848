// SPDX-License-Identifier: MIT
// The reading half of gst/demo, and an example of an application around mmapsrc: may show what
// arrives in a window, keeps the last picture as a PNG, prints what mmapsrc measured.

#include <gst/gst.h>
#include <gst/video/video.h>

#ifdef G_OS_UNIX
#include <glib-unix.h>
#endif

#include <cstdio>
#include <memory>
#include <string>

namespace {

struct Unref {
  void operator()(void* object) const { gst_object_unref(object); }
};
struct Free {
  void operator()(GError* error) const { g_clear_error(&error); }
  void operator()(GMainLoop* loop) const { g_main_loop_unref(loop); }
  void operator()(GOptionContext* context) const { g_option_context_free(context); }
  void operator()(GstSample* sample) const { gst_sample_unref(sample); }
  void operator()(GstStructure* structure) const { gst_structure_free(structure); }
  void operator()(gchar* text) const { g_free(text); }
};
using Element = std::unique_ptr<GstElement, Unref>;
using Error = std::unique_ptr<GError, Free>;
using Loop = std::unique_ptr<GMainLoop, Free>;
using Options = std::unique_ptr<GOptionContext, Free>;
using Sample = std::unique_ptr<GstSample, Free>;
using Structure = std::unique_ptr<GstStructure, Free>;
using Text = std::unique_ptr<gchar, Free>;

constexpr guint poll_ms = 50;
constexpr gint64 first_frame_timeout_us = gint64{10} * G_USEC_PER_SEC;

struct Settings {
  std::string location;
  std::string picture;
  double seconds = 5;
  bool window = false;
};

/// One run: until the time is over, the stream ends, or no frame comes.
struct Run {
  Settings settings;
  Element pipeline;
  Element source;
  Element last;  // the sink that keeps the last picture
  Loop loop;
  gint64 start_us = 0;
  gint64 first_frame_us = 0;  // 0: none yet
  gint64 end_us = 0;
  bool failed = false;
};

Structure stats_of(const Run& run) {
  GstStructure* stats = nullptr;
  g_object_get(run.source.get(), "stats", &stats, nullptr);
  return Structure(stats);
}

guint64 number_in(const Structure& stats, const char* field) {
  guint64 value = 0;
  if (stats) gst_structure_get_uint64(stats.get(), field, &value);
  return value;
}

void finish(Run& run) {
  run.end_us = g_get_monotonic_time();
  g_main_loop_quit(run.loop.get());
}

void fail(Run& run, const char* sentence) {
  std::fprintf(stderr, "%s\n", sentence);
  run.failed = true;
  finish(run);
}

/// The time runs from the first frame, so that a slow camera does not shorten the demo.
gboolean on_tick(gpointer data) {
  Run& run = *static_cast<Run*>(data);
  const gint64 now_us = g_get_monotonic_time();
  if (run.first_frame_us == 0) {
    if (number_in(stats_of(run), "frames") > 0)
      run.first_frame_us = now_us;
    else if (now_us - run.start_us > first_frame_timeout_us)
      fail(run, "No frame arrived.");
  } else if (now_us - run.first_frame_us >= static_cast<gint64>(run.settings.seconds * 1e6)) {
    finish(run);
  }
  return G_SOURCE_CONTINUE;
}

gboolean on_signal(gpointer data) {
  finish(*static_cast<Run*>(data));
  return G_SOURCE_CONTINUE;
}

/// A user who closes the window wants to stop; video sinks report that as an error.
bool window_was_closed(const Run& run, GstMessage* message, const GError& error) {
  return run.settings.window && GST_MESSAGE_SRC(message) != GST_OBJECT(run.source.get()) &&
         g_error_matches(&error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND);
}

void on_error(Run& run, GstMessage* message) {
  GError* raw_error = nullptr;
  gchar* raw_detail = nullptr;
  gst_message_parse_error(message, &raw_error, &raw_detail);
  const Error error(raw_error);
  const Text detail(raw_detail);
  if (window_was_closed(run, message, *error)) return finish(run);
  if (detail) std::fprintf(stderr, "%s\n", detail.get());
  fail(run, error->message);
}

gboolean on_message(GstBus*, GstMessage* message, gpointer data) {
  Run& run = *static_cast<Run*>(data);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
    on_error(run, message);
  else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS)
    finish(run);
  return G_SOURCE_CONTINUE;
}

/// Each branch has a queue that lets go of old frames, so that none can hold up mmapsrc.
const char* description(bool window) {
  if (!window) return "mmapsrc name=src ! fakesink name=last sync=false";
  return "mmapsrc name=src ! tee name=all "
         "all. ! queue leaky=downstream max-size-buffers=2 ! videoconvert ! autovideosink "
         "all. ! queue leaky=downstream max-size-buffers=2 ! fakesink name=last sync=false";
}

bool build(Run& run) {
  GError* raw_error = nullptr;
  run.pipeline.reset(gst_parse_launch(description(run.settings.window), &raw_error));
  const Error error(raw_error);
  if (error || !run.pipeline) {
    std::fprintf(stderr, "%s\n", error ? error->message : "The pipeline could not be built.");
    return false;
  }
  run.source.reset(gst_bin_get_by_name(GST_BIN(run.pipeline.get()), "src"));
  run.last.reset(gst_bin_get_by_name(GST_BIN(run.pipeline.get()), "last"));
  g_object_set(run.source.get(), "location", run.settings.location.c_str(), nullptr);
  return true;
}

#ifdef G_OS_UNIX
void watch_signals(Run& run) {
  g_unix_signal_add(SIGINT, on_signal, &run);
  g_unix_signal_add(SIGTERM, on_signal, &run);
}
#else
void watch_signals(Run&) {}
#endif

void play(Run& run) {
  run.loop.reset(g_main_loop_new(nullptr, FALSE));
  const std::unique_ptr<GstBus, Unref> bus(gst_element_get_bus(run.pipeline.get()));
  gst_bus_add_watch(bus.get(), on_message, &run);
  g_timeout_add(poll_ms, on_tick, &run);
  watch_signals(run);
  run.start_us = g_get_monotonic_time();
  gst_element_set_state(run.pipeline.get(), GST_STATE_PLAYING);  // a failure is also on the bus
  g_main_loop_run(run.loop.get());
  gst_bus_remove_watch(bus.get());
}

Sample last_sample(const Run& run) {
  GstSample* sample = nullptr;
  g_object_get(run.last.get(), "last-sample", &sample, nullptr);
  return Sample(sample);
}

void print_format(const Sample& sample) {
  GstVideoInfo info;
  GstCaps* caps = sample ? gst_sample_get_caps(sample.get()) : nullptr;
  if (!caps || !gst_video_info_from_caps(&info, caps)) return;
  std::printf("format   %dx%d %s", GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info),
              GST_VIDEO_INFO_NAME(&info));
  if (GST_VIDEO_INFO_FPS_N(&info) > 0)
    std::printf(", %.4g frames per second",
                static_cast<double>(GST_VIDEO_INFO_FPS_N(&info)) / GST_VIDEO_INFO_FPS_D(&info));
  std::printf("\n");
}

void print_stats(const Run& run) {
  const gint64 start_us = run.first_frame_us != 0 ? run.first_frame_us : run.start_us;
  const Structure stats = stats_of(run);
  const auto us = [&](const char* field) {
    return static_cast<double>(number_in(stats, field)) / 1000.0;
  };
  std::printf("frames   %" G_GUINT64_FORMAT " in %.1f s, %" G_GUINT64_FORMAT " skipped\n",
              number_in(stats, "frames"), static_cast<double>(run.end_us - start_us) / 1e6,
              number_in(stats, "skipped"));
  std::printf(
      "latency  p50 %.0f us, p90 %.0f us, p99 %.0f us, max %.0f us"
      " (from publishing to delivery)\n",
      us("p50-latency-ns"), us("p90-latency-ns"), us("p99-latency-ns"), us("max-latency-ns"));
}

bool write_png(const Sample& sample, const std::string& path) {
  GstCaps* png = gst_caps_new_empty_simple("image/png");
  GError* raw_error = nullptr;
  const Sample encoded(gst_video_convert_sample(sample.get(), png, 5 * GST_SECOND, &raw_error));
  gst_caps_unref(png);
  Error error(raw_error);
  if (!encoded) {
    std::fprintf(stderr, "%s\n", error ? error->message : "The picture could not be encoded.");
    return false;
  }
  GstMapInfo bytes;
  if (!gst_buffer_map(gst_sample_get_buffer(encoded.get()), &bytes, GST_MAP_READ)) return false;
  const bool written = g_file_set_contents(path.c_str(), reinterpret_cast<const gchar*>(bytes.data),
                                           static_cast<gssize>(bytes.size), &raw_error);
  gst_buffer_unmap(gst_sample_get_buffer(encoded.get()), &bytes);
  if (!written) {
    error.reset(raw_error);
    std::fprintf(stderr, "%s\n", error->message);
  }
  return written;
}

/// Everything that can still be asked of a pipeline before it is shut down.
bool report(const Run& run) {
  const Sample sample = last_sample(run);
  if (number_in(stats_of(run), "frames") == 0 || !sample) {
    std::fprintf(stderr, "No frame arrived.\n");
    return false;
  }
  print_format(sample);
  print_stats(run);
  return run.settings.picture.empty() || write_png(sample, run.settings.picture);
}

/// Exits on --help; false and a message on bad usage.
bool parse(int argc, char** argv, Settings& settings) {
  gchar* location = nullptr;
  gchar* picture = nullptr;
  gboolean window = FALSE;
  const GOptionEntry entries[] = {
      {"location", 'l', 0, G_OPTION_ARG_FILENAME, &location, "The mapped file", "FILE"},
      {"seconds", 's', 0, G_OPTION_ARG_DOUBLE, &settings.seconds, "How long, from the first frame",
       "N"},
      {"picture", 'p', 0, G_OPTION_ARG_FILENAME, &picture, "Keep the last frame as a PNG", "FILE"},
      {"window", 'w', 0, G_OPTION_ARG_NONE, &window, "Show the frames in a window", nullptr},
      {nullptr, 0, 0, G_OPTION_ARG_NONE, nullptr, nullptr, nullptr}};
  const Options options(g_option_context_new("- read video with mmapsrc and measure"));
  g_option_context_add_main_entries(options.get(), entries, nullptr);
  g_option_context_add_group(options.get(), gst_init_get_option_group());
  GError* raw_error = nullptr;
  g_option_context_parse(options.get(), &argc, &argv, &raw_error);
  const Error error(raw_error);
  const Text owned_location(location);
  const Text owned_picture(picture);
  if (error || !location) {
    std::fprintf(stderr, "%s\n", error ? error->message : "--location is missing.");
    return false;
  }
  settings.location = location;
  settings.picture = picture ? picture : "";
  settings.window = window != FALSE;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Run run;
  if (!parse(argc, argv, run.settings)) return 2;
  if (!build(run)) return 1;
  play(run);
  const bool ok = !run.failed && report(run);
  gst_element_set_state(run.pipeline.get(), GST_STATE_NULL);
  return ok ? 0 : 1;
}
