// SPDX-License-Identifier: MIT
// Sees frames being published without being a reader: it takes no lock, so that no writer waits for
// it or counts it.
#pragma once

#include <mmapvideo/layout.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <platform/platform.hpp>
#include <string>

namespace mmapvideo::tools {

/// The newest frame at the moment it was seen.
struct SeenFrame {
  std::uint64_t number;
  std::uint64_t session_id;
  std::uint64_t skipped;  // published between the last one seen and this one
  std::uint64_t frame_count;
  std::uint64_t publish_time_ns;
  std::uint64_t seen_time_ns;
  bool clock_comparable;
};

/// Follows a path, whatever happens to the file there. One thread uses it, but for cancel().
class FrameObserver {
 public:
  explicit FrameObserver(std::string path);
  ~FrameObserver();

  /// Waits for the next frame that is published. Nothing: none came before `limit_ns` on the
  /// monotonic clock, or it was cancelled. Throws core::Failure for what is no mapped file.
  std::optional<SeenFrame> next(std::uint64_t limit_ns);
  /// Ends all waits. From any thread.
  void cancel() noexcept { canceller_.cancel(); }

 private:
  class OpenFile;

  void follow_path();

  const std::string path_;
  core::platform::Canceller canceller_;
  std::unique_ptr<OpenFile> file_;
};

}  // namespace mmapvideo::tools
