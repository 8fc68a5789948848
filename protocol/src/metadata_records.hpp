// SPDX-License-Identifier: MIT
// The records in a frame's metadata (SPEC.md 3.7), found without looking into them. Pure.
#pragma once

#include <mmapvideo/layout.h>
#include <mmapvideo/mmapvideo.h>

#include <cstdint>
#include <string>

namespace mmapvideo::core {

/// Finds the record at `position` and moves `position` behind it; 0 is where the records begin.
/// OK, ENDED (there are no more), FOREIGN_FILE (not records, at `position` 0 only),
/// UNSUPPORTED_VERSION or BROKEN_FILE (the rest is unusable). `metadata` is a private copy; the
/// record points into it.
mmapvideo_status next_record(const void* metadata, std::uint64_t bytes, std::uint64_t& position,
                             mmapvideo_record& record) noexcept;

/// The kinds of all records, in words for people: `crop, tags`; empty without metadata.
std::string describe_records(const void* metadata, std::uint64_t bytes);

}  // namespace mmapvideo::core
