// SPDX-License-Identifier: MIT
// Who reads a file, and how far each has come.
#include "reader_list.hpp"

#include <algorithm>
#include <map>

#include "lock_list.hpp"

namespace mmapvideo::core {
namespace {

std::uint32_t lane_of(const LockRange& lock) {
  return static_cast<std::uint32_t>((lock.offset % MMAPVIDEO_LOCK_INDEX_BYTES) /
                                    MMAPVIDEO_LOCK_ITEM_BYTES);
}

}  // namespace

std::vector<mmapvideo_reader_info> list_readers(const platform::File& file,
                                                std::uint64_t head_number) {
  std::map<std::uint32_t, mmapvideo_reader_info> readers;
  const auto reader = [&](const LockRange& lock) -> mmapvideo_reader_info& {
    mmapvideo_reader_info& found = readers[lane_of(lock)];
    found.lane = lane_of(lock);
    return found;
  };
  for (const LockRange& lock : list_locks(file, all_reader_locks())) reader(lock).attached = 1;
  for (const LockRange& lock : list_locks(file, all_slot_locks())) reader(lock).lease_count += 1;
  for (const LockRange& lock : list_locks(file, all_turns())) {
    mmapvideo_reader_info& found = reader(lock);
    const std::uint64_t number = number_of_turn(lock, head_number);
    // A reader that moves has two for a moment; it needs the lower one still.
    found.turn_number = found.turn_number == 0 ? number : std::min(found.turn_number, number);
    found.lag = head_number + 1 - found.turn_number;
  }
  std::vector<mmapvideo_reader_info> list;
  list.reserve(readers.size());
  for (const auto& [lane, info] : readers) list.push_back(info);
  return list;
}

}  // namespace mmapvideo::core
