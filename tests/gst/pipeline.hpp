// SPDX-License-Identifier: MIT
// GStreamer in a shape that suits tests: owners, a pipeline with a bus one can wait on, a writer
// that is fed buffer by buffer, and a reader that is emptied sample by sample. All waits are
// endless: the watchdog of the test ends them.
#pragma once

#include <gst/app/app.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace mmapvideo_test {

struct Release {
  void operator()(GstBuffer* buffer) const { gst_buffer_unref(buffer); }
  /// Buffers that are still out keep the pool alive.
  void operator()(GstBufferPool* pool) const {
    gst_buffer_pool_set_active(pool, FALSE);
    gst_object_unref(pool);
  }
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
  void operator()(GstElement* element) const { gst_object_unref(element); }
  void operator()(GstMessage* message) const { gst_message_unref(message); }
  void operator()(GstPad* pad) const { gst_object_unref(pad); }
  void operator()(GstQuery* query) const { gst_query_unref(query); }
  void operator()(GstSample* sample) const { gst_sample_unref(sample); }
  void operator()(GstStructure* structure) const { gst_structure_free(structure); }
  void operator()(GError* error) const { g_error_free(error); }
  void operator()(char* text) const { g_free(text); }
};
using Buffer = std::unique_ptr<GstBuffer, Release>;
using BufferPool = std::unique_ptr<GstBufferPool, Release>;
using Caps = std::unique_ptr<GstCaps, Release>;
using Element = std::unique_ptr<GstElement, Release>;
using Message = std::unique_ptr<GstMessage, Release>;
using Pad = std::unique_ptr<GstPad, Release>;
using Query = std::unique_ptr<GstQuery, Release>;
using Sample = std::unique_ptr<GstSample, Release>;
using Structure = std::unique_ptr<GstStructure, Release>;
using Text = std::unique_ptr<char, Release>;
using Bytes = std::vector<std::uint8_t>;

inline Caps caps_of(const std::string& text) {
  Caps caps(gst_caps_from_string(text.c_str()));
  if (!caps) throw std::runtime_error("no caps: " + text);
  return caps;
}
inline std::string text_of(const GstCaps* caps) { return Text(gst_caps_to_string(caps)).get(); }

inline GstVideoInfo info_of(const GstCaps* caps) {
  GstVideoInfo info;
  if (!gst_video_info_from_caps(&info, caps)) throw std::runtime_error("not video caps");
  return info;
}

inline Bytes bytes_of(GstBuffer* buffer) {
  Bytes bytes(gst_buffer_get_size(buffer));
  gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
  return bytes;
}
inline Buffer buffer_of(const Bytes& bytes) {
  Buffer buffer(gst_buffer_new_allocate(nullptr, bytes.size(), nullptr));
  gst_buffer_fill(buffer.get(), 0, bytes.data(), bytes.size());
  return buffer;
}

/// Bytes without a pattern that a misplaced copy could reproduce by accident.
inline Bytes noise(std::size_t count, std::uint32_t seed = 1) {
  Bytes bytes(count);
  std::uint32_t state = seed * 2654435761u + 1;
  for (std::uint8_t& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return bytes;
}

// ---- Messages ---------------------------------------------------------------------------------

/// An error or warning message, taken apart.
struct Problem {
  std::string sentence;
  std::string debug;
  GQuark domain = 0;
  int code = -1;
};

inline Problem problem_in(GstMessage* message) {
  GError* error = nullptr;
  char* debug = nullptr;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING)
    gst_message_parse_warning(message, &error, &debug);
  else
    gst_message_parse_error(message, &error, &debug);
  const std::unique_ptr<GError, Release> owned(error);
  const Text owned_debug(debug);
  return {error->message, debug != nullptr ? debug : "", error->domain, error->code};
}

inline std::uint64_t number_in(const GstStructure* structure, const char* field) {
  guint64 wide = 0;
  guint narrow = 0;
  gboolean truth = FALSE;
  if (gst_structure_get_uint64(structure, field, &wide)) return wide;
  if (gst_structure_get_uint(structure, field, &narrow)) return narrow;
  if (gst_structure_get_boolean(structure, field, &truth)) return truth != 0;
  ADD_FAILURE() << gst_structure_get_name(structure) << " has no number " << field;
  return 0;
}

inline Structure stats_of(GstElement* element) {
  GstStructure* stats = nullptr;
  g_object_get(element, "stats", &stats, nullptr);
  return Structure(stats);
}
inline std::uint64_t stat(GstElement* element, const char* field) {
  return number_in(stats_of(element).get(), field);
}
/// mmapsink counts how a frame went, and its metas, once it is out; a reader may be faster.
inline void expect_stat(GstElement* element, const char* field, std::uint64_t value) {
  while (stat(element, field) < value) g_usleep(1000);
  EXPECT_EQ(stat(element, field), value) << field;
}
/// By mmapsrc. A frame counts when it is taken, and then by the way it went.
inline std::uint64_t delivered_by(GstElement* source) {
  return stat(source, "copied") + stat(source, "zero-copy");
}

// ---- Pipelines --------------------------------------------------------------------------------

/// From a description; NULL when destroyed.
class Pipeline {
 public:
  explicit Pipeline(const std::string& description) {
    GError* error = nullptr;
    pipeline_.reset(gst_parse_launch(description.c_str(), &error));
    if (error != nullptr) throw std::runtime_error(error->message);
    if (!GST_IS_PIPELINE(pipeline_.get())) throw std::runtime_error("one element only");
  }
  ~Pipeline() {
    if (pipeline_) set(GST_STATE_NULL);
  }
  Pipeline(Pipeline&&) = default;

  GstElement* get() const { return pipeline_.get(); }
  /// The pipeline keeps it alive.
  GstElement* element(const char* name) const {
    const Element found(gst_bin_get_by_name(GST_BIN(get()), name));
    if (!found) throw std::runtime_error(std::string("no element ") + name);
    return found.get();
  }
  GstStateChangeReturn set(GstState state) const { return gst_element_set_state(get(), state); }
  void play() const {
    if (set(GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
      throw std::runtime_error("cannot play: " + error().sentence);
  }
  /// Waits until an asynchronous state change is over.
  GstStateChangeReturn settle() const {
    return gst_element_get_state(get(), nullptr, nullptr, GST_CLOCK_TIME_NONE);
  }

  Message wait(int types, GstClockTime limit = GST_CLOCK_TIME_NONE) const {
    return Message(
        gst_bus_timed_pop_filtered(bus_of(get()), limit, static_cast<GstMessageType>(types)));
  }
  /// The next error; EOS in its place fails the test.
  Problem error() const {
    const Message message = wait(GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
    if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR) return problem_in(message.get());
    ADD_FAILURE() << "EOS instead of an error";
    return {};
  }
  /// Waits for EOS; an error in its place fails the test.
  void expect_eos() const {
    const Message message = wait(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR)
      ADD_FAILURE() << problem_in(message.get()).sentence;
  }
  /// Waits for an element message of this name, passing over others.
  Structure event(const std::string& name) const {
    for (;;) {
      const Message message = wait(GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);
      if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR)
        throw std::runtime_error(problem_in(message.get()).sentence);
      const GstStructure* structure = gst_message_get_structure(message.get());
      if (gst_structure_has_name(structure, name.c_str()))
        return Structure(gst_structure_copy(structure));
    }
  }
  /// Names of all element messages that are on the bus now, or come within `limit`.
  std::vector<std::string> events(GstClockTime limit = 0) const {
    std::vector<std::string> names;
    while (const Message message = wait(GST_MESSAGE_ELEMENT, limit))
      names.push_back(gst_structure_get_name(gst_message_get_structure(message.get())));
    return names;
  }

 private:
  static GstBus* bus_of(GstElement* element) {
    GstBus* bus = gst_element_get_bus(element);
    gst_object_unref(bus);  // the pipeline keeps it
    return bus;
  }
  Element pipeline_;
};

// ---- The two ends -----------------------------------------------------------------------------

/// appsrc ! mmapsink, publishing at once what it is given.
class WriterPipeline : public Pipeline {
 public:
  explicit WriterPipeline(const std::string& path, const std::string& options = "")
      : Pipeline("appsrc name=in format=time ! mmapsink name=out sync=false location=" + path +
                 " " + options) {}

  GstAppSrc* in() const { return GST_APP_SRC(element("in")); }
  GstElement* sink() const { return element("out"); }
  void set_caps(const GstCaps* caps) const { gst_app_src_set_caps(in(), caps); }
  void set_caps(const std::string& text) const { set_caps(caps_of(text).get()); }
  void push(Buffer buffer) const {
    if (gst_app_src_push_buffer(in(), buffer.release()) != GST_FLOW_OK)
      throw std::runtime_error("appsrc does not take a buffer");
  }
  void push(Bytes bytes, GstClockTime pts = 0) const {
    Buffer buffer = buffer_of(bytes);
    GST_BUFFER_PTS(buffer.get()) = pts;
    push(std::move(buffer));
  }
  void end() const { gst_app_src_end_of_stream(in()); }
  std::uint64_t published() const { return stat(sink(), "frames"); }
  /// Waits until that many frames were published in this session.
  void wait_for_published(std::uint64_t count) const {
    while (published() < count) g_usleep(1000);
  }
};

/// Answers allocation queries as an element that understands GstVideoMeta.
inline void accept_video_meta(GstElement* sink) {
  const Pad pad(gst_element_get_static_pad(sink, "sink"));
  const auto answer = [](GstPad*, GstPadProbeInfo* info, gpointer) {
    GstQuery* query = GST_PAD_PROBE_INFO_QUERY(info);
    if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION) return GST_PAD_PROBE_OK;
    gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
    return GST_PAD_PROBE_HANDLED;
  };
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, answer, nullptr, nullptr);
}

/// mmapsrc ! appsink. Takes every sample in order.
class ReaderPipeline : public Pipeline {
 public:
  explicit ReaderPipeline(const std::string& path, const std::string& options = "",
                          const std::string& sink_options = "")
      : Pipeline("mmapsrc name=in location=" + path + " " + options +
                 " ! appsink name=out sync=false " + sink_options) {}

  GstElement* source() const { return element("in"); }
  GstAppSink* out() const { return GST_APP_SINK(element("out")); }
  /// Returns when mmapsrc has found no file: of the writer that comes next it misses nothing.
  void play_before_writer() const {
    g_object_set(source(), "timeout", gint64{20 * GST_MSECOND}, nullptr);
    play();
    event("mmap-timeout");
  }
  /// Nothing: EOS, or the pipeline is being stopped.
  Sample pull() const { return Sample(gst_app_sink_pull_sample(out())); }
  /// Waits until mmapsrc has delivered that many frames, whether or not they were pulled.
  void wait_for_delivered(std::uint64_t count) const {
    while (delivered_by(source()) < count) g_usleep(1000);
  }
  Sample try_pull(GstClockTime limit) const {
    return Sample(gst_app_sink_try_pull_sample(out(), limit));
  }
};

inline Bytes bytes_of(const Sample& sample) {
  return bytes_of(gst_sample_get_buffer(sample.get()));
}

inline bool has_flag(GstBuffer* buffer, guint flag) { return GST_BUFFER_FLAG_IS_SET(buffer, flag); }
inline bool is_discont(const Sample& sample) {
  return has_flag(gst_sample_get_buffer(sample.get()), GST_BUFFER_FLAG_DISCONT);
}

// ---- Small grey frames that carry a number ----------------------------------------------------

inline std::string grey_caps(int width = 64, int height = 16) {
  return "video/x-raw, format=(string)GRAY8, width=(int)" + std::to_string(width) +
         ", height=(int)" + std::to_string(height) + ", framerate=(fraction)30/1";
}
inline Bytes grey_bytes(std::uint8_t value, int width = 64, int height = 16) {
  return Bytes(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), value);
}
/// The value, if all bytes are it; -1 otherwise.
inline int value_of(const Bytes& bytes) {
  for (std::uint8_t byte : bytes)
    if (byte != bytes.front()) return -1;
  return bytes.empty() ? -1 : bytes.front();
}
inline int value_of(const Sample& sample) { return sample ? value_of(bytes_of(sample)) : -2; }

inline bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace mmapvideo_test
