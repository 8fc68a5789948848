// SPDX-License-Identifier: MIT
// Video caps of GStreamer to the frame description of the file (SPEC.md 3.4, 3.5) and back. Pure.
#pragma once

#include <gst/video/video.h>

#include <mmapvideo/mmapvideo.hpp>
#include <optional>
#include <string>

/// What mmapsrc may have to say when a writer was given frames with overlays beside them.
#define GSTMMAP_OVERLAY_CAPS                                                             \
  GST_VIDEO_CAPS_MAKE_WITH_FEATURES(GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION, \
                                    GST_VIDEO_FORMATS_ALL)

/// Every raw format in system memory, and the same with one field a buffer.
#define GSTMMAP_CAPS                         \
  GST_VIDEO_CAPS_MAKE(GST_VIDEO_FORMATS_ALL) \
  ";" GST_VIDEO_CAPS_MAKE_WITH_FEATURES(GST_CAPS_FEATURE_FORMAT_INTERLACED, GST_VIDEO_FORMATS_ALL)

namespace gstmmap {

/// A negotiated format: the caps as text, and what of a frame's description follows from them.
struct StreamFormat {
  std::string caps_text;
  GstVideoInfo video_info{};
  mmapvideo::FrameInfo frame_info{};
};

/// Nothing: not raw video caps, or not fixed.
std::optional<StreamFormat> describe_caps(const GstCaps* caps);

/// Fills payload_bytes and the planes for a buffer of `buffer_bytes` bytes with that meta, or with
/// the format's own layout if `meta` is NULL.
void describe_planes(const GstVideoInfo& video_info, const GstVideoMeta* meta,
                     std::uint64_t buffer_bytes, mmapvideo::FrameInfo& frame_info);

/// May an element that believes `video_info` and these planes touch only the payload? The answer
/// follows from the caps, since the description came out of the file.
bool planes_fit(const GstVideoInfo& video_info, const mmapvideo::FrameInfo& frame_info);

/// Do rows of pixels not lie one after the other?
bool is_tiled(const GstVideoInfo& info);

/// Are the planes laid out as the format's own layout, so that a buffer needs no GstVideoMeta?
bool has_default_layout(const GstVideoInfo& video_info, const mmapvideo::FrameInfo& frame_info);

}  // namespace gstmmap
