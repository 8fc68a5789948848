// SPDX-License-Identifier: MIT
// What travels with a frame besides its pixels, as metadata of the file (SPEC.md 3.7): the buffer's
// metas, and tags and custom events of the stream.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <map>
#include <string>
#include <string_view>

namespace gstmmap {

/// Used by the streaming thread; the figures by any.
class MetadataWriter {
 public:
  struct Stats {
    std::uint64_t metas = 0;    // written
    std::uint64_t dropped = 0;  // metas and events that could not be
    std::uint64_t events = 0;   // written, tags included
  };

  /// Takes down what of an event goes with the frames to come. Others are left alone.
  void note(GstEvent* event);

  /// The metadata of a frame; empty if there is nothing. Valid until the next call. A frame that
  /// has none costs no allocation.
  std::string_view collect(GstBuffer* buffer);
  /// The frame that was collected last is out, with its metadata or, if there was no room, without.
  void sent(bool with_metadata) noexcept;

  Stats stats() const noexcept;

 private:
  void note_tags(GstEvent* event);
  void note_custom(GstEvent* event, bool is_sticky);
  void add(const std::string& key, std::string record);
  bool append_meta(GstMeta* meta);
  void append_metas(GstBuffer* buffer);

  std::string bytes_;
  std::map<std::string, std::string> sticky_;  // records of every frame, by scope or name
  std::string once_;                           // records of the next frame only
  std::uint64_t events_once_ = 0;              // records in it
  std::uint64_t metas_collected_ = 0;
  std::uint64_t metas_failed_ = 0;
  std::atomic<std::uint64_t> metas_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> events_{0};
};

}  // namespace gstmmap
