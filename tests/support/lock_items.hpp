// SPDX-License-Identifier: MIT
// Where the byte-range locks of SPEC 5 lie, from the numbers of the text and not from the library:
// a disagreement between the two is what the tests look for.
#pragma once

#include <cstdint>

namespace mmapvideo_test {

enum class Family : std::uint64_t { writer = 0, reader = 1, slot = 2, turn = 3 };

struct LockRange {
  std::uint64_t offset;
  std::uint64_t bytes;
};

inline std::uint64_t lock_offset(Family family, std::uint64_t index, std::uint64_t lane) {
  return (1ull << 62) + static_cast<std::uint64_t>(family) * (1ull << 60) + index * (1ull << 36) +
         lane * 16;
}
inline LockRange lock_item(Family family, std::uint64_t index, std::uint64_t lane) {
  return {lock_offset(family, index, lane), 16};
}
inline LockRange all_lanes(Family family, std::uint64_t index) {
  return {lock_offset(family, index, 0), 1ull << 36};
}
inline LockRange all_turns() { return {lock_offset(Family::turn, 0, 0), 65'536 * (1ull << 36)}; }

}  // namespace mmapvideo_test
