// SPDX-License-Identifier: MIT
// What mmapsink does between start and stop: buffers into the file.
#include "publisher.hpp"

#include <cstring>
#include <utility>

#include "frame_flags.hpp"
#include "mapped_memory.hpp"
#include "post_error.hpp"

GST_DEBUG_CATEGORY_EXTERN(gst_mmap_sink_debug);
#define GST_CAT_DEFAULT gst_mmap_sink_debug

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

mmapvideo_writer_options writer_options(const Publisher::Settings& settings) {
  mmapvideo_writer_options options{};
  options.path = settings.location.c_str();
  options.permissions = settings.permissions;
  options.slot_count = settings.slots;
  options.delivery = settings.delivery;
  // 0 is the library's word for its default; here it means not to wait.
  options.wait_timeout_ns = settings.wait_timeout_ns == 0 ? 1 : settings.wait_timeout_ns;
  return options;
}

}  // namespace

Publisher::Publisher(const Settings& settings)
    : writer_(writer_options(settings)),
      location_(settings.location),
      keep_file_(settings.keep_file) {}

void Publisher::close() noexcept {
  writer_.cancel();
  const ExclusiveLock lock(close_mutex_);
  if (!std::exchange(closed_, true)) writer_.close(keep_file_);
}

Publisher::Stats Publisher::stats() const {
  const SharedLock lock(close_mutex_);
  Stats stats;
  if (!closed_) stats.writer = writer_.stats();
  stats.copied = copied_;
  stats.zero_copy = zero_copy_;
  stats.metadata = metadata_writer_.stats();
  return stats;
}

void Publisher::reserve(std::uint64_t bytes, std::uint32_t caps_bytes,
                        std::uint32_t held_slots) noexcept {
  const SharedLock lock(close_mutex_);
  if (closed_) return;
  try {
    writer_.reserve(bytes, caps_bytes, 0, held_slots);
  } catch (const mmapvideo::Error& error) {
    // The first frame tries a smaller ring, and fails in words if there is no room for that.
    GST_INFO("no ring for %u buffers of a pool: %s", held_slots, error.what());
  }
}

std::optional<mmapvideo::Slot> Publisher::lend(std::uint64_t bytes,
                                               std::uint32_t caps_bytes) noexcept {
  const SharedLock lock(close_mutex_);
  if (closed_) return std::nullopt;
  try {
    auto slot = writer_.lend(bytes, caps_bytes);
    GST_LOG("a buffer of %" G_GUINT64_FORMAT " bytes %s", bytes,
            slot ? "is a slot" : "finds no slot to spare");
    return slot;
  } catch (const mmapvideo::Error& error) {
    GST_WARNING("no slot for a buffer of a pool: %s", error.what());
    return std::nullopt;
  }
}

bool Publisher::set_caps(const GstCaps* caps) {
  format_ = describe_caps(caps);
  return format_.has_value();
}

Publisher::Outcome Publisher::publish(GstBuffer* buffer, const Timing& timing) {
  mmapvideo::FrameInfo& frame = format_->frame_info;
  describe_planes(format_->video_info, gst_buffer_get_video_meta(buffer),
                  gst_buffer_get_size(buffer), frame);
  describe_buffer(buffer, frame);
  frame.clock_time_ns = timing.clock_time_ns;
  frame.latency_ns = timing.latency_ns;
  metadata_ = metadata_writer_.collect(buffer);
  frame.metadata_bytes = metadata_.size();
  const bool had_metadata = !metadata_.empty();
  const Outcome outcome = publish_slot(buffer) ? Outcome::published : publish_copy(buffer);
  if (outcome == Outcome::published) metadata_writer_.sent(!had_metadata || !metadata_.empty());
  return outcome;
}

bool Publisher::wait_for_readers(std::uint32_t count) {
  const auto caps_bytes = static_cast<std::uint32_t>(format_->caps_text.size());
  // Readers attach once there is a ring.
  mmapvideo::Status status = writer_.reserve(format_->video_info.size, caps_bytes);
  if (status == MMAPVIDEO_OK) status = writer_.wait_for_readers(count, -1);
  if (status == MMAPVIDEO_NO_LOCKS)
    throw_error(status,
                "The file system of \"" + location_ +
                    "\" has no locks, by which readers are counted. Put the file on a memory file "
                    "system such as /dev/shm, or do without wait-for-readers.",
                "wait-for-readers");
  return status == MMAPVIDEO_OK;
}

/// False: the buffer is not one slot of this file, or one that was published before.
bool Publisher::publish_slot(GstBuffer* buffer) {
  if (gst_buffer_n_memory(buffer) != 1) return false;
  GstMemory* const memory = gst_buffer_peek_memory(buffer, 0);
  mmapvideo::Slot* const slot = slot_of(memory);
  if (slot == nullptr || slot->published() || !slot->is_of(writer_) || is_being_written(memory)) {
    GST_LOG("%" GST_PTR_FORMAT " is copied: slot %d, published %d, being written %d",
            static_cast<void*>(buffer), slot != nullptr, slot != nullptr && slot->published(),
            is_being_written(memory));
    return false;
  }
  if (slot->metadata_capacity() < metadata_.size()) {
    GST_LOG("%" GST_PTR_FORMAT " is copied: its slot has too little room for metadata",
            static_cast<void*>(buffer));
    return false;
  }
  // Before it is published: from then on readers rely on it.
  make_read_only(memory);
  if (!metadata_.empty()) std::memcpy(slot->metadata(), metadata_.data(), metadata_.size());
  if (!slot->commit(format_->frame_info, format_->caps_text.c_str())) return false;
  ++zero_copy_;
  return true;
}

/// A frame for whose metadata there is no room goes without.
std::optional<mmapvideo::Slot> Publisher::begin_slot(mmapvideo::Status& status) {
  const mmapvideo::FrameInfo& frame = format_->frame_info;
  try {
    return writer_.begin(frame.payload_bytes, frame.caps_bytes, metadata_.size(), &status);
  } catch (const mmapvideo::Error& error) {
    if (metadata_.empty() || error.status() != MMAPVIDEO_NO_SPACE) throw;
    leave_metadata_out(error);
  }
  return writer_.begin(frame.payload_bytes, frame.caps_bytes, 0, &status);
}

void Publisher::leave_metadata_out(const mmapvideo::Error& error) {
  if (!std::exchange(no_room_told_, true))
    GST_WARNING("frames of \"%s\" go without their metas: %s", location_.c_str(), error.what());
  metadata_ = {};
  format_->frame_info.metadata_bytes = 0;
}

Publisher::Outcome Publisher::publish_copy(GstBuffer* buffer) {
  const mmapvideo::FrameInfo& frame = format_->frame_info;
  for (;;) {
    mmapvideo::Status status = MMAPVIDEO_OK;
    auto slot = begin_slot(status);
    if (!slot) return status == MMAPVIDEO_CANCELLED ? Outcome::cancelled : Outcome::dropped;
    // Memory after memory, without merging them first.
    if (gst_buffer_extract(buffer, 0, slot->payload(), frame.payload_bytes) != frame.payload_bytes)
      throw_error(MMAPVIDEO_SYSTEM, "A video buffer for \"" + location_ + "\" could not be read.",
                  "gst_buffer_extract");
    if (!metadata_.empty()) std::memcpy(slot->metadata(), metadata_.data(), metadata_.size());
    // Nothing: a pool was started meanwhile, with a ring of its own.
    if (slot->commit(frame, format_->caps_text.c_str())) break;
  }
  ++copied_;
  return Outcome::published;
}

}  // namespace gstmmap
