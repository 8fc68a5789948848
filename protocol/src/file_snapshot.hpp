// SPDX-License-Identifier: MIT
// Parts of a file that somebody may be writing, read by system calls alone. Nothing is mapped: a
// file that is cut meanwhile, or has holes on a full file system, does no harm to who only looks.
#pragma once

#include <mmapvideo/layout.h>

#include <cstdint>
#include <optional>
#include <string>

#include "platform/platform.hpp"

namespace mmapvideo::core {

/// A header that no session or ring began in the middle of. Nothing: the file is not that long yet,
/// or it did not hold still. Throws Failure.
std::optional<mmapvideo_file_header> snapshot_header(const platform::File& file);

/// The stamp of a slot; that of an empty one where the file ends before. Throws Failure.
std::uint64_t read_stamp(const platform::File& file, const mmapvideo_ring& ring,
                         std::uint32_t index);

/// A frame as its slot described it while nobody changed that.
struct SlotSnapshot {
  mmapvideo_slot_header header{};
  std::string caps;
  std::optional<std::string> problem;  ///< what SPEC.md 12 says against it; `caps` may be missing
};

enum class SlotState {
  empty,   ///< no complete frame, or the file ends before
  moving,  ///< it was rewritten meanwhile: look again
  steady
};

/// Looks at a slot once. Steady: `snapshot` is that of its frame. Throws Failure.
SlotState snapshot_slot(const platform::File& file, const mmapvideo_ring& ring, std::uint32_t index,
                        SlotSnapshot& snapshot);

/// The metadata of a frame whose snapshot has no problem. Nothing: it has been rewritten. Throws
/// Failure.
std::optional<std::string> snapshot_metadata(const platform::File& file, const mmapvideo_ring& ring,
                                             std::uint32_t index, const SlotSnapshot& snapshot);

}  // namespace mmapvideo::core
