// SPDX-License-Identifier: MIT
// Frames in place through the library, at the pace of video.
#include "library_limit.hpp"

#include <mmapvideo/mmapvideo.hpp>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "bench_process.hpp"
#include "bench_task.hpp"
#include "bench_window.hpp"

namespace bench {
namespace {

constexpr char caps[] = "video/x-raw,format=GRAY8";

/// A picture of one row: nobody looks at it.
mmapvideo::FrameInfo describe_frame(std::uint64_t bytes) {
  mmapvideo::FrameInfo info{};
  info.dts_ns = info.duration_ns = MMAPVIDEO_NONE;
  info.offset = info.offset_end = info.clock_time_ns = MMAPVIDEO_NONE;
  info.payload_bytes = bytes;
  info.caps_bytes = sizeof caps - 1;
  info.width = static_cast<std::uint32_t>(bytes);
  info.height = 1;
  info.plane_count = 1;
  info.planes[0] = {0, static_cast<std::int32_t>(bytes), static_cast<std::uint32_t>(bytes), 1, 0};
  std::strcpy(info.format, "GRAY8");
  return info;
}

/// Stamps the frame as its source would, in its slot, and publishes it.
void publish_stamped(mmapvideo::Writer& writer, mmapvideo::FrameInfo& info) {
  auto slot = writer.begin(info.payload_bytes, info.caps_bytes);
  if (!slot) throw std::runtime_error("no free slot");
  info.pts_ns = now_ns();
  std::memcpy(slot->payload(), &info.pts_ns, sizeof info.pts_ns);
  slot->commit(info, caps);
}

}  // namespace

void run_library_writer(const Json& task) {
  mmapvideo::FrameInfo info = describe_frame(task.at("frame_bytes"));
  const std::uint64_t period_ns = task.at("period_ns");
  mmapvideo::Writer writer(task.at("path"));
  writer.reserve(info.payload_bytes, info.caps_bytes);
  Window window(window_settings(task));
  say_ready();
  if (!wait_to_be_told("go")) return;
  constexpr int frames_after = 8;  // the reader's window closes later
  std::uint64_t next_ns = now_ns();
  for (int after = 0; after < frames_after; after += window.closed()) {
    sleep_until(next_ns += period_ns);
    publish_stamped(writer, info);
    window.note(now_ns());
  }
  say_result(window.figures());
}

void run_library_reader(const Json& task) {
  mmapvideo::Reader reader(task.at("path"));
  Window window(window_settings(task));
  std::vector<std::uint32_t> samples_ns;
  samples_ns.reserve(1 << 16);
  say_ready();
  mmapvideo::Frame frame{};
  while (reader.next(-1, frame) == MMAPVIDEO_OK) {
    mmapvideo::Lease lease;
    if (reader.lease(lease) != MMAPVIDEO_OK) continue;
    const std::uint64_t arrival_ns = now_ns();
    std::uint64_t stamp_ns = 0;
    std::memcpy(&stamp_ns, lease.payload(), sizeof stamp_ns);
    if (window.note(arrival_ns))
      samples_ns.push_back(static_cast<std::uint32_t>(arrival_ns - stamp_ns));
  }
  Figures figures = window.figures();
  add_latency(figures, samples_ns);
  say_result(figures);
}

}  // namespace bench
