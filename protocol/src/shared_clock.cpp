// SPDX-License-Identifier: MIT
// Can the times of a file be compared with this process's clock?
#include "shared_clock.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "payload_copy.hpp"
#include "platform/platform.hpp"

namespace mmapvideo::core {

bool shares_clock(const mmapvideo_file_header& header) noexcept {
  mmapvideo_file_header copy;
  copy_racing_from_mapping(&copy, &header, sizeof copy);
  const platform::ClockDomain here = platform::clock_domain();
  const bool boot_known = std::any_of(std::begin(here.boot_id), std::end(here.boot_id),
                                      [](std::uint8_t byte) { return byte != 0; });
  return boot_known && copy.clock_id == here.clock_id &&
         copy.clock_namespace == here.clock_namespace &&
         std::memcmp(copy.boot_id, here.boot_id, sizeof here.boot_id) == 0;
}

}  // namespace mmapvideo::core
