// SPDX-License-Identifier: MIT
// mmapsink: publishes raw video frames into a memory-mapped file.
#pragma once

#include <gst/video/gstvideosink.h>

G_BEGIN_DECLS

#define GST_TYPE_MMAP_SINK (gst_mmap_sink_get_type())
G_DECLARE_FINAL_TYPE(GstMmapSink, gst_mmap_sink, GST, MMAP_SINK, GstVideoSink)

GST_ELEMENT_REGISTER_DECLARE(mmapsink)

G_END_DECLS
