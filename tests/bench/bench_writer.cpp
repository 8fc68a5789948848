// SPDX-License-Identifier: MIT
// A process that writes frames, and what that cost it.
#include "bench_writer.hpp"

#include "bench_pipeline.hpp"
#include "bench_process.hpp"
#include "bench_source.hpp"
#include "bench_task.hpp"
#include "transports.hpp"

namespace bench {

void run_writer(const Json& task) {
  const SourceSettings settings{.caps = task.at("caps"),
                                .frame_bytes = task.at("frame_bytes"),
                                .period_ns = task.at("period_ns"),
                                .filled = task.at("filled"),
                                .window = window_settings(task)};
  const Transport& transport = transport_named(task.at("transport"));
  Pipeline pipeline(make_bench_source(settings), make_sink(transport, stage(task)));
  pipeline.play();
  while (!is_armed(pipeline.source())) pipeline.has_ended(GST_MSECOND);
  say_ready();
  if (!wait_to_be_told("go")) return;
  start_frames(pipeline.source());
  while (!pipeline.has_ended(GST_CLOCK_TIME_NONE)) {
  }
  Figures figures = source_figures(pipeline.source());
  figures.merge(copy_figures(pipeline.sink()));
  figures["resident_mib"] = resident_mib();
  say_result(figures);
  wait_to_be_told("stop");
}

}  // namespace bench
