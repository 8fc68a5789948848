// SPDX-License-Identifier: MIT
// What mmapsrc does between start and stop: frames of the file into buffers.
#include "subscriber.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "frame_flags.hpp"
#include "mapped_memory.hpp"
#include "pipeline_clock.hpp"
#include "post_error.hpp"

GST_DEBUG_CATEGORY_EXTERN(gst_mmap_src_debug);
#define GST_CAT_DEFAULT gst_mmap_src_debug

namespace gstmmap {
namespace {

// As long as a writer looks at a slot, if it runs.
constexpr std::chrono::milliseconds claim_time{1};
// Claimed for longer, a slot is the writer's next one or a dead writer's: its frame is copied.
constexpr int max_claim_waits = 20;

struct CapsUnref {
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
};
using OwnedCaps = std::unique_ptr<GstCaps, CapsUnref>;

// Many more than caps of raw video have, with all their features, lists and ranges.
constexpr std::ptrdiff_t max_brackets = 256;

/// GStreamer's parser goes one level deeper with each bracket, as far as the stack lasts.
bool is_flat(const std::string_view caps) {
  return std::count_if(caps.begin(), caps.end(),
                       [](char c) { return c == '{' || c == '<' || c == '['; }) <= max_brackets;
}

[[noreturn]] void throw_broken(const std::string& path, const char* problem) {
  throw_error(
      MMAPVIDEO_BROKEN_FILE,
      "A frame of \"" + path + "\" cannot be used: " + problem + ". Is its writer a correct one?",
      "frame description");
}

std::uint64_t frame_duration_ns(const mmapvideo_frame_info& info) {
  if (info.fps_numerator == 0) return 0;
  return gst_util_uint64_scale(GST_SECOND, info.fps_denominator, info.fps_numerator);
}

}  // namespace

Subscriber::Subscriber(GstBaseSrc* element, const Settings& settings)
    : element_(element),
      settings_(settings),
      reader_(settings.location, settings.delivery, false, settings.max_leases),
      copy_target_(settings.location) {
  // The latency is asked for before the first frame comes; a file that is there has it already.
  try {
    const mmapvideo::FileInfo file = mmapvideo::inspect(settings.location);
    if (file.has_newest != 0) note_latency(file.newest);
  } catch (const mmapvideo::Error& error) {
    GST_DEBUG("nothing to be seen yet: %s", error.what());  // reading it will tell, if it matters
  }
}

void Subscriber::unlock() noexcept {
  reader_.cancel();
  lease_gate_->set_cancelled(true);
}

void Subscriber::unlock_stop() noexcept {
  lease_gate_->set_cancelled(false);
  reader_.resume();
}

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
    *buffer = make_buffer(frame);
    // Nothing: rewritten before it was had; the next frame counts it as skipped. Or cancelled.
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
      // Time spent flushing is no silence.
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
  const OwnedCaps caps(is_flat(frame.caps) ? gst_caps_from_string(frame.caps) : nullptr);
  auto format = caps ? describe_caps(caps.get()) : std::nullopt;
  if (!format) throw_broken(settings_.location, "its caps are not those of raw video");
  format_.reset();
  copy_target_.reset();
  // The second call asks downstream about the new caps; the answer comes through negotiate().
  if (!gst_base_src_set_caps(element_, caps.get()) || !gst_base_src_negotiate(element_))
    return GST_PAD_IS_FLUSHING(GST_BASE_SRC_PAD(element_)) ? GST_FLOW_FLUSHING
                                                           : GST_FLOW_NOT_NEGOTIATED;
  format->caps_text = frame.caps;
  format_ = std::move(format);
  return GST_FLOW_OK;
}

// ---- Buffers ----------------------------------------------------------------------------------

/// NULL: the frame is gone.
GstBuffer* Subscriber::make_buffer(const mmapvideo::Frame& frame) {
  mmapvideo::FrameInfo described = *frame.info;
  if (described.plane_count == 0)
    describe_planes(format_->video_info, nullptr, described.payload_bytes, described);
  if (!planes_fit(format_->video_info, described))
    throw_broken(settings_.location, "its planes do not fit its size");
  if (described.payload_bytes > G_MAXUINT)
    throw_broken(settings_.location, "it is larger than a buffer can be");
  mmapvideo::Lease lease;
  const mmapvideo::Status status =
      may_lease(described) ? take_lease(lease) : MMAPVIDEO_TOO_MANY_LEASES;
  if (status == MMAPVIDEO_OVERWRITTEN || status == MMAPVIDEO_CANCELLED) return nullptr;
  const bool leased = status == MMAPVIDEO_OK;
  GstBuffer* buffer =
      leased ? wrap(std::move(lease), described) : copy_target_.copy(reader_, *format_, described);
  if (buffer == nullptr) return nullptr;
  ++(leased ? zero_copy_ : copied_);
  last_was_leased_ = leased;
  const bool comparable = reader_.stats().clock_comparable != 0;
  stamp(buffer, frame, comparable);
  measure(frame, comparable);
  attach_metadata(buffer, frame);
  return buffer;
}

/// In place a frame has the writer's layout, whatever downstream can make of it.
bool Subscriber::may_lease(const mmapvideo::FrameInfo& described) const {
  if (settings_.io_mode == IoMode::copy) return false;
  return copy_target_.video_meta_accepted() || has_default_layout(format_->video_info, described);
}

/// OK, OVERWRITTEN, CANCELLED, or anything else: copy.
mmapvideo::Status Subscriber::take_lease(mmapvideo::Lease& lease) {
  const bool must = settings_.io_mode == IoMode::zero_copy;
  for (int claim_waits = 0;;) {
    const std::uint64_t ended_count = must ? lease_gate_->ended_count() : 0;
    const mmapvideo::Status status = reader_.lease(lease);
    if (status == MMAPVIDEO_NO_LOCKS) tell_no_locks();
    if (status != MMAPVIDEO_TOO_MANY_LEASES || !must) return status;
    const mmapvideo_reader_stats figures = reader_.stats();
    if (figures.lease_limit == 0)
      throw_error(MMAPVIDEO_INVALID_ARGUMENT,
                  "\"" + settings_.location +
                      "\" has so few slots that none can be leased. Give its writer slots=3 or "
                      "more, or use io-mode=auto.",
                  "io-mode=zero-copy");
    // Fewer than may be: the writer has claimed the slot.
    const bool is_claimed = figures.lease_count < figures.lease_limit;
    if (is_claimed && ++claim_waits > max_claim_waits) return status;
    const bool go_on = is_claimed ? lease_gate_->wait_beyond(ended_count, claim_time)
                                  : lease_gate_->wait_beyond(ended_count);
    if (!go_on) return MMAPVIDEO_CANCELLED;
  }
}

/// Said once; with io-mode=zero-copy it is an error.
void Subscriber::tell_no_locks() {
  if (settings_.io_mode == IoMode::zero_copy)
    throw_error(MMAPVIDEO_NO_LOCKS,
                "The file system of \"" + settings_.location +
                    "\" has no locks, without which frames cannot be used in place. Put the file "
                    "on a memory file system such as /dev/shm, or use io-mode=auto.",
                "io-mode=zero-copy");
  if (std::exchange(no_locks_told_, true)) return;
  GST_ELEMENT_WARNING(
      element_, RESOURCE, SETTINGS,
      ("The file system of \"%s\" has no locks; frames are copied.", settings_.location.c_str()),
      ("F_OFD_SETLK"));
}

GstBuffer* Subscriber::wrap(mmapvideo::Lease lease, const mmapvideo::FrameInfo& described) {
  const bool must = settings_.io_mode == IoMode::zero_copy;
  GstBuffer* buffer = gst_buffer_new();
  gst_buffer_append_memory(buffer, wrap_lease(std::move(lease), must ? lease_gate_ : nullptr));
  add_video_meta(buffer, format_->video_info, layout_of(described));
  if (!copy_target_.video_meta_accepted())
    gst_buffer_set_size(buffer, static_cast<gssize>(format_->video_info.size));
  return buffer;
}

/// One of these is made for a frame that brings events, and only then.
struct EventsAhead {
  std::vector<OwnedEvent> events;
};

/// Events go out where the buffer does: behind caps and segment, which the base class sends with
/// the first buffer.
GstPadProbeReturn push_events_ahead(GstPad* pad, GstPadProbeInfo*, gpointer data) {
  for (OwnedEvent& event : static_cast<EventsAhead*>(data)->events)
    gst_pad_push_event(pad, event.release());
  return GST_PAD_PROBE_REMOVE;
}

void Subscriber::attach_metadata(GstBuffer* buffer, const mmapvideo::Frame& frame) {
  if (frame.info->metadata_bytes == 0) return;
  metadata_.attach(frame.metadata, frame.info->metadata_bytes, buffer);
  auto events = metadata_.take_events();
  if (events.empty()) return;
  gst_pad_add_probe(GST_BASE_SRC_PAD(element_), GST_PAD_PROBE_TYPE_BUFFER, push_events_ahead,
                    new EventsAhead{std::move(events)},
                    [](gpointer ahead) { delete static_cast<EventsAhead*>(ahead); });
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

  const auto clock = clock_.sample(GST_ELEMENT(element_));
  if (!clock) return;
  const std::uint64_t instant_ns = comparable && info.clock_time_ns != MMAPVIDEO_NONE
                                       ? info.clock_time_ns
                                       : mmapvideo_clock_now_ns();
  // Without a shared clock the two clocks are sampled now, which is the arrival.
  GST_BUFFER_PTS(buffer) =
      forward_.place(running_time_from_monotonic(instant_ns, clock->base_time_ns, clock->sample),
                     frame.session_id, clock->base_time_ns);
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
  if (note_latency(*frame.info))
    gst_element_post_message(GST_ELEMENT(element_), gst_message_new_latency(GST_OBJECT(element_)));
}

/// True: it is another one than before.
bool Subscriber::note_latency(const mmapvideo_frame_info& info) noexcept {
  const std::uint64_t latency_ns = info.latency_ns != MMAPVIDEO_NONE ? info.latency_ns : 0;
  const std::uint64_t duration_ns =
      settings_.delivery == MMAPVIDEO_DELIVERY_LATEST ? frame_duration_ns(info) : 0;
  const bool other_latency = latency_ns_.exchange(latency_ns) != latency_ns;
  return frame_duration_ns_.exchange(duration_ns) != duration_ns || other_latency;
}

/// With delivery=latest a frame is there until the one after the next comes: downstream that holds
/// each frame for less than that gets them all.
Subscriber::Latency Subscriber::latency() const noexcept {
  const std::uint64_t min_ns = latency_ns_;
  const std::uint64_t patience_ns = 2 * frame_duration_ns_;
  const bool is_limited = patience_ns != 0 && min_ns < GST_CLOCK_TIME_NONE - patience_ns;
  return {min_ns, is_limited ? min_ns + patience_ns : GST_CLOCK_TIME_NONE};
}

GstStructure* Subscriber::stats() const {
  const mmapvideo_reader_stats figures = reader_.stats();
  const MetadataReader::Stats metadata = metadata_.stats();
  const std::uint64_t reattached = figures.attach_count > 1 ? figures.attach_count - 1 : 0;
  return gst_structure_new(
      "mmapsrc-stats", "frames", G_TYPE_UINT64, figures.frame_count, "skipped", G_TYPE_UINT64,
      figures.skipped_count, "torn-retries", G_TYPE_UINT64, figures.torn_retry_count, "copied",
      G_TYPE_UINT64, copied_.load(), "zero-copy", G_TYPE_UINT64, zero_copy_.load(), "io-mode",
      G_TYPE_STRING, last_was_leased_ ? "zero-copy" : "copy", "reattached", G_TYPE_UINT64,
      reattached, "last-latency-ns", G_TYPE_UINT64, latencies_.last(), "p50-latency-ns",
      G_TYPE_UINT64, latencies_.percentile(50), "p90-latency-ns", G_TYPE_UINT64,
      latencies_.percentile(90), "p99-latency-ns", G_TYPE_UINT64, latencies_.percentile(99),
      "max-latency-ns", G_TYPE_UINT64, latencies_.max(), "metas", G_TYPE_UINT64, metadata.metas,
      "metas-dropped", G_TYPE_UINT64, metadata.dropped, "events", G_TYPE_UINT64, metadata.events,
      nullptr);
}

}  // namespace gstmmap
