// SPDX-License-Identifier: MIT
// Both elements through many states, restarts and frames: the program that valgrind watches.
#include <gst/gst.h>

#include <cstdlib>
#include <string>

namespace {

GstElement* make(const std::string& description) {
  GstElement* pipeline = gst_parse_launch(description.c_str(), nullptr);
  if (pipeline == nullptr) std::exit(2);
  return pipeline;
}

void release(GstElement* pipeline) {
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

/// Up and down, without waiting: any state may be left before it is reached.
void climb(GstElement* pipeline) {
  for (GstState state : {GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PAUSED,
                         GST_STATE_READY, GST_STATE_NULL})
    gst_element_set_state(pipeline, state);
}

void ask_for_stats(GstElement* pipeline, const char* name) {
  GstElement* element = gst_bin_get_by_name(GST_BIN(pipeline), name);
  GstStructure* stats = nullptr;
  g_object_get(element, "stats", &stats, nullptr);
  gst_structure_free(stats);
  gst_object_unref(element);
}

/// Until EOS or an error.
bool run(GstElement* pipeline) {
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus, GST_CLOCK_TIME_NONE, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  const bool eos = GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
  gst_message_unref(message);
  gst_object_unref(bus);
  return eos;
}

std::string writing(const std::string& path, int width) {
  return "videotestsrc num-buffers=5 ! video/x-raw,format=I420,height=48,width=" +
         std::to_string(width) + " ! mmapsink name=out sync=false keep-file=true location=" + path;
}
std::string reading(const std::string& path) {
  return "mmapsrc name=in location=" + path + " ! fakesink sync=false";
}

/// Frames, a larger ring, EOS, a late reader.
bool stream(const std::string& path) {
  bool fine = true;
  for (int width : {64, 640, 48}) {
    GstElement* writer = make(writing(path, width));
    GstElement* reader = make(reading(path));
    fine = run(writer) && run(reader) && fine;
    ask_for_stats(writer, "out");
    ask_for_stats(reader, "in");
    release(reader);
    release(writer);
  }
  return fine;
}

/// A path that cannot work ends in an error.
bool fail(const std::string& directory) {
  GstElement* writer = make(writing(directory, 64));
  GstElement* reader = make(reading(directory));
  const bool failed = !run(writer) && !run(reader);
  release(reader);
  release(writer);
  return failed;
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc != 2) return 2;
  const std::string directory = argv[1];
  const std::string path = directory + "/camera";
  for (int round = 0; round < 5; ++round) {
    GstElement* writer = make(writing(path, 64));
    GstElement* reader = make(reading(path));
    climb(reader);
    climb(writer);
    gst_element_set_state(writer, GST_STATE_PLAYING);
    climb(reader);
    release(reader);
    release(writer);
  }
  const bool fine = stream(path) && fail(directory);
  gst_deinit();
  return fine ? 0 : 1;
}
