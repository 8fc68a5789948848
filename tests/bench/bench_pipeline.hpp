// SPDX-License-Identifier: MIT
// Two elements that are linked and play: the pipeline of a writer or of a reader.
#pragma once

#include <gst/gst.h>

#include <string>

namespace bench {

class Pipeline {
 public:
  /// Takes both. Throws if they cannot be linked.
  Pipeline(GstElement* source, GstElement* sink);
  /// As stop().
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  GstElement* source() const { return source_; }
  GstElement* sink() const { return sink_; }

  /// Returns when it plays. Throws if it cannot.
  void play();
  /// Returns when no frame flows any more.
  void stop();

  /// True: the stream has ended. Throws what was posted as an error. Waits so long at most.
  bool has_ended(GstClockTime limit_ns);

 private:
  GstElement* pipeline_;
  GstElement* source_;
  GstElement* sink_;
};

}  // namespace bench
