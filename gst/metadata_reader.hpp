// SPDX-License-Identifier: MIT
// Metadata of a frame (SPEC.md 3.7), which may be hostile, into metas of a buffer and events.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <map>
#include <memory>
#include <mmapvideo/mmapvideo.hpp>
#include <string>
#include <vector>

namespace gstmmap {

struct EventUnref {
  void operator()(GstEvent* event) const { gst_event_unref(event); }
};
using OwnedEvent = std::unique_ptr<GstEvent, EventUnref>;

/// Used by the streaming thread; the figures by any.
class MetadataReader {
 public:
  struct Stats {
    std::uint64_t metas = 0;    // attached
    std::uint64_t dropped = 0;  // records that could not be used, of whatever kind
    std::uint64_t events = 0;   // tags included
  };

  /// Adds to `buffer`, which is writable, what the metadata has for it. Never fails: what cannot be
  /// used is counted.
  void attach(const void* metadata, std::uint64_t bytes, GstBuffer* buffer);
  /// Events that came with it and have to go out before the buffer. Empty most of the time.
  std::vector<OwnedEvent> take_events() noexcept { return std::exchange(events_out_, {}); }

  Stats stats() const noexcept { return {metas_, dropped_, events_}; }

 private:
  void use(const mmapvideo_record& record, GstBuffer* buffer);
  void read_tags(const mmapvideo_record& record);
  void read_event(const mmapvideo_record& record);
  bool is_news(const std::string& key, const mmapvideo_record& record);

  std::map<std::string, std::string> seen_;  // content of the last sticky record, by scope or name
  std::vector<OwnedEvent> events_out_;
  std::atomic<std::uint64_t> metas_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> events_{0};
};

}  // namespace gstmmap
