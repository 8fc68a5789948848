// SPDX-License-Identifier: MIT
// Video in memory that no other process can map (of a graphics card, say): which caps mean that,
// and what to put in front of mmapsink.
#pragma once

#include <gst/gst.h>

#include <optional>
#include <string>

namespace gstmmap {

/// The first feature of `caps` that keeps frames from being written into a file, as
/// `memory:GLMemory`. Nothing: system memory.
std::optional<std::string> foreign_feature(const GstCaps* caps);

/// What a sink pad answers to a caps query: `system_memory`, to everybody who can produce that;
/// otherwise, and while there is no link, `everything`: pads that do not link say nothing, and caps
/// that are refused do.
GstCaps* caps_for_upstream(GstPad* pad, GstStaticCaps* system_memory, GstStaticCaps* everything,
                           GstCaps* filter);

/// A sentence that names the file, the memory and the element to put in front.
std::string foreign_memory_sentence(const std::string& location, const std::string& feature);

}  // namespace gstmmap
