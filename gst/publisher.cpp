// SPDX-License-Identifier: MIT
// What mmapsink does between start and stop: buffers into the file.
#include "publisher.hpp"

#include "frame_flags.hpp"
#include "post_error.hpp"

namespace gstmmap {
namespace {

void describe_buffer(const GstBuffer* buffer, mmapvideo::FrameInfo& frame) {
  // GST_CLOCK_TIME_NONE and GST_BUFFER_OFFSET_NONE are the file's NONE.
  static_assert(GST_CLOCK_TIME_NONE == MMAPVIDEO_NONE && GST_BUFFER_OFFSET_NONE == MMAPVIDEO_NONE);
  frame.pts_ns = GST_BUFFER_PTS(buffer);
  frame.dts_ns = GST_BUFFER_DTS(buffer);
  frame.duration_ns = GST_BUFFER_DURATION(buffer);
  frame.offset = GST_BUFFER_OFFSET(buffer);
  frame.offset_end = GST_BUFFER_OFFSET_END(buffer);
  frame.flags = frame_flags_from_buffer(buffer);
}

}  // namespace

Publisher::Publisher(const Settings& settings)
    : writer_(settings.location, settings.permissions, settings.slots),
      location_(settings.location),
      keep_file_(settings.keep_file) {}

void Publisher::close() noexcept {
  const std::lock_guard lock(close_mutex_);
  writer_.close(keep_file_);
}

mmapvideo_writer_stats Publisher::stats() const {
  const std::lock_guard lock(close_mutex_);
  return writer_.stats();
}

bool Publisher::set_caps(const GstCaps* caps) {
  format_ = describe_caps(caps);
  if (!format_) return false;
  writer_.reserve(format_->video_info.size, format_->frame_info.caps_bytes);
  return true;
}

Publisher::Outcome Publisher::publish(GstBuffer* buffer, const Timing& timing) {
  mmapvideo::FrameInfo& frame = format_->frame_info;
  const gsize bytes = gst_buffer_get_size(buffer);
  describe_planes(format_->video_info, gst_buffer_get_video_meta(buffer), bytes, frame);
  describe_buffer(buffer, frame);
  frame.clock_time_ns = timing.clock_time_ns;
  frame.latency_ns = timing.latency_ns;

  auto slot = writer_.begin(bytes, frame.caps_bytes);
  if (!slot) return Outcome::dropped;
  // Memory after memory, without merging them first.
  if (gst_buffer_extract(buffer, 0, slot->payload(), bytes) != bytes)
    throw_error(MMAPVIDEO_SYSTEM, "A video buffer for \"" + location_ + "\" could not be read.",
                "gst_buffer_extract");
  slot->commit(frame, format_->caps_text.c_str());
  return Outcome::published;
}

}  // namespace gstmmap
