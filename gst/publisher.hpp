// SPDX-License-Identifier: MIT
// What mmapsink does between start and stop: buffers into the file.
#pragma once

#include <gst/video/video.h>

#include <mmapvideo/mmapvideo.hpp>
#include <mutex>
#include <optional>
#include <string>

#include "video_format.hpp"

namespace gstmmap {

/// One writing session. Used by the streaming thread; stats() from any.
///
/// Throws mmapvideo::Error; the caller turns it into a message on the bus.
class Publisher {
 public:
  struct Settings {
    std::string location;
    unsigned slots = 0;
    unsigned permissions = 0600;
    bool keep_file = false;
  };
  /// Times of a frame that only the element knows, all in nanoseconds.
  struct Timing {
    std::uint64_t clock_time_ns = MMAPVIDEO_NONE;  // of the buffer's PTS, on CLOCK_MONOTONIC
    std::uint64_t latency_ns = 0;
  };
  enum class Outcome { published, dropped };

  explicit Publisher(const Settings& settings);
  ~Publisher() { close(); }
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// Reserves the ring. False: the caps are not those of raw video.
  bool set_caps(const GstCaps* caps);
  bool negotiated() const { return format_.has_value(); }
  /// After set_caps().
  Outcome publish(GstBuffer* buffer, const Timing& timing);
  void end() noexcept { writer_.end(); }
  /// Ends, and lets go of the file. Afterwards only stats() may be called.
  void close() noexcept;

  /// All 0 after close().
  mmapvideo_writer_stats stats() const;

 private:
  mutable std::mutex close_mutex_;  // keeps close() from pulling the writer from under stats()
  mmapvideo::Writer writer_;
  const std::string location_;
  const bool keep_file_;
  std::optional<StreamFormat> format_;
};

}  // namespace gstmmap
