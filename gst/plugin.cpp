// SPDX-License-Identifier: MIT
// The plugin "mmap": registration of its two elements and the device provider.
#include <gst/gst.h>

#include "gstmmapdeviceprovider.hpp"
#include "gstmmapsink.hpp"
#include "gstmmapsrc.hpp"

#define PACKAGE "mmapvideo"

static gboolean plugin_init(GstPlugin* plugin) {
  gboolean registered = GST_ELEMENT_REGISTER(mmapsink, plugin);
  registered |= GST_ELEMENT_REGISTER(mmapsrc, plugin);
  registered |= GST_DEVICE_PROVIDER_REGISTER(mmapdeviceprovider, plugin);
  return registered;
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, mmap,
                  "Shares raw video between processes through a memory-mapped file", plugin_init,
                  MMAPVIDEO_VERSION_STRING, "MIT/X11", PACKAGE, "Unknown package origin")
