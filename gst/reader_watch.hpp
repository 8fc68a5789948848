// SPDX-License-Identifier: MIT
// What mmapsink tells the bus about its readers.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <string>

#include "publisher.hpp"

namespace gstmmap {

/// Looks at a session's readers now and then. The streaming thread's.
class ReaderWatch {
 public:
  ReaderWatch(GstElement* element, const Publisher::Settings& settings)
      : element_(element),
        location_(settings.location),
        wait_timeout_ns_(settings.wait_timeout_ns) {}

  /// Posts what has changed, at most twice a second: listing readers takes system calls.
  void look(const Publisher& publisher);
  /// The stream is held until `count` readers are attached.
  void tell_waiting(std::uint32_t count);

 private:
  void tell_readers(std::uint32_t count);
  void tell_passed_over(const mmapvideo_writer_stats& figures);
  void post(const char* name, std::uint32_t readers);

  GstElement* const element_;
  const std::string location_;
  const std::int64_t wait_timeout_ns_;
  std::uint64_t last_look_ns_ = 0;
  std::uint32_t readers_ = 0;
  std::uint64_t passed_over_ = 0;  // in all
  bool passing_over_ = false;      // and warned about it
};

}  // namespace gstmmap
