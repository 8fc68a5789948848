// SPDX-License-Identifier: MIT
// mmapdeviceprovider: lists the mapped files that a writer publishes into now.
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_MMAP_DEVICE_PROVIDER (gst_mmap_device_provider_get_type())
G_DECLARE_FINAL_TYPE(GstMmapDeviceProvider, gst_mmap_device_provider, GST, MMAP_DEVICE_PROVIDER,
                     GstDeviceProvider)

GST_DEVICE_PROVIDER_REGISTER_DECLARE(mmapdeviceprovider)

G_END_DECLS
