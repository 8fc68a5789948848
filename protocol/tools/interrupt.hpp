// SPDX-License-Identifier: MIT
// Ctrl-C, and other requests to finish in good order. A second one kills.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace mmapvideo::tools {

/// One at a time. Made before other threads are, so that signals find this one, and by the thread
/// that reads. Reads and writes that block end; other waits end by what on_request was given.
class Interrupt {
 public:
  explicit Interrupt(std::function<void()> on_request);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool requested() const noexcept;
  /// Sleeps, at most for `limit_ns`. True: a request came.
  bool wait(std::uint64_t limit_ns) const noexcept;
  /// What ends polls of POSIX systems: readable once a request came.
  int descriptor() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A reader of our output that goes away is told by what writes it, instead of a signal.
void expect_closed_pipes();

}  // namespace mmapvideo::tools
