// SPDX-License-Identifier: MIT
// Looking at a file without reading its frames: what tools show and check.
#pragma once

#include <mmapvideo/layout.h>
#include <mmapvideo/mmapvideo.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mmapvideo::core {

/// A file as it was at one moment. All fields are private, validated copies.
struct Inspection {
  std::string path;
  std::uint64_t file_bytes = 0;
  bool ready = false;  ///< false: empty or still being created; the fields below mean nothing
  mmapvideo_file_header header{};
  bool writer_alive = false;
  bool clock_comparable = false;
  std::vector<mmapvideo_reader_info> readers;
  std::optional<mmapvideo_ring> ring;                ///< the ring in use
  std::optional<mmapvideo_slot_header> newest_slot;  ///< the head's, if it could be read whole
  std::string newest_caps;
  std::string newest_metadata;  ///< the kinds of its records, in words; empty: it has none
  std::uint32_t complete_slots = 0;
  std::uint64_t oldest_number = 0;     ///< of the complete slots
  std::vector<std::string> findings;   ///< what contradicts the specification, in words
  std::vector<std::string> leftovers;  ///< what a dead writer left and the next one repairs (10)
};

/// Inspects `path` by reading alone: nothing is mapped and no lock is taken. Throws Failure:
/// NOT_FOUND if nothing is there, others if it cannot be read. What is wrong with the contents is
/// not thrown but found.
Inspection inspect(const std::string& path);

/// Nanoseconds of the clock that stamps frames.
std::uint64_t inspection_clock_ns() noexcept;

}  // namespace mmapvideo::core
