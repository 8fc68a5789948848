// SPDX-License-Identifier: MIT
// An inspected file in words: what `info`, `check`, `list` and `watch` show to people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <inspector.hpp>
#include <optional>
#include <string>

namespace mmapvideo::tools {

/// A few aligned lines, one for each subject.
std::string info_text(const core::Inspection& file);
/// Nothing contradicts the specification, and no dead writer left anything to be repaired.
bool is_clean(const core::Inspection& file);
/// "PATH: fine", or one line for each finding and for each thing left over.
std::string check_text(const core::Inspection& file);

const char* state_name(std::uint32_t state);
const char* delivery_name(std::uint32_t delivery);
/// Who writes the file, in one word: alive, starting, ended, crashed, unknown, broken.
const char* writer_word(const core::Inspection& file);
/// "30", "29.97"; "variable"
std::string nominal_rate_text(const mmapvideo_frame_info& info);
/// "0000abcd, leases 1, next frame 12, 3 behind"
std::string reader_text(const mmapvideo_reader_info& reader);
std::size_t attached_count(const core::Inspection& file);
/// How long ago the newest frame was published, if that can be known.
std::optional<std::uint64_t> age_ns(const core::Inspection& file);
/// Frames per second of the session so far, if that can be known.
std::optional<double> average_rate(const core::Inspection& file);

}  // namespace mmapvideo::tools
