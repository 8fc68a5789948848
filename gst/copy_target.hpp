// SPDX-License-Identifier: MIT
// Where mmapsrc copies a frame to: into downstream's pool if it offers one, or one of its own.
#pragma once

#include <gst/video/video.h>

#include <mmapvideo/mmapvideo.hpp>
#include <optional>
#include <string>

#include "video_format.hpp"

namespace gstmmap {

/// Where the planes of a buffer are.
struct PlaneLayout {
  gsize offset[GST_VIDEO_MAX_PLANES] = {};
  gint stride[GST_VIDEO_MAX_PLANES] = {};
};

/// The layout of a frame in the file.
PlaneLayout layout_of(const mmapvideo::FrameInfo& frame);

/// Adds a GstVideoMeta with that layout.
void add_video_meta(GstBuffer* buffer, const GstVideoInfo& info, PlaneLayout layout);

/// Provides buffers to copy into. One thread at a time.
class CopyTarget {
 public:
  explicit CopyTarget(std::string location) : location_(std::move(location)) {}
  ~CopyTarget() { reset(); }
  CopyTarget(const CopyTarget&) = delete;
  CopyTarget& operator=(const CopyTarget&) = delete;

  /// Takes note of what downstream answered to the allocation query. Its pool is made use of only
  /// when the first frame has to be copied.
  void negotiate(GstQuery* allocation);
  /// Does downstream look at GstVideoMeta?
  bool video_meta_accepted() const noexcept { return video_meta_accepted_; }
  /// Forgets pools and negotiation: other caps.
  void reset() noexcept;

  /// The frame just taken by `reader`, copied; NULL: it was overwritten meanwhile. Throws
  /// mmapvideo::Error. `frame` fits `format` (planes_fit()).
  GstBuffer* copy(mmapvideo::Reader& reader, const StreamFormat& format,
                  const mmapvideo::FrameInfo& frame);

 private:
  GstBuffer* acquire(const StreamFormat& format, const mmapvideo::FrameInfo& frame);
  GstBuffer* acquire_downstream(const StreamFormat& format);
  GstBuffer* acquire_own(const StreamFormat& format, const mmapvideo::FrameInfo& frame);
  bool activate_downstream(const StreamFormat& format);
  void make_own_pool(std::uint64_t bytes);
  bool copy_into(mmapvideo::Reader& reader, GstBuffer* buffer, const StreamFormat& format,
                 const mmapvideo::FrameInfo& frame) const;
  GstBuffer* repack(GstBuffer* padded, const GstVideoInfo& info) const;

  const std::string location_;
  bool video_meta_accepted_ = false;
  GstBufferPool* downstream_pool_ = nullptr;
  guint downstream_bytes_ = 0;
  guint downstream_min_ = 0;
  guint downstream_max_ = 0;
  bool downstream_active_ = false;
  GstBufferPool* own_pool_ = nullptr;
  std::uint64_t own_bytes_ = 0;
};

}  // namespace gstmmap
