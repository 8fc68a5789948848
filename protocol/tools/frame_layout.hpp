// SPDX-License-Identifier: MIT
// The frames of a y4m stream as they lie in a mapped file: described as GStreamer would, with its
// strides, so that no reader has to copy them. Pure.
#pragma once

#include <mmapvideo/layout.h>

#include <string>
#include <string_view>

#include "y4m_header.hpp"

namespace mmapvideo::tools {

struct FrameLayout {
  mmapvideo_frame_info info;  // without times
  std::string caps;
};

FrameLayout frame_layout_of(const Y4mHeader& header);

/// Copies the planes of a y4m frame (y4m_frame_bytes() of its header) to their places in a payload
/// of layout.info.payload_bytes. What is between the rows becomes 0.
void lay_out_frame(const FrameLayout& layout, std::string_view frame, void* payload);

}  // namespace mmapvideo::tools
