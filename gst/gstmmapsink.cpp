// SPDX-License-Identifier: MIT
/**
 * SECTION:element-mmapsink
 * @title: mmapsink
 * @see_also: mmapsrc
 *
 * mmapsink publishes raw video frames, with their caps, times and flags, into one memory-mapped
 * file. Any number of mmapsrc elements, in this or other processes, read them from there; they may
 * start before or after it, come and go, and never hold it up, unless #GstMmapSink:delivery says
 * so.
 *
 * With delivery=every-frame readers that ask for every frame get every frame: mmapsink waits for
 * them, at most #GstMmapSink:wait-timeout for a frame. Readers that are slower are passed over,
 * with a warning on the bus, and find a gap. With delivery=acknowledged it waits after each frame
 * until they have finished it.
 *
 * Element messages on the bus, each with the fields `location` and `readers`:
 * `mmap-reader-attached`, `mmap-reader-detached` (looked for twice a second while frames come),
 * `mmap-waiting-for-readers`.
 *
 * A file that a former writer left, cleanly or by a crash, is taken over in place, and readers that
 * are still attached go on with the first new frame. A second writer for the same file is refused.
 *
 * Metas of a buffer go with it into the file: crops, regions of interest with their parameters,
 * timecodes, captions, reference timestamps, active format descriptions and bars, overlay
 * compositions, custom metas; with GStreamer 1.24 and newer everything that it can serialise. Metas
 * that belong to memory or pool stay behind; what cannot be written is left out and counted as
 * `metas-dropped` in #GstMmapSink:stats. Tags and custom downstream events, sticky or not, go with
 * the next frame (those of tags and sticky events that are short with all later ones as well, for
 * readers that come late); a request for a key frame stays in its pipeline.
 *
 * Only video in system memory can be shared. Video in the memory of a graphics card is refused with
 * the name of the element to put in front.
 *
 * Upstream that is live (a camera) is never delayed; other upstream (a file) is paced by the clock,
 * unless #GstBaseSink:sync is switched off.
 *
 * ## Examples
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! mmapsink location=/dev/shm/cam0
 * ]|
 * Shares a test picture. With `v4l2src ! videoconvert` in place of `videotestsrc is-live=true` it
 * is a camera.
 * |[
 * gst-launch-1.0 mmapsrc location=/dev/shm/cam0 ! videoconvert ! autovideosink
 * ]|
 * Shows it, in another process. Start as many of these as you like.
 *
 * Since: 0.1
 */
#include "gstmmapsink.hpp"

#include <atomic>
#include <memory>

#include "clock_map.hpp"
#include "foreign_memory.hpp"
#include "pipeline_clock.hpp"
#include "post_error.hpp"
#include "publisher.hpp"
#include "reader_watch.hpp"
#include "sink_properties.hpp"
#include "slot_pool.hpp"
#include "uri.hpp"
#include "video_format.hpp"

GST_DEBUG_CATEGORY(gst_mmap_sink_debug);
#define GST_CAT_DEFAULT gst_mmap_sink_debug

namespace {

using gstmmap::Publisher;

/// Video of other memory is taken in only to be refused in words: a link that fails says nothing.
GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(GSTMMAP_CAPS "; video/x-raw(ANY)"));

/// What lives behind the element.
struct SinkState {
  // Guarded by the object lock.
  gstmmap::SinkSettings settings;
  // There from PAUSED on. The streaming thread, which runs in these states only, uses it without a
  // lock; others copy the pointer under the object lock.
  std::shared_ptr<Publisher> publisher;
  // The streaming thread's.
  gstmmap::PipelineClockSampler clock;
  std::optional<gstmmap::ReaderWatch> readers;
  guint readers_to_wait_for = 0;  // 0: no longer
  std::atomic<bool> upstream_live{false};
};

}  // namespace

struct _GstMmapSink {
  GstVideoSink parent;
  SinkState* state;
};

#define gst_mmap_sink_parent_class parent_class
G_DEFINE_TYPE_WITH_CODE(GstMmapSink, gst_mmap_sink, GST_TYPE_VIDEO_SINK,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_URI_HANDLER,
                                              gstmmap::init_uri_handler<GST_URI_SINK>))
GST_ELEMENT_REGISTER_DEFINE(mmapsink, "mmapsink", GST_RANK_NONE, GST_TYPE_MMAP_SINK)

namespace {

// ---- Life cycle -------------------------------------------------------------------------------

/// What works but costs something, said once a session.
void warn_about_place(GstMmapSink* sink, const Publisher& publisher, const char* location) {
  const mmapvideo_writer_stats figures = publisher.stats().writer;
  if (figures.in_memory == 0)
    GST_ELEMENT_WARNING(sink, RESOURCE, SETTINGS,
                        ("\"%s\" is not on a memory file system such as /dev/shm; writing to disk "
                         "may delay frames.",
                         location),
                        ("statfs"));
  if (figures.locked == 0)
    GST_ELEMENT_WARNING(sink, RESOURCE, SETTINGS,
                        ("The file system of \"%s\" has no locks; nothing keeps a second writer "
                         "away from the file.",
                         location),
                        ("F_OFD_SETLK"));
}

bool open_file(GstMmapSink* sink) {
  GST_OBJECT_LOCK(sink);
  const gstmmap::SinkSettings settings = sink->state->settings;
  GST_OBJECT_UNLOCK(sink);
  const std::string& location = settings.publisher.location;
  if (location.empty()) {
    gstmmap::post_missing_location(GST_ELEMENT(sink));
    return false;
  }
  return gstmmap::posting_errors(GST_ELEMENT(sink), false, [&] {
    auto publisher = std::make_shared<Publisher>(settings.publisher);
    GST_INFO_OBJECT(sink, "writing %s", location.c_str());
    warn_about_place(sink, *publisher, location.c_str());
    sink->state->readers.emplace(GST_ELEMENT(sink), settings.publisher);
    sink->state->readers_to_wait_for = settings.wait_for_readers;
    GST_OBJECT_LOCK(sink);
    sink->state->publisher = std::move(publisher);
    GST_OBJECT_UNLOCK(sink);
    return true;
  });
}

std::shared_ptr<Publisher> current_publisher(GstMmapSink* sink) {
  GST_OBJECT_LOCK(sink);
  std::shared_ptr<Publisher> publisher = sink->state->publisher;
  GST_OBJECT_UNLOCK(sink);
  return publisher;
}

void close_file(GstMmapSink* sink) {
  GST_OBJECT_LOCK(sink);
  const std::shared_ptr<Publisher> publisher = std::move(sink->state->publisher);
  GST_OBJECT_UNLOCK(sink);
  if (publisher) publisher->close();
}

/// The file is open from PAUSED on. (The base class's start and stop belong to NULL and READY,
/// where properties may still change.)
GstStateChangeReturn gst_mmap_sink_change_state(GstElement* element, GstStateChange transition) {
  GstMmapSink* sink = GST_MMAP_SINK(element);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !open_file(sink))
    return GST_STATE_CHANGE_FAILURE;
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(parent_class)->change_state(element, transition);
  const bool failed_to_pause =
      transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE;
  if (failed_to_pause || transition == GST_STATE_CHANGE_PAUSED_TO_READY) close_file(sink);
  return result;
}

// ---- Streaming --------------------------------------------------------------------------------

bool query_upstream_live(GstMmapSink* sink) {
  GstQuery* query = gst_query_new_latency();
  gboolean live = FALSE;
  if (gst_pad_peer_query(GST_BASE_SINK_PAD(sink), query))
    gst_query_parse_latency(query, &live, nullptr, nullptr);
  gst_query_unref(query);
  return live;
}

GstCaps* gst_mmap_sink_get_caps(GstBaseSink* base, GstCaps* filter) {
  static GstStaticCaps system_memory = GST_STATIC_CAPS(GSTMMAP_CAPS);
  return gstmmap::caps_for_upstream(GST_BASE_SINK_PAD(base), &system_memory,
                                    &sink_template.static_caps, filter);
}

std::string location_of(GstMmapSink* sink) {
  GST_OBJECT_LOCK(sink);
  std::string location = sink->state->settings.publisher.location;
  GST_OBJECT_UNLOCK(sink);
  return location;
}

gboolean gst_mmap_sink_set_caps(GstBaseSink* base, GstCaps* caps) {
  const auto feature = gstmmap::foreign_feature(caps);
  if (!feature) return GST_BASE_SINK_CLASS(parent_class)->set_caps(base, caps);
  const std::string sentence =
      gstmmap::foreign_memory_sentence(location_of(GST_MMAP_SINK(base)), *feature);
  GST_ELEMENT_ERROR(base, STREAM, FORMAT, ("%s", sentence.c_str()),
                    ("caps %" GST_PTR_FORMAT, static_cast<void*>(caps)));
  return FALSE;
}

gboolean gst_mmap_sink_set_info(GstVideoSink* base, GstCaps* caps, const GstVideoInfo*) {
  GstMmapSink* sink = GST_MMAP_SINK(base);
  sink->state->upstream_live = query_upstream_live(sink);
  return gstmmap::posting_errors(GST_ELEMENT(sink), FALSE, [&]() -> gboolean {
    if (sink->state->publisher->set_caps(caps)) return TRUE;
    GST_ERROR_OBJECT(sink, "not fixed raw video caps: %" GST_PTR_FORMAT, static_cast<void*>(caps));
    return FALSE;
  });
}

/// A pool for these caps, or NULL. Without locks nothing keeps a next writer from slots that
/// upstream still has.
GstBufferPool* make_pool(GstMmapSink* sink, GstCaps* caps, guint bytes) {
  const std::shared_ptr<Publisher> publisher = current_publisher(sink);
  if (!publisher || publisher->stats().writer.locked == 0) return nullptr;
  GstBufferPool* pool = gstmmap::new_slot_pool(publisher);
  GstStructure* config = gst_buffer_pool_get_config(pool);
  gst_buffer_pool_config_set_params(config, caps, bytes, 0, 0);
  gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  if (gst_buffer_pool_set_config(pool, config)) return pool;
  gst_object_unref(pool);
  return nullptr;
}

/// Upstream may write straight into the file. Buffers with any strides are welcome.
gboolean gst_mmap_sink_propose_allocation(GstBaseSink* base, GstQuery* query) {
  gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
  GstCaps* caps = nullptr;
  gboolean need_pool = FALSE;
  gst_query_parse_allocation(query, &caps, &need_pool);
  GstVideoInfo info;
  if (caps == nullptr || !gst_video_info_from_caps(&info, caps)) return TRUE;
  const auto bytes = static_cast<guint>(info.size);
  GstBufferPool* pool = need_pool ? make_pool(GST_MMAP_SINK(base), caps, bytes) : nullptr;
  gst_query_add_allocation_pool(query, pool, bytes, 0, 0);
  if (pool != nullptr) gst_object_unref(pool);
  return TRUE;
}

/// Live frames are published as they come: waiting for their time would only add latency.
void gst_mmap_sink_get_times(GstBaseSink* base, GstBuffer* buffer, GstClockTime* start,
                             GstClockTime* end) {
  if (GST_MMAP_SINK(base)->state->upstream_live) {
    *start = *end = GST_CLOCK_TIME_NONE;
    return;
  }
  GST_BASE_SINK_CLASS(parent_class)->get_times(base, buffer, start, end);
}

Publisher::Timing frame_timing(GstMmapSink* sink, const GstBuffer* buffer) {
  const GstSegment* segment = &GST_BASE_SINK(sink)->segment;
  Publisher::Timing timing;
  timing.latency_ns = gst_base_sink_get_latency(GST_BASE_SINK(sink));
  if (segment->format != GST_FORMAT_TIME || !GST_BUFFER_PTS_IS_VALID(buffer)) return timing;
  const GstClockTime running_time =
      gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  if (const auto clock = sink->state->clock.sample(GST_ELEMENT(sink)))
    timing.clock_time_ns =
        gstmmap::monotonic_from_running_time(running_time, clock->base_time_ns, clock->sample);
  return timing;
}

/// False: cancelled.
bool wait_for_readers(GstMmapSink* sink) {
  SinkState& state = *sink->state;
  if (state.readers_to_wait_for == 0) return true;
  state.readers->tell_waiting(state.readers_to_wait_for);
  if (!state.publisher->wait_for_readers(state.readers_to_wait_for)) return false;
  state.readers_to_wait_for = 0;
  return true;
}

/// False: cancelled, the frame is not out.
bool publish(GstMmapSink* sink, GstBuffer* buffer) {
  SinkState& state = *sink->state;
  if (!wait_for_readers(sink)) return false;
  const auto outcome = state.publisher->publish(buffer, frame_timing(sink, buffer));
  if (outcome == Publisher::Outcome::dropped)
    GST_INFO_OBJECT(sink, "all slots are in use by readers: frame dropped");
  state.readers->look(*state.publisher);
  return outcome != Publisher::Outcome::cancelled;
}

GstFlowReturn gst_mmap_sink_render(GstBaseSink* base, GstBuffer* buffer) {
  GstMmapSink* sink = GST_MMAP_SINK(base);
  if (!sink->state->publisher->negotiated()) return GST_FLOW_NOT_NEGOTIATED;
  return gstmmap::posting_errors(GST_ELEMENT(sink), GST_FLOW_ERROR, [&] {
    GstFlowReturn flow = GST_FLOW_OK;
    // Cancelled by a pause, the frame goes out when the pipeline plays again.
    while (flow == GST_FLOW_OK && !publish(sink, buffer)) flow = gst_base_sink_wait_preroll(base);
    return flow;
  });
}

gboolean gst_mmap_sink_unlock(GstBaseSink* base) {
  if (const auto publisher = current_publisher(GST_MMAP_SINK(base))) publisher->cancel();
  return TRUE;
}

gboolean gst_mmap_sink_unlock_stop(GstBaseSink* base) {
  if (const auto publisher = current_publisher(GST_MMAP_SINK(base))) publisher->resume();
  return TRUE;
}

/// A latency event says that the pipeline has asked all sources; some know only by then.
gboolean gst_mmap_sink_send_event(GstElement* element, GstEvent* event) {
  const bool latency = GST_EVENT_TYPE(event) == GST_EVENT_LATENCY;
  const gboolean handled = GST_ELEMENT_CLASS(parent_class)->send_event(element, event);
  GstMmapSink* sink = GST_MMAP_SINK(element);
  if (latency && query_upstream_live(sink)) sink->state->upstream_live = true;
  return handled;
}

gboolean gst_mmap_sink_event(GstBaseSink* base, GstEvent* event) {
  // Readers learn of the end at once, not when the pipeline is taken down. After a flush or a new
  // segment further frames simply begin another session.
  const auto publisher = current_publisher(GST_MMAP_SINK(base));
  if (publisher && GST_EVENT_TYPE(event) == GST_EVENT_EOS) publisher->end();
  if (publisher) publisher->note(event);
  return GST_BASE_SINK_CLASS(parent_class)->event(base, event);
}

// ---- Properties -------------------------------------------------------------------------------

GstStructure* make_stats(GstMmapSink* sink) {
  Publisher::Stats figures;
  if (const auto publisher = current_publisher(sink)) figures = publisher->stats();
  return gstmmap::make_sink_stats(GST_BASE_SINK(sink), figures);
}

void gst_mmap_sink_set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  GstMmapSink* sink = GST_MMAP_SINK(object);
  GST_OBJECT_LOCK(sink);
  const bool known = gstmmap::set_sink_property(sink->state->settings, id, value);
  GST_OBJECT_UNLOCK(sink);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void gst_mmap_sink_get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  GstMmapSink* sink = GST_MMAP_SINK(object);
  if (id == gstmmap::SinkProperty::stats) return g_value_take_boxed(value, make_stats(sink));
  GST_OBJECT_LOCK(sink);
  const bool known = gstmmap::get_sink_property(sink->state->settings, id, value);
  GST_OBJECT_UNLOCK(sink);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void gst_mmap_sink_finalize(GObject* object) {
  delete GST_MMAP_SINK(object)->state;
  G_OBJECT_CLASS(parent_class)->finalize(object);
}

}  // namespace

static void gst_mmap_sink_class_init(GstMmapSinkClass* klass) {
  GST_DEBUG_CATEGORY_INIT(gst_mmap_sink_debug, "mmapsink", 0, "memory-mapped video sink");
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_mmap_sink_set_property;
  object_class->get_property = gst_mmap_sink_get_property;
  object_class->finalize = gst_mmap_sink_finalize;
  gstmmap::install_sink_properties(object_class);

  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(
      element_class, "Memory-mapped file video sink", "Sink/Video",
      "Shares raw video with any number of processes through a memory-mapped file",
      "The mmapvideo authors");
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  element_class->change_state = gst_mmap_sink_change_state;
  element_class->send_event = gst_mmap_sink_send_event;

  GstBaseSinkClass* base_class = GST_BASE_SINK_CLASS(klass);
  base_class->get_caps = gst_mmap_sink_get_caps;
  base_class->set_caps = gst_mmap_sink_set_caps;
  base_class->propose_allocation = gst_mmap_sink_propose_allocation;
  base_class->get_times = gst_mmap_sink_get_times;
  base_class->event = gst_mmap_sink_event;
  base_class->render = gst_mmap_sink_render;
  base_class->unlock = gst_mmap_sink_unlock;
  base_class->unlock_stop = gst_mmap_sink_unlock_stop;
  // The video sink class would publish the first frame twice, once while prerolling.
  base_class->preroll = nullptr;
  GST_VIDEO_SINK_CLASS(klass)->set_info = gst_mmap_sink_set_info;
}

static void gst_mmap_sink_init(GstMmapSink* sink) {
  sink->state = new SinkState;
  GstBaseSink* base = GST_BASE_SINK(sink);
  // A video sink throws late frames away and tells upstream to; a recorder of frames must not.
  gst_base_sink_set_max_lateness(base, -1);
  gst_base_sink_set_qos_enabled(base, FALSE);
  // No time to draw is needed, and a kept last sample would hold a buffer for nothing.
  gst_base_sink_set_processing_deadline(base, 0);
  gst_base_sink_set_last_sample_enabled(base, FALSE);
}
