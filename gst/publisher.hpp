// SPDX-License-Identifier: MIT
// What mmapsink does between start and stop: buffers into the file.
#pragma once

#include <gst/video/video.h>

#include <atomic>
#include <mmapvideo/mmapvideo.hpp>
#include <optional>
#include <string>

#include "metadata_writer.hpp"
#include "mutex.hpp"
#include "video_format.hpp"

namespace gstmmap {

/// One writing session. Used by the streaming thread; reserve(), lend() and stats() from any.
///
/// Throws mmapvideo::Error; the caller turns it into a message on the bus.
class Publisher {
 public:
  struct Settings {
    std::string location;
    unsigned slots = 0;
    unsigned permissions = 0600;
    bool keep_file = false;
    mmapvideo_delivery delivery = MMAPVIDEO_DELIVERY_LATEST;
    std::int64_t wait_timeout_ns = MMAPVIDEO_DEFAULT_WAIT_TIMEOUT_NS;  // negative: no limit
  };
  /// Times of a frame that only the element knows, all in nanoseconds.
  struct Timing {
    std::uint64_t clock_time_ns = MMAPVIDEO_NONE;  // of the buffer's PTS, on CLOCK_MONOTONIC
    std::uint64_t latency_ns = 0;
  };
  enum class Outcome { published, dropped, cancelled };
  struct Stats {
    mmapvideo_writer_stats writer{};
    std::uint64_t copied = 0;     // frames that came in memory of somebody else
    std::uint64_t zero_copy = 0;  // frames that came in a slot
    MetadataWriter::Stats metadata;
  };

  explicit Publisher(const Settings& settings);
  ~Publisher() { close(); }
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// False: the caps are not those of raw video.
  bool set_caps(const GstCaps* caps);
  bool negotiated() const { return format_.has_value(); }
  /// Tags and custom events go with the next frame. Streaming thread.
  void note(GstEvent* event) { metadata_writer_.note(event); }
  /// After set_caps(). A buffer that is all of a slot of this file is published as it is, and is
  /// read-only from then on; anything else is copied.
  Outcome publish(GstBuffer* buffer, const Timing& timing);
  /// After set_caps(). False: cancelled. Throws where readers cannot be counted.
  bool wait_for_readers(std::uint32_t count);
  /// Ends waits for readers, and those to come until resume(). From any thread.
  void cancel() noexcept { writer_.cancel(); }
  void resume() noexcept { writer_.resume(); }
  void end() noexcept { writer_.end(); }
  /// Ends, and lets go of the file. Slots that are out stay memory. Afterwards only reserve(),
  /// lend() and stats() may be called.
  void close() noexcept;

  /// Makes a ring for buffers of a pool. Where there is no room for it, buffers are not lent.
  void reserve(std::uint64_t bytes, std::uint32_t caps_bytes, std::uint32_t held_slots) noexcept;
  /// A slot to fill; nothing: none can be spared, or the file is closed.
  std::optional<mmapvideo::Slot> lend(std::uint64_t bytes, std::uint32_t caps_bytes) noexcept;

  Stats stats() const;

 private:
  bool publish_slot(GstBuffer* buffer);
  Outcome publish_copy(GstBuffer* buffer);
  std::optional<mmapvideo::Slot> begin_slot(mmapvideo::Status& status);
  void leave_metadata_out(const mmapvideo::Error& error);

  // Shared by those who use the writer, so that close() does not pull it from under them.
  mutable SharedMutex close_mutex_;
  bool closed_ GSTMMAP_GUARDED_BY(close_mutex_) = false;
  mmapvideo::Writer writer_;
  const std::string location_;
  const bool keep_file_;
  std::optional<StreamFormat> format_;
  MetadataWriter metadata_writer_;
  std::string_view metadata_;  // of the frame that is being published; metadata_writer_'s
  bool no_room_told_ = false;
  std::atomic<std::uint64_t> copied_{0};
  std::atomic<std::uint64_t> zero_copy_{0};
};

}  // namespace gstmmap
