// SPDX-License-Identifier: MIT
// What mmapsrc does between start and stop: frames of the file into buffers.
#pragma once

#include <gst/base/gstbasesrc.h>
#include <gst/video/video.h>

#include <atomic>
#include <mmapvideo/mmapvideo.hpp>
#include <optional>
#include <string>

#include "latency_histogram.hpp"
#include "video_format.hpp"

namespace gstmmap {

/// What to do when the stream ends, breaks off or falls silent.
enum class OnDisconnect { automatic, wait, eos, error };

/// One reading session. receive() belongs to the streaming thread, the rest to any thread.
class Subscriber {
 public:
  struct Settings {
    std::string location;
    mmapvideo_delivery delivery = MMAPVIDEO_DELIVERY_LATEST;
    OnDisconnect on_disconnect = OnDisconnect::automatic;
    std::uint64_t timeout_ns = GST_CLOCK_TIME_NONE;
  };

  /// Throws mmapvideo::Error.
  Subscriber(GstBaseSrc* element, const Settings& settings);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  /// Waits for the next frame and copies it into a buffer: OK, EOS, FLUSHING (after unlock), or an
  /// error that was posted. Negotiates when the caps change. Throws mmapvideo::Error.
  GstFlowReturn receive(GstBuffer** buffer);
  void unlock() noexcept { reader_.cancel(); }
  void unlock_stop() noexcept { reader_.resume(); }

  /// Does downstream understand GstVideoMeta? Told by the allocation query.
  void set_video_meta_accepted(bool accepted) noexcept { video_meta_accepted_ = accepted; }
  /// How long the writer's stream may have held a frame before it was published.
  std::uint64_t latency_ns() const noexcept { return latency_ns_; }
  GstStructure* stats() const;

 private:
  enum class Step { frame, again, stop };

  /// One event of the stream. `flow` is set when the answer is stop.
  Step next_frame(mmapvideo::Frame& frame, GstFlowReturn& flow);
  Step disconnected(mmapvideo::Status status, GstFlowReturn& flow);
  Step silent(GstFlowReturn& flow);
  void note_arrival(const mmapvideo::Frame& frame);
  GstFlowReturn follow_caps(const mmapvideo::Frame& frame);
  GstBuffer* copy_frame(const mmapvideo::Frame& frame);
  GstBuffer* take_buffer(std::uint64_t bytes);
  void replace_pool(std::uint64_t bytes);
  void release_pool();
  void add_layout(GstBuffer*& buffer, const mmapvideo::FrameInfo& described);
  GstBuffer* repack(GstBuffer* padded);
  /// `comparable`: the file's times are of this machine's running clock.
  void stamp(GstBuffer* buffer, const mmapvideo::Frame& frame, bool comparable);
  void measure(const mmapvideo::Frame& frame, bool comparable);
  void post_event(GstStructure* event);

  GstBaseSrc* const element_;  // not owned: the element owns this
  const Settings settings_;
  mmapvideo::Reader reader_;
  std::optional<StreamFormat> format_;
  GstBufferPool* pool_ = nullptr;
  std::uint64_t pool_buffer_bytes_ = 0;
  std::atomic<bool> video_meta_accepted_{false};
  bool writer_missing_ = false;        // told as mmap-writer-lost, not yet returned
  bool silence_told_ = false;          // the timeout was told in this silence
  bool discontinuity_ = false;         // frames were missed since the last buffer
  bool restart_silence_ = true;        // silence begins with the next receive()
  std::uint64_t last_arrival_ns_ = 0;  // or the begin of silence, on the library's clock
  std::atomic<std::uint64_t> latency_ns_{0};
  LatencyHistogram latencies_;
};

}  // namespace gstmmap
