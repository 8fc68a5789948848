// SPDX-License-Identifier: MIT
// A push source whose buffers come from whatever pool or allocator downstream proposes.
#include "bench_source.hpp"

#include <gst/base/gstpushsrc.h>

#include <atomic>
#include <cstring>

#include "frame_work.hpp"
#include "transports.hpp"

G_DECLARE_FINAL_TYPE(BenchSource, bench_source, BENCH, SOURCE, GstPushSrc)

namespace {

/// What lives behind the element.
struct SourceState {
  explicit SourceState(const bench::SourceSettings& wanted)
      : settings(wanted), window(wanted.window) {}

  const bench::SourceSettings settings;
  std::atomic<bool> armed{false};
  std::atomic<bool> started{false};
  // Of the streaming thread.
  bench::Window window;
  std::uint64_t number = 0;
  std::uint64_t first_ns = 0;
  std::uint64_t next_ns = 0;
};

}  // namespace

struct _BenchSource {
  GstPushSrc parent;
  SourceState* state;
};

#define bench_source_parent_class parent_class
G_DEFINE_FINAL_TYPE(BenchSource, bench_source, GST_TYPE_PUSH_SRC)
GST_ELEMENT_REGISTER_DEFINE(benchsrc, "benchsrc", GST_RANK_NONE, bench_source_get_type())

namespace {

// Readers go on for a moment after the writer's window: theirs open later.
constexpr std::uint64_t tail_ns = 150'000'000;

GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("video/x-raw"));

GstCaps* bench_source_get_caps(GstBaseSrc* base, GstCaps* filter) {
  GstCaps* caps = gst_caps_from_string(BENCH_SOURCE(base)->state->settings.caps.c_str());
  if (filter == nullptr) return caps;
  GstCaps* common = gst_caps_intersect(filter, caps);
  gst_caps_unref(caps);
  return common;
}

/// Where downstream offers no pool, the base class makes one, with downstream's allocator if there
/// is one. It is bounded: a source that is ahead of the readers waits for a free frame, as a camera
/// would, instead of leaving the shared memory.
gboolean bench_source_decide_allocation(GstBaseSrc* base, GstQuery* query) {
  if (gst_query_get_n_allocation_pools(query) == 0) {
    const auto bytes = static_cast<guint>(BENCH_SOURCE(base)->state->settings.frame_bytes);
    gst_query_add_allocation_pool(query, nullptr, bytes, 2, bench::frames_under_way(bytes));
  }
  return GST_BASE_SRC_CLASS(parent_class)->decide_allocation(base, query);
}

void wait_for_start(SourceState& state) {
  state.armed = true;
  state.armed.notify_all();
  state.started.wait(false);
  state.first_ns = state.next_ns = bench::now_ns();
}

/// A frame that is late by more than a period is not made up for: cameras do not hurry either.
void wait_for_turn(SourceState& state) {
  const std::uint64_t period_ns = state.settings.period_ns;
  if (period_ns == 0) return;
  bench::sleep_until(state.next_ns);
  const std::uint64_t now_ns = bench::now_ns();
  state.next_ns = now_ns > state.next_ns + period_ns ? now_ns : state.next_ns + period_ns;
}

/// The time of the stamp.
std::uint64_t write_frame(const SourceState& state, unsigned char* data, std::size_t bytes) {
  if (state.settings.filled) bench::fill_frame(data, bytes, state.number);
  const bench::FrameHead head{state.number, bench::now_ns()};
  std::memcpy(data, &head, sizeof head);
  return head.stamp_ns;
}

GstFlowReturn bench_source_fill(GstPushSrc* base, GstBuffer* buffer) {
  SourceState& state = *BENCH_SOURCE(base)->state;
  if (state.number == 0) wait_for_start(state);
  wait_for_turn(state);
  if (state.window.closed() && bench::now_ns() > state.window.closed_ns() + tail_ns)
    return GST_FLOW_EOS;
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_WRITE)) return GST_FLOW_ERROR;
  const std::uint64_t stamp_ns = write_frame(state, map.data, map.size);
  gst_buffer_unmap(buffer, &map);
  GST_BUFFER_PTS(buffer) = stamp_ns - state.first_ns;
  GST_BUFFER_OFFSET(buffer) = state.number++;
  state.window.note(stamp_ns);
  return GST_FLOW_OK;
}

void bench_source_finalize(GObject* object) {
  delete BENCH_SOURCE(object)->state;
  G_OBJECT_CLASS(parent_class)->finalize(object);
}

}  // namespace

static void bench_source_class_init(BenchSourceClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = bench_source_finalize;
  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(element_class, "Benchmark source", "Source/Video",
                                        "Stamped frames that cost nothing to make",
                                        "The mmapvideo authors");
  gst_element_class_add_static_pad_template(element_class, &src_template);
  GST_BASE_SRC_CLASS(klass)->get_caps = bench_source_get_caps;
  GST_BASE_SRC_CLASS(klass)->decide_allocation = bench_source_decide_allocation;
  GST_PUSH_SRC_CLASS(klass)->fill = bench_source_fill;
}

static void bench_source_init(BenchSource* source) {
  gst_base_src_set_format(GST_BASE_SRC(source), GST_FORMAT_TIME);
}

namespace bench {

GstElement* make_bench_source(const SourceSettings& settings) {
  GST_ELEMENT_REGISTER(benchsrc, nullptr);
  GstElement* element = gst_element_factory_make("benchsrc", nullptr);
  BENCH_SOURCE(element)->state = new SourceState(settings);
  gst_base_src_set_blocksize(GST_BASE_SRC(element), static_cast<guint>(settings.frame_bytes));
  return element;
}

bool is_armed(GstElement* source) { return BENCH_SOURCE(source)->state->armed; }

void start_frames(GstElement* source) {
  SourceState& state = *BENCH_SOURCE(source)->state;
  state.started = true;
  state.started.notify_all();
}

Figures source_figures(GstElement* source) { return BENCH_SOURCE(source)->state->window.figures(); }

}  // namespace bench
