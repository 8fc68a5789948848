// SPDX-License-Identifier: MIT
// The peers that are compared, and how each is set up to be as fast as it can be.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bench_figures.hpp"

namespace bench {

/// So many frames a transport that waits for its readers has under way, at most: as many as
/// mmapsink's ring has by default. (More of the large ones only spoil the caches.) A source that
/// gets an allocator, but no pool, makes a pool of as many.
constexpr unsigned frames_under_way(std::uint64_t frame_bytes) {
  const std::uint64_t fitting = (std::uint64_t{48} << 20) / frame_bytes;
  return fitting < 4 ? 4 : fitting > 16 ? 16 : static_cast<unsigned>(fitting);
}

/// What a stream asks of the elements at its two ends.
struct Stage {
  std::string path;  // where socket or file go
  std::uint64_t frame_bytes = 0;
  std::string delivery;                // of mmapsink and mmapsrc
  std::vector<std::string> overrides;  // "mmapsink.slots=8"
};

/// Of GStreamer's elements; or, without elements, of programs that do the same work.
struct Transport {
  std::string name;
  std::string sink;
  std::string source;
  // What the processes at the two ends are started as.
  std::string writer_role = "writer";
  std::string reader_role = "reader";
};

const std::vector<Transport>& all_transports();
const Transport& transport_named(const std::string& name);

/// Both elements can be made; both programs can run.
bool is_installed(const Transport& transport);

GstElement* make_sink(const Transport& transport, const Stage& stage);
GstElement* make_source(const Transport& transport, const Stage& stage);

/// "copied" and "zero_copy" frames from the element's "stats", where it counts them.
Figures copy_figures(GstElement* element);

/// shmsink names its memory after its process; one that was killed cannot remove it.
void remove_leftover_memory(long process_id);

}  // namespace bench
