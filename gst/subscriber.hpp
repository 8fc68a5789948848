// SPDX-License-Identifier: MIT
// What mmapsrc does between start and stop: frames of the file into buffers.
#pragma once

#include <gst/base/gstbasesrc.h>
#include <gst/video/video.h>

#include <atomic>
#include <memory>
#include <mmapvideo/mmapvideo.hpp>
#include <optional>
#include <string>

#include "clock_map.hpp"
#include "copy_target.hpp"
#include "latency_histogram.hpp"
#include "lease_gate.hpp"
#include "metadata_reader.hpp"
#include "pipeline_clock.hpp"
#include "video_format.hpp"

namespace gstmmap {

/// What to do when the stream ends, breaks off or falls silent.
enum class OnDisconnect { automatic, wait, eos, error };

/// How a frame comes into a buffer.
enum class IoMode { automatic, zero_copy, copy };

/// One reading session. receive() belongs to the streaming thread, the rest to any thread.
class Subscriber {
 public:
  struct Settings {
    std::string location;
    mmapvideo_delivery delivery = MMAPVIDEO_DELIVERY_LATEST;
    IoMode io_mode = IoMode::automatic;
    unsigned max_leases = MMAPVIDEO_DEFAULT_MAX_LEASES;
    OnDisconnect on_disconnect = OnDisconnect::automatic;
    std::uint64_t timeout_ns = GST_CLOCK_TIME_NONE;
  };

  /// Throws mmapvideo::Error.
  Subscriber(GstBaseSrc* element, const Settings& settings);
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  /// Waits for the next frame and puts it into a buffer: OK, EOS, FLUSHING (after unlock), or an
  /// error that was posted. Negotiates when the caps change. Throws mmapvideo::Error.
  GstFlowReturn receive(GstBuffer** buffer);
  void unlock() noexcept;
  void unlock_stop() noexcept;
  /// Between the two.
  bool is_unlocked() const { return lease_gate_->cancelled(); }

  /// What downstream answered to the allocation query. Streaming thread.
  void negotiate(GstQuery* allocation) { copy_target_.negotiate(allocation); }
  /// How old a frame may be when it comes, and how old it may be when downstream takes it without
  /// that another one is missed; GST_CLOCK_TIME_NONE: as old as it likes.
  struct Latency {
    std::uint64_t min_ns;
    std::uint64_t max_ns;
  };
  Latency latency() const noexcept;
  GstStructure* stats() const;

 private:
  enum class Step { frame, again, stop };

  /// One event of the stream. `flow` is set when the answer is stop.
  Step next_frame(mmapvideo::Frame& frame, GstFlowReturn& flow);
  Step disconnected(mmapvideo::Status status, GstFlowReturn& flow);
  Step silent(GstFlowReturn& flow);
  void note_arrival(const mmapvideo::Frame& frame);
  GstFlowReturn follow_caps(const mmapvideo::Frame& frame);
  GstBuffer* make_buffer(const mmapvideo::Frame& frame);
  bool may_lease(const mmapvideo::FrameInfo& described) const;
  mmapvideo::Status take_lease(mmapvideo::Lease& lease);
  void tell_no_locks();
  GstBuffer* wrap(mmapvideo::Lease lease, const mmapvideo::FrameInfo& described);
  /// `comparable`: the file's times are of this machine's running clock.
  void stamp(GstBuffer* buffer, const mmapvideo::Frame& frame, bool comparable);
  void measure(const mmapvideo::Frame& frame, bool comparable);
  bool note_latency(const mmapvideo_frame_info& info) noexcept;
  void attach_metadata(GstBuffer* buffer, const mmapvideo::Frame& frame);
  void post_event(GstStructure* event);

  GstBaseSrc* const element_;  // not owned: the element owns this
  const Settings settings_;
  mmapvideo::Reader reader_;
  std::optional<StreamFormat> format_;
  PipelineClockSampler clock_;
  CopyTarget copy_target_;
  const std::shared_ptr<LeaseGate> lease_gate_ = std::make_shared<LeaseGate>();
  bool no_locks_told_ = false;
  bool writer_missing_ = false;  // told as mmap-writer-lost, not yet returned
  bool silence_told_ = false;    // the timeout was told in this silence
  MetadataReader metadata_;
  ForwardTime forward_;
  bool discontinuity_ = false;                // frames were missed since the last buffer
  bool restart_silence_ = true;               // silence begins with the next receive()
  std::uint64_t last_arrival_ns_ = 0;         // or the begin of silence, on the library's clock
  std::atomic<std::uint64_t> latency_ns_{0};  // of the writer's stream before publication
  std::atomic<std::uint64_t> frame_duration_ns_{0};  // 0: unknown, or no frame is skipped
  LatencyHistogram latencies_;
  std::atomic<std::uint64_t> zero_copy_{0};
  std::atomic<std::uint64_t> copied_{0};
  std::atomic<bool> last_was_leased_{false};
};

}  // namespace gstmmap
