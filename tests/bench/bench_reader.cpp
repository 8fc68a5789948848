// SPDX-License-Identifier: MIT
// A process that looks at each frame as it arrives, and lets go of it at once.
#include "bench_reader.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <vector>

#include "bench_pipeline.hpp"
#include "bench_process.hpp"
#include "bench_task.hpp"
#include "bench_window.hpp"
#include "frame_work.hpp"
#include "transports.hpp"

namespace bench {
namespace {

/// More frames a second than anything here delivers. Of further ones no latency is kept.
constexpr std::uint64_t samples_per_s = 500'000;

/// Of the streaming thread, and of others after it has ended.
class Arrivals {
 public:
  Arrivals(const Window::Settings& window, bool read_completely)
      : window_(window), read_completely_(read_completely) {
    // Touched now, so that no page fault of ours is counted as the transport's.
    latencies_ns_.assign(window.length_ns * samples_per_s / 1'000'000'000, 1);
    latencies_ns_.clear();
  }

  void look_at(const unsigned char* data, std::size_t bytes) {
    const std::uint64_t arrival_ns = now_ns();
    FrameHead head;
    if (bytes < sizeof head) return;
    std::memcpy(&head, data, sizeof head);
    if (window_.note(arrival_ns)) count(head, arrival_ns);
    last_number_ = head.number;
    if (read_completely_ && sum_words(data, bytes) != expected_sum(head, bytes)) ++damaged_;
  }

  Figures figures() {
    Figures figures = window_.figures();
    add_latency(figures, latencies_ns_);
    figures["skipped"] = static_cast<double>(skipped_);
    figures["damaged"] = static_cast<double>(damaged_);
    return figures;
  }

 private:
  void count(const FrameHead& head, std::uint64_t arrival_ns) {
    skipped_ += head.number - last_number_ - 1;
    if (latencies_ns_.size() == latencies_ns_.capacity()) return;
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    latencies_ns_.push_back(static_cast<std::uint32_t>(std::min(arrival_ns - head.stamp_ns, most)));
  }

  Window window_;
  bool read_completely_;
  std::vector<std::uint32_t> latencies_ns_;
  std::uint64_t last_number_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t damaged_ = 0;
};

GstPadProbeReturn on_buffer(GstPad*, GstPadProbeInfo* info, gpointer arrivals) {
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
  static_cast<Arrivals*>(arrivals)->look_at(map.data, map.size);
  gst_buffer_unmap(buffer, &map);
  return GST_PAD_PROBE_OK;
}

GstElement* make_fakesink() {
  GstElement* sink = gst_element_factory_make("fakesink", nullptr);
  if (sink == nullptr) throw std::runtime_error("no element fakesink");
  g_object_set(sink, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE, nullptr);
  return sink;
}

void look_at_buffers(GstElement* sink, Arrivals& arrivals) {
  GstPad* pad = gst_element_get_static_pad(sink, "sink");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, &arrivals, nullptr);
  gst_object_unref(pad);
}

}  // namespace

void run_reader(const Json& task) {
  Arrivals arrivals(window_settings(task), task.at("filled"));
  Pipeline pipeline(make_source(transport_named(task.at("transport")), stage(task)),
                    make_fakesink());
  look_at_buffers(pipeline.sink(), arrivals);
  pipeline.play();
  say_ready();
  if (!wait_to_be_told("stop")) return;
  pipeline.has_ended(0);
  const Figures copies = copy_figures(pipeline.source());
  pipeline.stop();
  Figures figures = arrivals.figures();
  if (figures["frames"] == 0) throw std::runtime_error("no frame arrived");
  figures.insert(copies.begin(), copies.end());
  say_result(figures);
}

}  // namespace bench
