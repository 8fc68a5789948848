// SPDX-License-Identifier: MIT
// A first look at a file that nobody has reason to trust.
#include "glance.hpp"

#include <cstddef>
#include <optional>

#include "file_failure.hpp"
#include "file_snapshot.hpp"
#include "geometry.hpp"
#include "lock_list.hpp"
#include "platform/platform.hpp"
#include "shared_clock.hpp"

namespace mmapvideo::core {
namespace {

constexpr int max_attempts = 100;

/// The head's frame. The head moves on with each frame, so its slot is found anew each time.
std::optional<SlotSnapshot> newest_frame(const platform::File& file, const mmapvideo_ring& ring) {
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    std::uint64_t slot_id = 0;
    if (file.read_at(offsetof(mmapvideo_file_header, head_slot_id), &slot_id, sizeof slot_id) !=
        sizeof slot_id)
      return std::nullopt;
    const auto index = slot_index_of(ring, slot_id);
    if (!index) return std::nullopt;
    SlotSnapshot frame;
    if (snapshot_slot(file, ring, *index, frame) == SlotState::steady && !frame.problem)
      return frame;
  }
  return std::nullopt;
}

bool has_writer(const platform::File& file) {
  return platform::query_exclusive_lock(file, writer_lock()) == platform::LockAnswer::held;
}

mmapvideo_file_info describe_header(const platform::File& file,
                                    const mmapvideo_file_header& header) {
  mmapvideo_file_info info{};
  info.state = header.state;
  info.writer_alive = has_writer(file);
  info.locked = (header.compatible_flags & MMAPVIDEO_COMPATIBLE_UNLOCKED) == 0;
  info.clock_comparable = shares_clock(header);
  info.reader_count = static_cast<std::uint32_t>(list_locks(file, all_reader_locks()).size());
  info.delivery = header.delivery;
  info.session_id = header.session_id;
  info.writer_process_id = header.writer_process_id;
  info.head_number = header.head_number;
  return info;
}

}  // namespace

Glance glance(const std::string& path) {
  const platform::File file = platform::File::open_for_reading(path);
  if (!file.valid()) throw Failure(MMAPVIDEO_NOT_FOUND, quoted(path) + " does not exist.", "open");
  Glance result;
  result.info.locked = 1;
  result.info.writer_alive = has_writer(file);
  if (identify(file) == FileKind::forming) return result;
  const auto header = snapshot_header(file);
  if (!header || header->state == MMAPVIDEO_STATE_FORMING) return result;
  if (const auto problem = header_problem(*header)) throw broken_file(path, *problem);
  result.info = describe_header(file, *header);
  const std::uint64_t generation = header->ring_generation;
  if (generation == 0 || header->head_number == 0) return result;
  const mmapvideo_ring ring = header->rings[generation % 2];
  if (const auto problem = ring_problem(ring, generation, file.size()))
    throw broken_file(path, *problem);
  if (auto frame = newest_frame(file, ring)) {
    result.info.has_newest = 1;
    result.info.newest_number = frame->header.number;
    result.info.newest = frame->header.info;
    result.newest_caps = std::move(frame->caps);
  }
  return result;
}

}  // namespace mmapvideo::core
