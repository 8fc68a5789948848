// SPDX-License-Identifier: MIT
// A live mapped file as a GstDevice.
#pragma once

#include <gst/gst.h>

#include "live_files.hpp"

G_BEGIN_DECLS

#define GST_TYPE_MMAP_DEVICE (gst_mmap_device_get_type())
G_DECLARE_FINAL_TYPE(GstMmapDevice, gst_mmap_device, GST, MMAP_DEVICE, GstDevice)

G_END_DECLS

/// A floating reference. `name` is shown to people.
GstDevice* gst_mmap_device_new(const gstmmap::LiveFile& file, const char* name);
