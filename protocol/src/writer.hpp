// SPDX-License-Identifier: MIT
// The writer's algorithm (SPEC.md 7, 10, 11): one session from start to end.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "platform/platform.hpp"

namespace mmapvideo::core {

/// Publishes frames into one file. One thread uses it, except for stats().
///
/// Failures are thrown as Failure; a full ring is an ordinary outcome and returned.
class Writer {
 public:
  struct Options {
    std::string path;
    std::uint32_t permissions = 0600;
    std::uint32_t slot_count = 0;  // 0: chosen from the frame size
  };
  struct Sizes {
    std::uint64_t payload_bytes;
    std::uint32_t caps_bytes;
    std::uint64_t metadata_bytes;
  };

  explicit Writer(Options options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void reserve(const Sizes& sizes);
  /// Nothing: no slot is free; the frame was dropped and counted.
  std::optional<mmapvideo_slot_view> begin(const Sizes& sizes);
  std::uint64_t commit(const mmapvideo_slot_view& view, const mmapvideo_frame_info& info,
                       const char* caps);
  void abort(const mmapvideo_slot_view& view);
  /// Ends the session; the next begin() starts another one.
  void end() noexcept;
  /// Ends, removes the file unless `keep_file`, and lets go of it. The destructor keeps it.
  void close(bool keep_file) noexcept;
  /// From any thread.
  mmapvideo_writer_stats stats() const;

 private:
  /// A ring that is mapped: its descriptor and its bytes.
  struct MappedRing {
    mmapvideo_ring ring{};
    platform::Mapping mapping;
    mmapvideo_slot_header& slot(std::uint32_t index) const noexcept;
  };
  /// A ring that is no longer in use, and those of its slots whose memory was not given back yet.
  struct FormerRing {
    MappedRing mapped;
    std::vector<std::uint32_t> kept_slots;
  };
  static constexpr std::uint32_t no_slot = UINT32_MAX;

  void open_and_lock();
  void create_or_validate();
  void create();
  void validate();
  void take_over();
  void begin_forming() noexcept;
  void start_session();
  void repair();
  void give_back_unused_end();
  void repair_slots(const MappedRing& present);
  void grow(const Sizes& sizes);
  MappedRing append_ring(mmapvideo_ring ring);
  void retire(MappedRing former);
  void give_back_former_rings() noexcept;
  bool give_back_slot(const MappedRing& former, std::uint32_t index) noexcept;
  std::uint32_t take_slot();
  void unlock_slot(std::uint32_t index) noexcept;
  void remove_own_file() noexcept;
  void announce() noexcept;
  mmapvideo_file_header& header() const noexcept;
  void require_taken(const mmapvideo_slot_view& view) const;
  bool ring_suits(const Sizes& sizes) const noexcept;

  const Options options_;
  platform::File file_;
  platform::Mapping header_mapping_;
  MappedRing current_;
  std::vector<FormerRing> former_rings_;
  bool created_ = false;
  bool locked_ = false;
  bool in_memory_ = false;
  bool ended_ = true;  // no session is open
  std::uint64_t next_number_ = 1;
  std::uint64_t session_id_ = 0;
  std::uint64_t published_in_ring_ = 0;  // by this writer, in current_
  std::uint32_t last_index_ = no_slot;   // the slot written last in current_
  std::uint32_t head_index_ = no_slot;   // the newest frame's slot in current_
  std::uint32_t taken_index_ = no_slot;  // between begin and commit or abort
  // Figures for stats(), written by the writer's thread only.
  std::uint64_t frame_count_ = 0;
  std::uint64_t dropped_count_ = 0;
  std::uint64_t byte_count_ = 0;
  std::uint64_t slot_count_ = 0;
  std::uint64_t payload_capacity_ = 0;
};

}  // namespace mmapvideo::core
