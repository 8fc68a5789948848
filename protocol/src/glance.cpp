// SPDX-License-Identifier: MIT
// A first look at a file that nobody has reason to trust.
#include "glance.hpp"

#include <cstddef>
#include <optional>

#include "file_failure.hpp"
#include "geometry.hpp"
#include "lock_list.hpp"
#include "platform/platform.hpp"
#include "seqlock.hpp"
#include "shared_clock.hpp"

namespace mmapvideo::core {
namespace {

constexpr int max_attempts = 100;

template <typename Value>
bool read_value(const platform::File& file, std::uint64_t offset, Value& value) {
  return file.read_at(offset, &value, sizeof value) == sizeof value;
}

bool same_moment(const mmapvideo_file_header& before, const mmapvideo_file_header& after) {
  return before.session_id == after.session_id && before.state == after.state &&
         before.ring_generation == after.ring_generation;
}

/// A header that no session or ring began in the middle of. Nothing: the file is not that long yet,
/// or it did not hold still.
std::optional<mmapvideo_file_header> steady_header(const platform::File& file) {
  mmapvideo_file_header before{}, after{};
  if (!read_value(file, 0, before)) return std::nullopt;
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    fence_after_copying();  // (E, F): between two copies, each of one system call
    if (!read_value(file, 0, after)) return std::nullopt;
    if (same_moment(before, after)) return after;
    before = after;
  }
  return std::nullopt;
}

struct NewestFrame {
  mmapvideo_slot_header slot{};
  std::string caps;
};

/// The slot at `offset`, if it held one valid frame while it was read.
std::optional<NewestFrame> steady_frame(const platform::File& file, std::uint64_t offset,
                                        const mmapvideo_ring& ring) {
  const auto frame_stamp = [&]() -> std::uint64_t {
    std::uint64_t stamp = 0;
    return read_value(file, offset + offsetof(mmapvideo_slot_header, stamp), stamp)
               ? stamp & ~std::uint64_t{1}
               : 0;
  };
  const std::uint64_t stamp = frame_stamp();
  if (stamp == 0) return std::nullopt;
  fence_after_copying();  // (A, B): what the stamp vouches for is read after it
  NewestFrame frame;
  if (!read_value(file, offset, frame.slot)) return std::nullopt;
  if (slot_problem(frame.slot, stamp, ring)) return std::nullopt;
  frame.caps.resize(frame.slot.info.caps_bytes);
  if (file.read_at(offset + MMAPVIDEO_CAPS_OFFSET, frame.caps.data(), frame.caps.size()) !=
      frame.caps.size())
    return std::nullopt;
  fence_after_copying();  // (A): the stamp is read again after all that it vouches for
  if (frame_stamp() != stamp) return std::nullopt;
  if (caps_problem(frame.caps.data(), frame.caps.size())) return std::nullopt;
  return frame;
}

/// The head's frame. The head moves on with each frame, so its slot is found anew each time.
std::optional<NewestFrame> newest_frame(const platform::File& file, const mmapvideo_ring& ring) {
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    std::uint64_t slot_id = 0;
    if (!read_value(file, offsetof(mmapvideo_file_header, head_slot_id), slot_id))
      return std::nullopt;
    const auto index = slot_index_of(ring, slot_id);
    if (!index) return std::nullopt;
    if (auto frame = steady_frame(file, ring.offset + ring.slot_stride * *index, ring))
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
  const auto header = steady_header(file);
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
    result.info.newest_number = frame->slot.number;
    result.info.newest = frame->slot.info;
    result.newest_caps = std::move(frame->caps);
  }
  return result;
}

}  // namespace mmapvideo::core
