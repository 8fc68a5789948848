// SPDX-License-Identifier: MIT
// The properties of mmapsink: their kinds, values, words and defaults.
#include "sink_properties.hpp"

#include "property_values.hpp"

namespace gstmmap {
namespace {

/**
 * GstMmapSinkDelivery:
 *
 * Whom the frames of mmapsink wait for.
 *
 * Since: 0.1
 */
GType delivery_type() {
  static const GEnumValue values[] = {
      {MMAPVIDEO_DELIVERY_LATEST, "Never waits for a reader", "latest"},
      {MMAPVIDEO_DELIVERY_EVERY_FRAME,
       "Waits for readers with delivery=every-frame when they are a ring behind", "every-frame"},
      {MMAPVIDEO_DELIVERY_ACKNOWLEDGED,
       "Waits after each frame until readers with delivery=every-frame have finished it",
       "acknowledged"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstMmapSinkDelivery", values);
  return type;
}

void install_those_of_the_file(GObjectClass* object_class) {
  /**
   * GstMmapSink:location:
   *
   * The file is made when the element goes to PAUSED, in a directory that is there, and removed
   * when it goes back to READY. One that a former writer left is taken over; a file of another
   * kind, a symbolic link and a file that another writer has are errors.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SinkProperty::location,
      g_param_spec_string("location", "Location",
                          "Path of the mapped file; best on a memory file system, e.g. "
                          "/dev/shm/cam0 (required)",
                          nullptr, writable));
  /**
   * GstMmapSink:slots:
   *
   * Chosen from the frame size are 6 to 16, about 48 MiB, and more where upstream keeps frames, as
   * decoders do. Each slot has room for one frame. A frame that finds no slot free, since readers
   * hold them all, is dropped and counted.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SinkProperty::slots,
      g_param_spec_uint("slots", "Slots",
                        "Ring depth in frames, at least 2 (0 = chosen from the frame size)", 0,
                        MMAPVIDEO_MAX_SLOTS, 0, writable));
  /**
   * GstMmapSink:perms:
   *
   * 0600 lets nobody else read, 0640 a common group, 0644 everybody. gst-launch-1.0 takes a leading
   * 0 for octal; where numbers are decimal 0600 is 384. A file that is there already keeps its
   * mode. Without meaning on Windows, where a file has the access list of its folder.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SinkProperty::perms,
      g_param_spec_uint("perms", "Permissions",
                        "Mode of a file this element creates; readers need read permission only", 0,
                        07777, 0600, writable));
  /**
   * GstMmapSink:keep-file:
   *
   * A reader that comes later gets the newest frame, then the end; with #GstMmapSrc:on-disconnect
   * wait it goes on with the next writer of the file.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SinkProperty::keep_file,
      g_param_spec_boolean("keep-file", "Keep file",
                           "Leave the file in place when stopping, for readers that come later",
                           FALSE, writable));
}

void install_those_of_waiting(GObjectClass* object_class) {
  /**
   * GstMmapSink:delivery:
   *
   * Only readers that ask for every frame themselves are waited for, and only where the file system
   * has locks, by which they are known.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SinkProperty::delivery,
      g_param_spec_enum("delivery", "Delivery", "Whom frames wait for", delivery_type(),
                        MMAPVIDEO_DELIVERY_LATEST, writable));
  /**
   * GstMmapSink:wait-for-readers:
   *
   * Readers of any delivery count. The wait has no limit; it begins with the first frame, and with
   * it the message `mmap-waiting-for-readers` comes on the bus.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SinkProperty::wait_for_readers,
      g_param_spec_uint("wait-for-readers", "Wait for readers",
                        "Hold the first frame until so many readers are attached", 0, G_MAXUINT, 0,
                        writable));
  /**
   * GstMmapSink:wait-timeout:
   *
   * A reader that was passed over is warned of on the bus and counted, finds a gap, and is not
   * waited for again before it has gone on by itself.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SinkProperty::wait_timeout,
      g_param_spec_int64("wait-timeout", "Wait timeout",
                         "How long one frame waits for readers before they are passed over, in "
                         "nanoseconds (-1 = for ever)",
                         -1, G_MAXINT64, MMAPVIDEO_DEFAULT_WAIT_TIMEOUT_NS, writable));
}

void install_statistics(GObjectClass* object_class) {
  /**
   * GstMmapSink:stats:
   *
   * Of this run, from PAUSED on. `frames` were published, `bytes` of pixels in all; `zero-copy` of
   * them came in slots of the file, `copied` in other memory. `dropped` found no free slot, or came
   * too late for a clock (#GstBaseSink:max-lateness). `waits` is how many frames waited for
   * readers, `passed-over` how often a reader was not waited for any longer. `readers` are attached
   * now, `lossless-readers` of them ask for every frame. `metas` and `events` (tags included) went
   * with frames, `metas-dropped` could not be written.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, SinkProperty::stats,
      g_param_spec_boxed("stats", "Statistics",
                         "frames, dropped, bytes, copied, zero-copy, waits, passed-over, readers, "
                         "lossless-readers, slots, metas, metas-dropped, events; with those of the "
                         "base class: rendered, average-rate",
                         GST_TYPE_STRUCTURE, readable));
}

}  // namespace

void install_sink_properties(GObjectClass* object_class) {
  install_those_of_the_file(object_class);
  install_those_of_waiting(object_class);
  install_statistics(object_class);
  gst_type_mark_as_plugin_api(delivery_type(), static_cast<GstPluginAPIFlags>(0));
}

bool set_sink_property(SinkSettings& settings, guint id, const GValue* value) {
  Publisher::Settings& publisher = settings.publisher;
  switch (id) {
    case SinkProperty::location:
      publisher.location = text_of(value);
      return true;
    case SinkProperty::slots:
      publisher.slots = g_value_get_uint(value);
      return true;
    case SinkProperty::delivery:
      publisher.delivery = static_cast<mmapvideo_delivery>(g_value_get_enum(value));
      return true;
    case SinkProperty::wait_for_readers:
      settings.wait_for_readers = g_value_get_uint(value);
      return true;
    case SinkProperty::wait_timeout:
      publisher.wait_timeout_ns = g_value_get_int64(value);
      return true;
    case SinkProperty::perms:
      publisher.permissions = g_value_get_uint(value);
      return true;
    case SinkProperty::keep_file:
      publisher.keep_file = g_value_get_boolean(value);
      return true;
    default:
      return false;
  }
}

bool get_sink_property(const SinkSettings& settings, guint id, GValue* value) {
  const Publisher::Settings& publisher = settings.publisher;
  switch (id) {
    case SinkProperty::location:
      set_text(value, publisher.location);
      return true;
    case SinkProperty::slots:
      g_value_set_uint(value, publisher.slots);
      return true;
    case SinkProperty::delivery:
      g_value_set_enum(value, publisher.delivery);
      return true;
    case SinkProperty::wait_for_readers:
      g_value_set_uint(value, settings.wait_for_readers);
      return true;
    case SinkProperty::wait_timeout:
      g_value_set_int64(value, publisher.wait_timeout_ns);
      return true;
    case SinkProperty::perms:
      g_value_set_uint(value, publisher.permissions);
      return true;
    case SinkProperty::keep_file:
      g_value_set_boolean(value, publisher.keep_file);
      return true;
    default:
      return false;
  }
}

GstStructure* make_sink_stats(GstBaseSink* sink, const Publisher::Stats& figures) {
  GstStructure* stats = gst_base_sink_get_stats(sink);
  gst_structure_set_name(stats, "mmapsink-stats");
  guint64 late = 0;
  gst_structure_get_uint64(stats, "dropped", &late);
  const mmapvideo_writer_stats& writer = figures.writer;
  gst_structure_set(
      stats, "frames", G_TYPE_UINT64, writer.frame_count, "dropped", G_TYPE_UINT64,
      writer.dropped_count + late, "bytes", G_TYPE_UINT64, writer.byte_count, "copied",
      G_TYPE_UINT64, figures.copied, "zero-copy", G_TYPE_UINT64, figures.zero_copy, "waits",
      G_TYPE_UINT64, writer.wait_count, "passed-over", G_TYPE_UINT64, writer.passed_over_count,
      "readers", G_TYPE_UINT, writer.reader_count, "lossless-readers", G_TYPE_UINT,
      writer.lossless_reader_count, "slots", G_TYPE_UINT, writer.slot_count, "metas", G_TYPE_UINT64,
      figures.metadata.metas, "metas-dropped", G_TYPE_UINT64, figures.metadata.dropped, "events",
      G_TYPE_UINT64, figures.metadata.events, nullptr);
  return stats;
}

}  // namespace gstmmap
