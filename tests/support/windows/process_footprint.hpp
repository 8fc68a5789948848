// SPDX-License-Identifier: MIT
// What a process occupies, as Windows tells it: memory and handles.
#pragma once

#include "support/child.hpp"
#include "support/footprint.hpp"

namespace mmapvideo_test {

/// Of a child of this process, which lives. Mappings are not counted here.
Footprint footprint_of(const Child& child);

}  // namespace mmapvideo_test
