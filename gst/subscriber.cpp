// SPDX-License-Identifier: MIT
// What mmapsrc does between start and stop: frames of the file into buffers.
#include "subscriber.hpp"

#include <cstring>
#include <memory>
#include <utility>

#include "frame_flags.hpp"
#include "pipeline_clock.hpp"
#include "post_error.hpp"

namespace gstmmap {
namespace {

struct CapsUnref {
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
};
using OwnedCaps = std::unique_ptr<GstCaps, CapsUnref>;

[[noreturn]] void throw_broken(const std::string& path, const char* problem) {
  throw_error(
      MMAPVIDEO_BROKEN_FILE,
      "A frame of \"" + path + "\" cannot be used: " + problem + ". Is its writer a correct one?",
      "frame description");
}

[[noreturn]] void throw_no_buffer(const std::string& path, std::uint64_t bytes, const char* call) {
  throw_error(MMAPVIDEO_OUT_OF_MEMORY,
              "No memory for a buffer of " + std::to_string(bytes) + " bytes for a frame of \"" +
                  path + "\".",
              call);
}

}  // namespace

Subscriber::Subscriber(GstBaseSrc* element, const Settings& settings)
    : element_(element), settings_(settings), reader_(settings.location, settings.delivery) {}

Subscriber::~Subscriber() { release_pool(); }

GstFlowReturn Subscriber::receive(GstBuffer** buffer) {
  if (std::exchange(restart_silence_, false)) last_arrival_ns_ = mmapvideo_clock_now_ns();
  for (;;) {
    mmapvideo::Frame frame{};
    GstFlowReturn flow = GST_FLOW_OK;
    const Step step = next_frame(frame, flow);
    if (step == Step::stop) return flow;
    if (step == Step::again) continue;
    note_arrival(frame);
    flow = follow_caps(frame);
    if (flow != GST_FLOW_OK) return flow;
    *buffer = copy_frame(frame);
    // Nothing: rewritten while it was copied; the next frame counts it as skipped.
    if (*buffer != nullptr) return GST_FLOW_OK;
  }
}

// ---- Events of the stream ---------------------------------------------------------------------

Subscriber::Step Subscriber::next_frame(mmapvideo::Frame& frame, GstFlowReturn& flow) {
  std::int64_t limit_ns = -1;
  if (settings_.timeout_ns != GST_CLOCK_TIME_NONE && !silence_told_) {
    const std::uint64_t silence_ns = mmapvideo_clock_now_ns() - last_arrival_ns_;
    limit_ns = silence_ns < settings_.timeout_ns
                   ? static_cast<std::int64_t>(settings_.timeout_ns - silence_ns)
                   : 0;
  }
  const mmapvideo::Status status = reader_.next(limit_ns, frame);
  switch (status) {
    case MMAPVIDEO_OK:
      return Step::frame;
    case MMAPVIDEO_CANCELLED:
      // Time spent paused or flushing is no silence.
      restart_silence_ = true;
      flow = GST_FLOW_FLUSHING;
      return Step::stop;
    case MMAPVIDEO_TIMEOUT:
      return silent(flow);
    default:
      return disconnected(status, flow);
  }
}

Subscriber::Step Subscriber::disconnected(mmapvideo::Status status, GstFlowReturn& flow) {
  const bool clean = status == MMAPVIDEO_ENDED;
  OnDisconnect action = settings_.on_disconnect;
  if (action == OnDisconnect::automatic) action = clean ? OnDisconnect::eos : OnDisconnect::wait;
  if (action == OnDisconnect::eos) {
    flow = GST_FLOW_EOS;
    return Step::stop;
  }
  if (action == OnDisconnect::error) {
    const std::string sentence =
        "The writer of \"" + settings_.location + "\" " + (clean ? "ended the stream." : "died.");
    post_error(GST_ELEMENT(element_), status, sentence.c_str(), "on-disconnect=error");
    flow = GST_FLOW_ERROR;
    return Step::stop;
  }
  writer_missing_ = true;
  post_event(
      gst_structure_new("mmap-writer-lost", "ended-cleanly", G_TYPE_BOOLEAN, clean, nullptr));
  return Step::again;
}

Subscriber::Step Subscriber::silent(GstFlowReturn& flow) {
  if (settings_.on_disconnect == OnDisconnect::eos) {
    flow = GST_FLOW_EOS;
    return Step::stop;
  }
  if (settings_.on_disconnect == OnDisconnect::error) {
    const std::string sentence = "No frame came from \"" + settings_.location + "\" for " +
                                 std::to_string(settings_.timeout_ns / GST_MSECOND) + " ms.";
    post_error(GST_ELEMENT(element_), MMAPVIDEO_TIMEOUT, sentence.c_str(), "timeout");
    flow = GST_FLOW_ERROR;
    return Step::stop;
  }
  silence_told_ = true;
  post_event(
      gst_structure_new("mmap-timeout", "timeout", G_TYPE_UINT64, settings_.timeout_ns, nullptr));
  return Step::again;
}

void Subscriber::note_arrival(const mmapvideo::Frame& frame) {
  last_arrival_ns_ = mmapvideo_clock_now_ns();
  silence_told_ = false;
  if (writer_missing_) {
    writer_missing_ = false;
    post_event(
        gst_structure_new("mmap-writer-returned", "number", G_TYPE_UINT64, frame.number, nullptr));
  }
  if (frame.skipped == 0 && !frame.new_session) return;
  discontinuity_ = true;
  // With delivery=latest frames are skipped on purpose; that is counted, not told.
  if (frame.skipped != 0 && settings_.delivery == MMAPVIDEO_DELIVERY_EVERY_FRAME)
    post_event(
        gst_structure_new("mmap-frames-skipped", "count", G_TYPE_UINT64, frame.skipped, nullptr));
}

/// Posts an element message, with the location added. Takes `event`.
void Subscriber::post_event(GstStructure* event) {
  gst_structure_set(event, "location", G_TYPE_STRING, settings_.location.c_str(), nullptr);
  gst_element_post_message(GST_ELEMENT(element_),
                           gst_message_new_element(GST_OBJECT(element_), event));
}

// ---- Caps -------------------------------------------------------------------------------------

/// Makes the frame's caps the pad's. FLUSHING if the pad is shutting down, NOT_NEGOTIATED if
/// downstream refuses; then they are tried again with the next frame.
GstFlowReturn Subscriber::follow_caps(const mmapvideo::Frame& frame) {
  if (format_ && format_->caps_text == frame.caps) return GST_FLOW_OK;
  const OwnedCaps caps(gst_caps_from_string(frame.caps));
  auto format = caps ? describe_caps(caps.get()) : std::nullopt;
  if (!format) throw_broken(settings_.location, "its caps are not those of raw video");
  format_.reset();
  release_pool();
  // The second call asks downstream about the new caps; the answer to what matters here comes
  // through set_video_meta_accepted().
  if (!gst_base_src_set_caps(element_, caps.get()) || !gst_base_src_negotiate(element_))
    return GST_PAD_IS_FLUSHING(GST_BASE_SRC_PAD(element_)) ? GST_FLOW_FLUSHING
                                                           : GST_FLOW_NOT_NEGOTIATED;
  format->caps_text = frame.caps;
  format_ = std::move(format);
  return GST_FLOW_OK;
}

// ---- Buffers ----------------------------------------------------------------------------------

GstBuffer* Subscriber::copy_frame(const mmapvideo::Frame& frame) {
  mmapvideo::FrameInfo described = *frame.info;
  if (described.plane_count == 0)
    describe_planes(format_->video_info, nullptr, described.payload_bytes, described);
  if (!planes_fit(format_->video_info, described))
    throw_broken(settings_.location, "its planes do not fit its size");
  if (described.payload_bytes > G_MAXUINT)
    throw_broken(settings_.location, "it is larger than a buffer can be");
  GstBuffer* buffer = take_buffer(described.payload_bytes);
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_WRITE)) {
    gst_buffer_unref(buffer);
    throw_no_buffer(settings_.location, described.payload_bytes, "gst_buffer_map");
  }
  mmapvideo::Status status = MMAPVIDEO_OK;
  try {
    status = reader_.copy_payload(map.data, described.payload_bytes);
  } catch (const mmapvideo::Error&) {
    gst_buffer_unmap(buffer, &map);
    gst_buffer_unref(buffer);
    throw;
  }
  gst_buffer_unmap(buffer, &map);
  if (status == MMAPVIDEO_OVERWRITTEN) {
    gst_buffer_unref(buffer);
    return nullptr;
  }
  add_layout(buffer, described);
  const bool comparable = reader_.stats().clock_comparable != 0;
  stamp(buffer, frame, comparable);
  measure(frame, comparable);
  return buffer;
}

GstBuffer* Subscriber::take_buffer(std::uint64_t bytes) {
  if (pool_ == nullptr || pool_buffer_bytes_ != bytes) replace_pool(bytes);
  GstBuffer* buffer = nullptr;
  if (gst_buffer_pool_acquire_buffer(pool_, &buffer, nullptr) != GST_FLOW_OK)
    throw_no_buffer(settings_.location, bytes, "gst_buffer_pool_acquire_buffer");
  return buffer;
}

/// A pool of our own: its buffers have the size of the writer's, whatever its strides are.
void Subscriber::replace_pool(std::uint64_t bytes) {
  release_pool();
  pool_ = gst_buffer_pool_new();
  GstStructure* config = gst_buffer_pool_get_config(pool_);
  gst_buffer_pool_config_set_params(config, nullptr, static_cast<guint>(bytes), 0, 0);
  GstAllocationParams alignment;
  gst_allocation_params_init(&alignment);
  alignment.align = 63;  // a cache line; enough for any vector instruction
  gst_buffer_pool_config_set_allocator(config, nullptr, &alignment);
  if (!gst_buffer_pool_set_config(pool_, config) || !gst_buffer_pool_set_active(pool_, TRUE))
    throw_no_buffer(settings_.location, bytes, "gst_buffer_pool_set_active");
  pool_buffer_bytes_ = bytes;
}

void Subscriber::release_pool() {
  if (pool_ == nullptr) return;
  // Buffers that are still out find their way back; the pool goes with the last.
  gst_buffer_pool_set_active(pool_, FALSE);
  gst_object_unref(pool_);
  pool_ = nullptr;
}

/// Says where the planes are. Where downstream would not look, puts them where it expects them.
void Subscriber::add_layout(GstBuffer*& buffer, const mmapvideo::FrameInfo& described) {
  const GstVideoInfo& info = format_->video_info;
  gsize offset[GST_VIDEO_MAX_PLANES] = {};
  gint stride[GST_VIDEO_MAX_PLANES] = {};
  for (unsigned i = 0; i < described.plane_count; ++i) {
    offset[i] = described.planes[i].offset;
    stride[i] = static_cast<gint>(described.planes[i].stride);
  }
  gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&info),
                                 static_cast<guint>(info.width), static_cast<guint>(info.height),
                                 described.plane_count, offset, stride);
  if (!video_meta_accepted_ && !has_default_layout(info, described)) buffer = repack(buffer);
}

GstBuffer* Subscriber::repack(GstBuffer* padded) {
  const GstVideoInfo& info = format_->video_info;
  GstBuffer* plain = gst_buffer_new_allocate(nullptr, info.size, nullptr);
  GstVideoFrame from;
  GstVideoFrame to;
  bool copied = false;
  if (gst_video_frame_map(&from, &info, padded, GST_MAP_READ)) {
    if (gst_video_frame_map(&to, &info, plain, GST_MAP_WRITE)) {
      copied = gst_video_frame_copy(&to, &from);
      gst_video_frame_unmap(&to);
    }
    gst_video_frame_unmap(&from);
  }
  gst_buffer_unref(padded);
  if (copied) return plain;
  gst_buffer_unref(plain);
  throw_broken(settings_.location, "its planes cannot be mapped");
}

// ---- Times ------------------------------------------------------------------------------------

void Subscriber::stamp(GstBuffer* buffer, const mmapvideo::Frame& frame, bool comparable) {
  const mmapvideo::FrameInfo& info = *frame.info;
  GST_BUFFER_FLAG_SET(buffer, buffer_flags_from_frame(info.flags));
  if (discontinuity_) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  discontinuity_ = false;
  GST_BUFFER_DURATION(buffer) = info.duration_ns;
  GST_BUFFER_OFFSET(buffer) = info.offset;
  GST_BUFFER_OFFSET_END(buffer) = info.offset_end;

  const auto clock = sample_pipeline_clock(GST_ELEMENT(element_));
  if (!clock) return;
  const std::uint64_t instant_ns = comparable && info.clock_time_ns != MMAPVIDEO_NONE
                                       ? info.clock_time_ns
                                       : mmapvideo_clock_now_ns();
  // Without a shared clock the two clocks are sampled now, which is the arrival.
  GST_BUFFER_PTS(buffer) =
      running_time_from_monotonic(instant_ns, clock->base_time_ns, clock->sample);
  if (info.dts_ns != MMAPVIDEO_NONE && info.pts_ns != MMAPVIDEO_NONE) {
    const std::uint64_t ahead_ns = info.pts_ns - info.dts_ns;
    const std::uint64_t pts_ns = GST_BUFFER_PTS(buffer);
    GST_BUFFER_DTS(buffer) = info.dts_ns > info.pts_ns ? pts_ns + (info.dts_ns - info.pts_ns)
                             : pts_ns > ahead_ns       ? pts_ns - ahead_ns
                                                       : 0;
  }
}

void Subscriber::measure(const mmapvideo::Frame& frame, bool comparable) {
  // The first frame after attaching may have lain in the file for a while.
  if (comparable && !frame.new_session)
    latencies_.add(mmapvideo_clock_now_ns() - frame.info->publish_time_ns);
  if (latency_ns_.exchange(frame.info->latency_ns) != frame.info->latency_ns)
    gst_element_post_message(GST_ELEMENT(element_), gst_message_new_latency(GST_OBJECT(element_)));
}

GstStructure* Subscriber::stats() const {
  const mmapvideo_reader_stats figures = reader_.stats();
  const std::uint64_t reattached = figures.attach_count > 1 ? figures.attach_count - 1 : 0;
  return gst_structure_new(
      "mmapsrc-stats", "frames", G_TYPE_UINT64, figures.frame_count, "skipped", G_TYPE_UINT64,
      figures.skipped_count, "torn-retries", G_TYPE_UINT64, figures.torn_retry_count, "copied",
      G_TYPE_UINT64, figures.frame_count, "reattached", G_TYPE_UINT64, reattached,
      "last-latency-ns", G_TYPE_UINT64, latencies_.last(), "p50-latency-ns", G_TYPE_UINT64,
      latencies_.percentile(50), "p90-latency-ns", G_TYPE_UINT64, latencies_.percentile(90),
      "p99-latency-ns", G_TYPE_UINT64, latencies_.percentile(99), "max-latency-ns", G_TYPE_UINT64,
      latencies_.max(), nullptr);
}

}  // namespace gstmmap
