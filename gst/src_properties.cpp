// SPDX-License-Identifier: MIT
// The properties of mmapsrc: their kinds, values, words and defaults.
#include "src_properties.hpp"

#include "property_values.hpp"

namespace gstmmap {
namespace {

/**
 * GstMmapSrcDelivery:
 *
 * Which frames mmapsrc delivers.
 *
 * Since: 0.1
 */
GType delivery_type() {
  static const GEnumValue values[] = {
      {MMAPVIDEO_DELIVERY_LATEST, "The newest frame; older ones are skipped and counted", "latest"},
      {MMAPVIDEO_DELIVERY_EVERY_FRAME, "All frames in order; what is missed is told and counted",
       "every-frame"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstMmapSrcDelivery", values);
  return type;
}

/**
 * GstMmapSrcIoMode:
 *
 * How frames come out of the file of mmapsrc.
 *
 * Since: 0.1
 */
GType io_mode_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(IoMode::automatic),
       "In place; copied when downstream holds max-leases frames, or without locks", "auto"},
      {static_cast<int>(IoMode::zero_copy),
       "Always in place; waits while downstream holds max-leases frames", "zero-copy"},
      {static_cast<int>(IoMode::copy), "Always copied", "copy"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstMmapSrcIoMode", values);
  return type;
}

/**
 * GstMmapSrcOnDisconnect:
 *
 * What mmapsrc does when its writer ends, dies, or is silent.
 *
 * Since: 0.1
 */
GType on_disconnect_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(OnDisconnect::automatic),
       "EOS when the writer ended, wait for its return when it died", "auto"},
      {static_cast<int>(OnDisconnect::wait), "Wait for a writer, and say so on the bus", "wait"},
      {static_cast<int>(OnDisconnect::eos), "EOS", "eos"},
      {static_cast<int>(OnDisconnect::error), "An error on the bus", "error"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstMmapSrcOnDisconnect", values);
  return type;
}

void install_those_of_the_frames(GObjectClass* object_class) {
  /**
   * GstMmapSrc:location:
   *
   * Opened when the element goes to PAUSED. As long as nothing is there, mmapsrc looks for it some
   * twenty times a second; a file of another kind, and one that may not be read, are errors.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SrcProperty::location,
      g_param_spec_string("location", "Location",
                          "Path of the mapped file, e.g. /dev/shm/cam0; it need not exist yet "
                          "(required)",
                          nullptr, writable));
  /**
   * GstMmapSrc:delivery:
   *
   * Every frame means every one as long as downstream keeps up. If #GstMmapSink:delivery is
   * every-frame or acknowledged as well, the writer waits for downstream.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SrcProperty::delivery,
      g_param_spec_enum("delivery", "Delivery", "Which frames are delivered", delivery_type(),
                        MMAPVIDEO_DELIVERY_LATEST, writable));
  /**
   * GstMmapSrc:io-mode:
   *
   * A frame in place is the memory of the file itself, and read-only: an element that changes
   * pixels makes a copy first. Frames are also copied for a downstream element that does not
   * understand their strides (#GstVideoMeta).
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SrcProperty::io_mode,
      g_param_spec_enum("io-mode", "I/O mode", "How frames come out of the file", io_mode_type(),
                        static_cast<int>(IoMode::automatic), writable));
  /**
   * GstMmapSrc:max-leases:
   *
   * Never more than two less than the file has slots: one is the newest frame's, one is for the
   * writer to fill.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SrcProperty::max_leases,
      g_param_spec_uint("max-leases", "Max leases",
                        "Frames that downstream may hold without a copy; the writer cannot use "
                        "their slots meanwhile",
                        1, MMAPVIDEO_MAX_SLOTS, MMAPVIDEO_DEFAULT_MAX_LEASES, writable));
}

void install_those_of_the_writer(GObjectClass* object_class) {
  /**
   * GstMmapSrc:on-disconnect:
   *
   * A writer that comes back may bring another format and size. Waiting begins with the message
   * `mmap-writer-lost` on the bus and ends with `mmap-writer-returned`.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SrcProperty::on_disconnect,
      g_param_spec_enum("on-disconnect", "On disconnect",
                        "What to do when the writer ends, dies, or is silent for timeout",
                        on_disconnect_type(), static_cast<int>(OnDisconnect::automatic), writable));
  /**
   * GstMmapSrc:timeout:
   *
   * Silence begins when the element plays for the first time, and anew with each frame. That the
   * file is not there yet is silence, too.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SrcProperty::timeout,
      g_param_spec_int64("timeout", "Timeout",
                         "Nanoseconds without a frame after which on-disconnect applies; where "
                         "it says to wait, an element message tells it (-1 = never)",
                         -1, G_MAXINT64, -1, writable));
}

void install_statistics(GObjectClass* object_class) {
  /**
   * GstMmapSrc:stats:
   *
   * Of this run. `frames` were delivered: `zero-copy` of them in place, `copied` the others;
   * `skipped` were not. `torn-retries` counts copies that the writer had overtaken and that were
   * made again or given up. `reattached` is how often the file was replaced by another one.
   * `metas` and `events` (tags included) came with frames, `metas-dropped` could not be used.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SrcProperty::stats,
      g_param_spec_boxed("stats", "Statistics",
                         "frames, skipped, torn-retries, copied, zero-copy, io-mode (in use), "
                         "reattached, and latency from publication to this element: last-, p50-, "
                         "p90-, p99-, max-latency-ns; metas, metas-dropped, events",
                         GST_TYPE_STRUCTURE, readable));
}

}  // namespace

void install_src_properties(GObjectClass* object_class) {
  install_those_of_the_frames(object_class);
  install_those_of_the_writer(object_class);
  install_statistics(object_class);
  for (const GType type : {delivery_type(), io_mode_type(), on_disconnect_type()})
    gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
}

bool set_src_property(Subscriber::Settings& settings, guint id, const GValue* value) {
  switch (id) {
    case SrcProperty::location:
      settings.location = text_of(value);
      return true;
    case SrcProperty::delivery:
      settings.delivery = static_cast<mmapvideo_delivery>(g_value_get_enum(value));
      return true;
    case SrcProperty::io_mode:
      settings.io_mode = static_cast<IoMode>(g_value_get_enum(value));
      return true;
    case SrcProperty::max_leases:
      settings.max_leases = g_value_get_uint(value);
      return true;
    case SrcProperty::on_disconnect:
      settings.on_disconnect = static_cast<OnDisconnect>(g_value_get_enum(value));
      return true;
    case SrcProperty::timeout:
      settings.timeout_ns = static_cast<std::uint64_t>(g_value_get_int64(value));
      return true;
    default:
      return false;
  }
}

bool get_src_property(const Subscriber::Settings& settings, guint id, GValue* value) {
  switch (id) {
    case SrcProperty::location:
      set_text(value, settings.location);
      return true;
    case SrcProperty::delivery:
      g_value_set_enum(value, settings.delivery);
      return true;
    case SrcProperty::io_mode:
      g_value_set_enum(value, static_cast<int>(settings.io_mode));
      return true;
    case SrcProperty::max_leases:
      g_value_set_uint(value, settings.max_leases);
      return true;
    case SrcProperty::on_disconnect:
      g_value_set_enum(value, static_cast<int>(settings.on_disconnect));
      return true;
    case SrcProperty::timeout:
      g_value_set_int64(value, static_cast<gint64>(settings.timeout_ns));
      return true;
    default:
      return false;
  }
}

}  // namespace gstmmap
