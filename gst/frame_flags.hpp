// SPDX-License-Identifier: MIT
// Buffer flags of GStreamer to flags of the file (SPEC.md 3.6) and back. Pure.
#pragma once

#include <gst/gst.h>

#include <cstdint>

namespace gstmmap {

std::uint64_t frame_flags_from_buffer(const GstBuffer* buffer);
/// As GstBufferFlags | GstVideoBufferFlags; bits the file defines and GStreamer lacks are dropped.
unsigned buffer_flags_from_frame(std::uint64_t frame_flags);

}  // namespace gstmmap
