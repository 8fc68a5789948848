// SPDX-License-Identifier: MIT
// Pictures as a y4m stream. Pure.
#pragma once

#include <mmapvideo/layout.h>

#include <string>
#include <variant>

#include "picture.hpp"
#include "y4m_header.hpp"

namespace mmapvideo::tools {

/// The header of a stream of such frames, or why y4m cannot hold them (a sentence without its
/// subject).
std::variant<Y4mHeader, std::string> y4m_header_of(const mmapvideo_frame_info& info,
                                                   const Picture& picture);

/// Appends the FRAME line and the planes. RGB becomes YUV 4:4:4.
void append_y4m_frame(const Picture& picture, std::string& to);

}  // namespace mmapvideo::tools
