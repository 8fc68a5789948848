// SPDX-License-Identifier: MIT
// A process that looks at each frame as it arrives, and lets go of it at once.
#include "bench_reader.hpp"

#include <stdexcept>

#include "arrivals.hpp"
#include "bench_pipeline.hpp"
#include "bench_process.hpp"
#include "bench_task.hpp"
#include "transports.hpp"

namespace bench {
namespace {

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
