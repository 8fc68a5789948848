// SPDX-License-Identifier: MIT
// Common pixel formats: their planes, and the caps that say the same to GStreamer.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <cstdint>
#include <string>

namespace mmapvideo::core {

/// Fills in all that follows from format and size; times, offsets and the like are "none". Throws
/// Failure for a format or size that is not among the common ones.
mmapvideo_frame_info describe_frame(const char* format, std::uint32_t width, std::uint32_t height,
                                    std::uint32_t fps_numerator, std::uint32_t fps_denominator);

/// The caps of a described frame.
std::string caps_of(const mmapvideo_frame_info& info);

}  // namespace mmapvideo::core
