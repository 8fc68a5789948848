// SPDX-License-Identifier: MIT
// Looking at a file without reading its frames: what tools show and check.
#include "inspector.hpp"

#include "file_failure.hpp"
#include "geometry.hpp"
#include "metadata_records.hpp"
#include "payload_copy.hpp"
#include "platform/platform.hpp"
#include "reader_list.hpp"
#include "seqlock.hpp"
#include "shared_clock.hpp"

namespace mmapvideo::core {
namespace {

constexpr int max_attempts = 100;

const mmapvideo_slot_header& slot_at(const platform::Mapping& ring, std::uint64_t stride,
                                     std::uint32_t index) {
  return *reinterpret_cast<const mmapvideo_slot_header*>(ring.data() + stride * index);
}

struct SteadySlot {
  mmapvideo_slot_header header;
  std::string caps;
  std::string metadata;
  std::optional<std::string> problem;  // what SPEC.md 12 says against it
};

/// A slot copied while nobody changed it; nothing if it stayed in motion or is not complete.
std::optional<SteadySlot> steady_copy(const mmapvideo_slot_header& slot,
                                      const mmapvideo_ring& ring) {
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    const std::uint64_t stamp = load_frame_stamp(slot.stamp);
    if (stamp == 0) return std::nullopt;
    SteadySlot copy{};
    copy_racing_from_mapping(&copy.header, &slot, sizeof copy.header);
    if (!slot_unchanged(slot.stamp, stamp)) continue;
    copy.problem = slot_problem(copy.header, stamp, ring);
    if (copy.problem) return copy;
    copy.caps.resize(copy.header.info.caps_bytes);
    copy_racing_from_mapping(copy.caps.data(),
                             reinterpret_cast<const std::byte*>(&slot) + MMAPVIDEO_CAPS_OFFSET,
                             copy.caps.size());
    copy.metadata.resize(copy.header.info.metadata_bytes);
    copy_racing_from_mapping(
        copy.metadata.data(),
        reinterpret_cast<const std::byte*>(&slot) + ring.payload_offset + ring.payload_capacity,
        copy.metadata.size());
    if (!slot_unchanged(slot.stamp, stamp)) continue;
    copy.problem = caps_problem(copy.caps.data(), copy.caps.size());
    return copy;
  }
  return std::nullopt;
}

void inspect_locks(const platform::File& file, Inspection& result) {
  result.writer_alive =
      platform::query_exclusive_lock(file, writer_lock()) == platform::LockAnswer::held;
  result.readers = list_readers(file, result.header.head_number);
}

void inspect_newest(const platform::Mapping& mapping, Inspection& result) {
  const mmapvideo_ring& ring = *result.ring;
  const auto index = slot_index_of(ring, result.header.head_slot_id);
  if (!index) return;
  const auto copy = steady_copy(slot_at(mapping, ring.slot_stride, *index), ring);
  if (!copy || copy->problem) return;
  result.newest_slot = copy->header;
  result.newest_caps = copy->caps;
  result.newest_metadata = describe_records(copy->metadata.data(), copy->metadata.size());
}

void inspect_slots(const platform::Mapping& mapping, Inspection& result) {
  const mmapvideo_ring& ring = *result.ring;
  for (std::uint32_t index = 0; index < ring.slot_count; ++index) {
    const std::string name = "slot " + std::to_string(index);
    const mmapvideo_slot_header& slot = slot_at(mapping, ring.slot_stride, index);
    if (load_acquire(slot.stamp) == MMAPVIDEO_STAMP_WRITING && !result.writer_alive)
      result.leftovers.push_back(name + " is half written, and no writer is alive");
    const auto copy = steady_copy(slot, ring);
    if (!copy) continue;
    ++result.complete_slots;
    if (result.oldest_number == 0 || copy->header.number < result.oldest_number)
      result.oldest_number = copy->header.number;
    if (copy->problem) result.findings.push_back(name + ": " + *copy->problem);
  }
}

}  // namespace

Inspection inspect(const std::string& path) {
  platform::File file = platform::File::open_for_reading(path);
  if (!file.valid()) throw Failure(MMAPVIDEO_NOT_FOUND, quoted(path) + " does not exist.", "open");
  Inspection result;
  result.path = path;
  result.file_bytes = file.size();
  const FileKind kind = identify(file);
  if (kind == FileKind::forming || result.file_bytes < MMAPVIDEO_HEADER_BYTES) return result;

  const platform::Mapping mapped(file, 0, MMAPVIDEO_HEADER_BYTES, platform::Access::read);
  copy_racing_from_mapping(&result.header, mapped.data(), sizeof result.header);
  inspect_locks(file, result);
  result.ready = result.header.state != MMAPVIDEO_STATE_FORMING;
  result.clock_comparable = shares_clock(result.header);
  if (const auto problem = header_problem(result.header)) {
    result.findings.push_back(*problem);
    return result;
  }
  const std::uint64_t generation = result.header.ring_generation;
  if (generation == 0) return result;
  const mmapvideo_ring ring = result.header.rings[generation % 2];
  if (const auto problem = ring_problem(ring, generation, result.file_bytes)) {
    result.findings.push_back(*problem);
    return result;
  }
  result.ring = ring;
  const platform::Mapping slots(file, ring.offset, ring_bytes(ring), platform::Access::read);
  inspect_newest(slots, result);
  inspect_slots(slots, result);
  if (!result.writer_alive && result.header.head_number != 0 && !result.newest_slot)
    result.findings.push_back("the newest frame, number " +
                              std::to_string(result.header.head_number) + ", is not in its slot");
  return result;
}

std::uint64_t inspection_clock_ns() noexcept { return platform::monotonic_ns(); }

}  // namespace mmapvideo::core
