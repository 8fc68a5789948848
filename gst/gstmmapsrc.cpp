// SPDX-License-Identifier: MIT
/**
 * SECTION:element-mmapsrc
 * @title: mmapsrc
 * @see_also: mmapsink
 *
 * mmapsrc is a live source of the raw video that an mmapsink (or any program that uses
 * libmmapvideo) publishes into a memory-mapped file. The caps come with the frames; nothing is
 * configured but the path. The file need not exist yet, and the writer may end, crash and return at
 * any time.
 *
 * mmapsrc never writes to the file: permission to read it is all it needs, and nothing it does or
 * fails to do holds the writer or other readers up.
 *
 * PTS and DTS are running times of this pipeline, mapped through CLOCK_MONOTONIC, so that several
 * mmapsrc in one pipeline are in step with each other.
 *
 * Buffers have the metas that the writer's had, wherever they lie in memory, and tags and custom
 * events of its stream come before the frame they were sent with. A custom meta has to be
 * registered in this process as well. What is in the file and cannot be used is left out and
 * counted as `metas-dropped` in #GstMmapSrc:stats.
 *
 * The latency of mmapsrc is that of the writer's pipeline up to its mmapsink. With
 * #GstMmapSrc:delivery latest downstream may hold a frame for two frame durations before it misses
 * one, and that is the upper limit: where a sink that waits for the clock, or another source, needs
 * more, GStreamer warns of it, and a `queue` behind mmapsrc gives it. With every-frame the frames
 * wait in the file, and no limit is told. QoS events from downstream are answered by nothing:
 * frames come as fast as the writer publishes them, and #GstMmapSrc:delivery latest skips those
 * that are late anyway. Navigation events (mouse, keys) and other upstream events end here, since
 * readers cannot write. So does seeking: a mapped file has no past.
 *
 * Messages of type element on the bus: `mmap-writer-lost` and `mmap-writer-returned` when
 * #GstMmapSrc:on-disconnect makes it wait, `mmap-timeout` once per silence, `mmap-frames-skipped`
 * with #GstMmapSrc:delivery every-frame. Each has a field `location`.
 *
 * ## Example
 * |[
 * gst-launch-1.0 mmapsrc location=/dev/shm/cam0 ! videoconvert ! autovideosink
 * ]|
 * Shows the camera that another process shares with mmapsink.
 *
 * Since: 0.1
 */
#include "gstmmapsrc.hpp"

#include <atomic>
#include <memory>

#include "post_error.hpp"
#include "src_properties.hpp"
#include "subscriber.hpp"
#include "uri.hpp"
#include "video_format.hpp"

GST_DEBUG_CATEGORY(gst_mmap_src_debug);
#define GST_CAT_DEFAULT gst_mmap_src_debug

namespace {

using gstmmap::Subscriber;

GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(GSTMMAP_CAPS ";" GSTMMAP_OVERLAY_CAPS));

/// What lives behind the element.
struct SrcState {
  // Guarded by the object lock.
  Subscriber::Settings settings;
  // Made in start, freed in stop; the base class calls neither while it calls create, unlock or
  // unlock_stop, which therefore use it without a lock. Others take the object lock.
  std::unique_ptr<Subscriber> subscriber;
  // The thread that takes the element from PLAYING to PAUSED, as long as it does.
  std::atomic<GThread*> pausing_thread{nullptr};
};

}  // namespace

struct _GstMmapSrc {
  GstPushSrc parent;
  SrcState* state;
};

#define gst_mmap_src_parent_class parent_class
G_DEFINE_TYPE_WITH_CODE(GstMmapSrc, gst_mmap_src, GST_TYPE_PUSH_SRC,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_URI_HANDLER,
                                              gstmmap::init_uri_handler<GST_URI_SRC>))
GST_ELEMENT_REGISTER_DEFINE(mmapsrc, "mmapsrc", GST_RANK_NONE, GST_TYPE_MMAP_SRC)

namespace {

// ---- Life cycle -------------------------------------------------------------------------------

gboolean gst_mmap_src_start(GstBaseSrc* base) {
  GstMmapSrc* src = GST_MMAP_SRC(base);
  GST_OBJECT_LOCK(src);
  const Subscriber::Settings settings = src->state->settings;
  GST_OBJECT_UNLOCK(src);
  if (settings.location.empty()) {
    gstmmap::post_missing_location(GST_ELEMENT(src));
    return FALSE;
  }
  return gstmmap::posting_errors(GST_ELEMENT(src), FALSE, [&]() -> gboolean {
    auto subscriber = std::make_unique<Subscriber>(base, settings);
    GST_OBJECT_LOCK(src);
    src->state->subscriber = std::move(subscriber);
    GST_OBJECT_UNLOCK(src);
    return TRUE;
  });
}

gboolean gst_mmap_src_stop(GstBaseSrc* base) {
  GstMmapSrc* src = GST_MMAP_SRC(base);
  GST_OBJECT_LOCK(src);
  const std::unique_ptr<Subscriber> subscriber = std::move(src->state->subscriber);
  GST_OBJECT_UNLOCK(src);
  return TRUE;
}

/// A pause leaves a wait for a frame alone, as the base class does up to GStreamer 1.24. That of
/// 1.26 unlocks the source, and where it plays again at once takes the answer for a flush that does
/// not end.
GstStateChangeReturn gst_mmap_src_change_state(GstElement* element, GstStateChange transition) {
  SrcState& state = *GST_MMAP_SRC(element)->state;
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED) state.pausing_thread = g_thread_self();
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(parent_class)->change_state(element, transition);
  state.pausing_thread = nullptr;
  return result;
}

gboolean gst_mmap_src_unlock(GstBaseSrc* base) {
  if (GST_MMAP_SRC(base)->state->pausing_thread == g_thread_self()) return TRUE;
  if (Subscriber* subscriber = GST_MMAP_SRC(base)->state->subscriber.get()) subscriber->unlock();
  return TRUE;
}

gboolean gst_mmap_src_unlock_stop(GstBaseSrc* base) {
  if (Subscriber* subscriber = GST_MMAP_SRC(base)->state->subscriber.get())
    subscriber->unlock_stop();
  return TRUE;
}

// ---- Streaming --------------------------------------------------------------------------------

/// False: it is flushing.
bool wait_until_playing(GstBaseSrc* base, const Subscriber& subscriber) {
  g_mutex_lock(&base->live_lock);
  // Who ends this sets one of the two first, and signals then.
  while (!base->live_running && !subscriber.is_unlocked())
    g_cond_wait(&base->live_cond, &base->live_lock);
  const bool playing = base->live_running;
  g_mutex_unlock(&base->live_lock);
  return playing;
}

/// A frame that comes during a pause is held here: the base class of GStreamer 1.26 would throw it
/// away.
GstFlowReturn receive_while_playing(GstBaseSrc* base, Subscriber& subscriber, GstBuffer** buffer) {
  const GstFlowReturn flow = subscriber.receive(buffer);
  if (flow != GST_FLOW_OK || wait_until_playing(base, subscriber)) return flow;
  gst_clear_buffer(buffer);
  return GST_FLOW_FLUSHING;
}

GstFlowReturn gst_mmap_src_create(GstPushSrc* base, GstBuffer** buffer) {
  GstMmapSrc* src = GST_MMAP_SRC(base);
  return gstmmap::posting_errors(GST_ELEMENT(src), GST_FLOW_ERROR, [&] {
    return receive_while_playing(GST_BASE_SRC(base), *src->state->subscriber, buffer);
  });
}

/// The caps come with the frames; there is nothing to agree upon before.
gboolean gst_mmap_src_negotiate(GstBaseSrc*) { return TRUE; }

/// Frames are handed on in place; what downstream offers is used when one has to be copied. What
/// stayed in the query, the base class would configure and activate.
gboolean gst_mmap_src_decide_allocation(GstBaseSrc* base, GstQuery* query) {
  GST_MMAP_SRC(base)->state->subscriber->negotiate(query);
  while (gst_query_get_n_allocation_pools(query) > 0)
    gst_query_remove_nth_allocation_pool(query, 0);
  while (gst_query_get_n_allocation_params(query) > 0)
    gst_query_remove_nth_allocation_param(query, 0);
  return TRUE;
}

gboolean gst_mmap_src_query(GstBaseSrc* base, GstQuery* query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY)
    return GST_BASE_SRC_CLASS(parent_class)->query(base, query);
  GstMmapSrc* src = GST_MMAP_SRC(base);
  GST_OBJECT_LOCK(src);
  Subscriber::Latency latency{0, GST_CLOCK_TIME_NONE};
  if (src->state->subscriber) latency = src->state->subscriber->latency();
  GST_OBJECT_UNLOCK(src);
  gst_query_set_latency(query, TRUE, latency.min_ns, latency.max_ns);
  return TRUE;
}

// ---- Properties -------------------------------------------------------------------------------

GstStructure* make_stats(GstMmapSrc* src) {
  GstStructure* stats = nullptr;
  GST_OBJECT_LOCK(src);
  if (src->state->subscriber) stats = src->state->subscriber->stats();
  GST_OBJECT_UNLOCK(src);
  return stats != nullptr ? stats : gst_structure_new_empty("mmapsrc-stats");
}

void gst_mmap_src_set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  GstMmapSrc* src = GST_MMAP_SRC(object);
  GST_OBJECT_LOCK(src);
  const bool known = gstmmap::set_src_property(src->state->settings, id, value);
  GST_OBJECT_UNLOCK(src);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void gst_mmap_src_get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  GstMmapSrc* src = GST_MMAP_SRC(object);
  if (id == gstmmap::SrcProperty::stats) return g_value_take_boxed(value, make_stats(src));
  GST_OBJECT_LOCK(src);
  const bool known = gstmmap::get_src_property(src->state->settings, id, value);
  GST_OBJECT_UNLOCK(src);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void gst_mmap_src_finalize(GObject* object) {
  delete GST_MMAP_SRC(object)->state;
  G_OBJECT_CLASS(parent_class)->finalize(object);
}

}  // namespace

static void gst_mmap_src_class_init(GstMmapSrcClass* klass) {
  GST_DEBUG_CATEGORY_INIT(gst_mmap_src_debug, "mmapsrc", 0, "memory-mapped video source");
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_mmap_src_set_property;
  object_class->get_property = gst_mmap_src_get_property;
  object_class->finalize = gst_mmap_src_finalize;
  gstmmap::install_src_properties(object_class);

  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(
      element_class, "Memory-mapped file video source", "Source/Video",
      "Reads raw video that another process shares through a memory-mapped file",
      "The mmapvideo authors");
  gst_element_class_add_static_pad_template(element_class, &src_template);
  element_class->change_state = gst_mmap_src_change_state;

  GstBaseSrcClass* base_class = GST_BASE_SRC_CLASS(klass);
  base_class->start = gst_mmap_src_start;
  base_class->stop = gst_mmap_src_stop;
  base_class->unlock = gst_mmap_src_unlock;
  base_class->unlock_stop = gst_mmap_src_unlock_stop;
  base_class->negotiate = gst_mmap_src_negotiate;
  base_class->decide_allocation = gst_mmap_src_decide_allocation;
  base_class->query = gst_mmap_src_query;
  GST_PUSH_SRC_CLASS(klass)->create = gst_mmap_src_create;
}

static void gst_mmap_src_init(GstMmapSrc* src) {
  src->state = new SrcState;
  gst_base_src_set_format(GST_BASE_SRC(src), GST_FORMAT_TIME);
  gst_base_src_set_live(GST_BASE_SRC(src), TRUE);
}
