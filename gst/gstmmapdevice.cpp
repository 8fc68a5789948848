// SPDX-License-Identifier: MIT
// A live mapped file as a GstDevice.
#include "gstmmapdevice.hpp"

namespace {
enum Property { PROP_0, PROP_PATH };
}

struct _GstMmapDevice {
  GstDevice parent;
  gchar* path;  // construct-only
};

G_DEFINE_TYPE(GstMmapDevice, gst_mmap_device, GST_TYPE_DEVICE)

namespace {

GstElement* gst_mmap_device_create_element(GstDevice* device, const gchar* name) {
  GstElement* source = gst_element_factory_make("mmapsrc", name);
  if (source != nullptr) g_object_set(source, "location", GST_MMAP_DEVICE(device)->path, nullptr);
  return source;
}

gboolean gst_mmap_device_reconfigure_element(GstDevice* device, GstElement* element) {
  const GstElementFactory* factory = gst_element_get_factory(element);
  if (factory == nullptr || g_strcmp0(GST_OBJECT_NAME(factory), "mmapsrc") != 0) return FALSE;
  if (GST_STATE(element) > GST_STATE_READY) return FALSE;  // it has opened another file
  g_object_set(element, "location", GST_MMAP_DEVICE(device)->path, nullptr);
  return TRUE;
}

void gst_mmap_device_get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  if (id == PROP_PATH)
    g_value_set_string(value, GST_MMAP_DEVICE(object)->path);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void gst_mmap_device_set_property(GObject* object, guint id, const GValue* value,
                                  GParamSpec* spec) {
  if (id == PROP_PATH)
    GST_MMAP_DEVICE(object)->path = g_value_dup_string(value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void gst_mmap_device_finalize(GObject* object) {
  g_free(GST_MMAP_DEVICE(object)->path);
  G_OBJECT_CLASS(gst_mmap_device_parent_class)->finalize(object);
}

GstStructure* describe(const gstmmap::LiveFile& file) {
  GstStructure* properties = gst_structure_new(
      "mmap-properties", "device.api", G_TYPE_STRING, "mmap", "device.path", G_TYPE_STRING,
      file.path.c_str(), "mmap.readers", G_TYPE_UINT, file.reader_count, "mmap.writer-process-id",
      G_TYPE_UINT64, static_cast<guint64>(file.writer_process_id), nullptr);
  const GValue* rate =
      gst_structure_get_value(gst_caps_get_structure(file.caps.get(), 0), "framerate");
  if (rate != nullptr) gst_structure_set_value(properties, "mmap.framerate", rate);
  return properties;
}

}  // namespace

static void gst_mmap_device_class_init(GstMmapDeviceClass* klass) {
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->get_property = gst_mmap_device_get_property;
  object_class->set_property = gst_mmap_device_set_property;
  object_class->finalize = gst_mmap_device_finalize;
  g_object_class_install_property(
      object_class, PROP_PATH,
      g_param_spec_string("path", "Path", "Path of the mapped file", nullptr,
                          static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY |
                                                   G_PARAM_STATIC_STRINGS)));
  GstDeviceClass* device_class = GST_DEVICE_CLASS(klass);
  device_class->create_element = gst_mmap_device_create_element;
  device_class->reconfigure_element = gst_mmap_device_reconfigure_element;
}

static void gst_mmap_device_init(GstMmapDevice*) {}

GstDevice* gst_mmap_device_new(const gstmmap::LiveFile& file, const char* name) {
  GstStructure* properties = describe(file);
  gpointer device = g_object_new(GST_TYPE_MMAP_DEVICE, "path", file.path.c_str(), "display-name",
                                 name, "caps", file.caps.get(), "device-class", "Video/Source",
                                 "properties", properties, nullptr);
  gst_structure_free(properties);
  return GST_DEVICE(device);
}
