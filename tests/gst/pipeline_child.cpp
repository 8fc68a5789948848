// SPDX-License-Identifier: MIT
// The other process of a test: runs one pipeline, says on its standard output what happens, one
// line for each event. May be killed at any time.
//
//   run DESCRIPTION            until EOS: "playing", then "eos" or "error SENTENCE"
//   frames DESCRIPTION         the same, and before it "frame ..." for each sample of the appsink
//                              "out"; at last "stats ..." of the mmapsrc "in", if there is one
//   keep DESCRIPTION           as frames, and keeps every sample; before the stats "kept COUNT
//                              CHANGED", where CHANGED counts samples that are not what they were
//   numbers PATH COUNT FIRST PERIOD_US [PROPERTIES]
//                              publishes COUNT frames (0: without end) whose every word is their
//                              number, FIRST and up: "published N" after each
//   event ELEMENT PATH STATE EVENT
//                              sends an event to an element in a state: "survived"
#include <gst/app/app.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr int frame_width = 512;
constexpr int frame_height = 32;

/// Whole lines at once: a reader of the pipe never sees half of one.
void say(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

GstElement* make_pipeline(const std::string& description) {
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(description.c_str(), &error);
  if (error == nullptr) return pipeline;
  say(std::string("error ") + error->message);
  std::exit(2);
}

/// Says how the pipeline ended. The exit status.
int tell_end(GstMessage* message) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
    say("eos");
    return 0;
  }
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  say(std::string("error ") + error->message);
  return 1;
}

/// What messages about skipped frames add up to.
guint64 told_skipped = 0;

void note_event(GstMessage* message) {
  guint64 count = 0;
  const GstStructure* event = gst_message_get_structure(message);
  if (gst_structure_has_name(event, "mmap-frames-skipped") &&
      gst_structure_get_uint64(event, "count", &count))
    told_skipped += count;
}

int wait_for_end(GstElement* pipeline) {
  GstBus* bus = gst_element_get_bus(pipeline);
  constexpr auto types =
      static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT);
  int status = -1;
  while (status < 0) {
    GstMessage* message = gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, types);
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT)
      note_event(message);
    else
      status = tell_end(message);
    gst_message_unref(message);
  }
  gst_object_unref(bus);
  return status;
}

void start(GstElement* pipeline) {
  if (gst_element_set_state(pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE)
    say("playing");
}

int stop(GstElement* pipeline, int status) {
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
  return status;
}

int run(const std::string& description) {
  GstElement* pipeline = make_pipeline(description);
  start(pipeline);
  return stop(pipeline, wait_for_end(pipeline));
}

// ---- frames -----------------------------------------------------------------------------------

bool all_words_alike(const guint8* data, gsize size) {
  return size < 16 || std::memcmp(data, data + 8, (size & ~gsize{7}) - 8) == 0;
}

/// "frame FIRST-WORD WHOLE DISCONT CHECKSUM"
std::string describe(GstBuffer* buffer) {
  GstMapInfo map;
  gst_buffer_map(buffer, &map, GST_MAP_READ);
  std::uint64_t word = 0;
  std::memcpy(&word, map.data, std::min<gsize>(sizeof word, map.size));
  gchar* checksum = g_compute_checksum_for_data(G_CHECKSUM_MD5, map.data, map.size);
  const std::string line =
      "frame " + std::to_string(word) + " " + std::to_string(all_words_alike(map.data, map.size)) +
      " " + std::to_string(GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT) != 0) + " " +
      checksum;
  g_free(checksum);
  gst_buffer_unmap(buffer, &map);
  return line;
}

/// "stats FRAMES SKIPPED REATTACHED TOLD", where TOLD sums up the messages about skipped frames.
void tell_stats(GstElement* pipeline) {
  GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline), "in");
  if (source == nullptr) return;
  GstStructure* stats = nullptr;
  g_object_get(source, "stats", &stats, nullptr);
  std::string line = "stats";
  for (const char* field : {"frames", "skipped", "reattached"}) {
    guint64 value = 0;
    gst_structure_get_uint64(stats, field, &value);
    line += " " + std::to_string(value);
  }
  say(line + " " + std::to_string(told_skipped));
  gst_structure_free(stats);
  gst_object_unref(source);
}

/// Samples, and what was said of each.
using Kept = std::vector<std::pair<GstSample*, std::string>>;

void tell_kept(const Kept& kept) {
  int changed = 0;
  for (const auto& [sample, line] : kept) {
    if (describe(gst_sample_get_buffer(sample)) != line) ++changed;
    gst_sample_unref(sample);
  }
  say("kept " + std::to_string(kept.size()) + " " + std::to_string(changed));
}

int frames(const std::string& description, bool keep) {
  GstElement* pipeline = make_pipeline(description);
  GstElement* out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  start(pipeline);
  Kept kept;
  while (GstSample* sample = gst_app_sink_pull_sample(GST_APP_SINK(out))) {
    const std::string line = describe(gst_sample_get_buffer(sample));
    say(line);
    if (keep)
      kept.emplace_back(sample, line);
    else
      gst_sample_unref(sample);
  }
  gst_object_unref(out);
  const int status = wait_for_end(pipeline);
  if (keep) tell_kept(kept);
  tell_stats(pipeline);
  return stop(pipeline, status);
}

// ---- numbers ----------------------------------------------------------------------------------

GstBuffer* numbered_frame(std::uint64_t number) {
  const std::vector<std::uint64_t> words(frame_width * frame_height / sizeof number, number);
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, frame_width * frame_height, nullptr);
  gst_buffer_fill(buffer, 0, words.data(), words.size() * sizeof number);
  GST_BUFFER_PTS(buffer) = number * GST_MSECOND;
  GST_BUFFER_OFFSET(buffer) = number;
  return buffer;
}

std::uint64_t published_by(GstElement* sink) {
  GstStructure* stats = nullptr;
  g_object_get(sink, "stats", &stats, nullptr);
  guint64 count = 0;
  gst_structure_get_uint64(stats, "frames", &count);
  gst_structure_free(stats);
  return count;
}

int numbers(const std::string& path, std::uint64_t count, std::uint64_t first,
            std::uint64_t period_us, const std::string& properties) {
  GstElement* pipeline = make_pipeline(
      "appsrc name=in format=time block=true max-buffers=4 caps=video/x-raw,format=GRAY8,width=" +
      std::to_string(frame_width) + ",height=" + std::to_string(frame_height) +
      ",framerate=1000/1 ! mmapsink name=out sync=false location=" + path + " " + properties);
  GstElement* in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
  GstElement* out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  start(pipeline);
  for (std::uint64_t i = 0; count == 0 || i < count; ++i) {
    if (gst_app_src_push_buffer(GST_APP_SRC(in), numbered_frame(first + i)) != GST_FLOW_OK) break;
    if (period_us == 0) continue;
    // In step: what was said to be published is in the file.
    while (published_by(out) <= i) g_usleep(100);
    say("published " + std::to_string(first + i));
    g_usleep(period_us);
  }
  gst_app_src_end_of_stream(GST_APP_SRC(in));
  const int status = wait_for_end(pipeline);
  gst_object_unref(in);
  gst_object_unref(out);
  return stop(pipeline, status);
}

// ---- event ------------------------------------------------------------------------------------

GstEvent* event_named(const std::string& name) {
  if (name == "flush-start") return gst_event_new_flush_start();
  if (name == "flush-stop") return gst_event_new_flush_stop(TRUE);
  if (name == "eos") return gst_event_new_eos();
  return gst_event_new_seek(1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0,
                            GST_SEEK_TYPE_NONE, -1);
}

int event(const char* element_name, const char* path, int state, const char* event_name) {
  GstElement* element = gst_element_factory_make(element_name, nullptr);
  g_object_set(element, "location", path, nullptr);
  gst_element_set_state(element, static_cast<GstState>(state));
  gst_element_send_event(element, event_named(event_name));
  gst_element_set_state(element, GST_STATE_NULL);
  gst_object_unref(element);
  say("survived");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 2 && words[0] == "run") return run(words[1]);
  if (words.size() == 2 && words[0] == "frames") return frames(words[1], false);
  if (words.size() == 2 && words[0] == "keep") return frames(words[1], true);
  if (words.size() == 5 && words[0] == "event")
    return event(argv[2], argv[3], std::stoi(words[3]), argv[5]);
  if (words.size() == 5 || words.size() == 6)
    return numbers(words[1], std::stoull(words[2]), std::stoull(words[3]), std::stoull(words[4]),
                   words.size() == 6 ? words[5] : "");
  return 2;
}
