// SPDX-License-Identifier: MIT
// Who reads a file, and how far each has come, from the locks alone (SPEC.md 5).
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <cstdint>
#include <vector>

#include "platform/platform.hpp"

namespace mmapvideo::core {

/// The readers that are attached or still have leases, in order of their lanes. `head_number` is
/// the header's. A few system calls for each reader and lease.
std::vector<mmapvideo_reader_info> list_readers(const platform::File& file,
                                                std::uint64_t head_number);

}  // namespace mmapvideo::core
