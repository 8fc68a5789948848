// SPDX-License-Identifier: MIT
// Ctrl-C, SIGTERM and SIGHUP: a request to finish in good order. A second one kills.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "unique_descriptor.hpp"

namespace mmapvideo::tools {

/// One at a time. Made before other threads are, so that signals find this one. System calls that
/// block return with EINTR; polls end by descriptor(); other waits by what on_request was given.
class Interrupt {
 public:
  explicit Interrupt(std::function<void()> on_request);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool requested() const noexcept;
  /// Readable once a request came.
  int descriptor() const noexcept;

 private:
  void watch(const std::function<void()>& on_request) const;

  UniqueDescriptor closing_;  // an eventfd that ends the thread
  std::thread thread_;
};

}  // namespace mmapvideo::tools
