// SPDX-License-Identifier: MIT
// A reader's hold on one file: descriptor, mapped header and ring, presence lock (SPEC.md 8.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "platform/platform.hpp"

namespace mmapvideo::core {

/// One file, opened and mapped read-only. Destroying it detaches.
class Attachment {
 public:
  /// Opens `path`; nothing if there is no file or its writer is not ready yet. Throws Failure for
  /// a file that is foreign, broken, of another version, or must not be read.
  static std::optional<Attachment> attach(const std::string& path);

  const mmapvideo_file_header& header() const noexcept {
    return *reinterpret_cast<const mmapvideo_file_header*>(header_mapping_.data());
  }
  const mmapvideo_ring& ring() const noexcept { return ring_; }
  /// The mapped slot; index below ring().slot_count.
  const mmapvideo_slot_header& slot(std::uint32_t index) const noexcept;
  /// Copies bytes of a slot while the writer may be changing them (payload_copy.hpp). Throws
  /// Failure.
  void copy_racing(std::uint32_t index, std::uint64_t offset, void* to, std::size_t bytes) const;
  /// Maps the ring in use if it is another one than ring(). True if it was. Throws Failure.
  bool follow_growth();

  /// Where that cannot be asked, a writer counts as alive.
  bool writer_alive() const noexcept;
  platform::FileIdentity identity() const { return file_.identity(); }

 private:
  explicit Attachment(platform::File file) : file_(std::move(file)) {}
  bool map_header();
  bool map_ring();
  void announce_presence();

  platform::File file_;
  platform::Mapping header_mapping_;
  platform::Mapping ring_mapping_;
  mmapvideo_ring ring_{};
};

}  // namespace mmapvideo::core
