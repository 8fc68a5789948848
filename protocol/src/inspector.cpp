// SPDX-License-Identifier: MIT
// Looking at a file without reading its frames: what tools show and check.
#include "inspector.hpp"

#include <utility>

#include "file_failure.hpp"
#include "file_snapshot.hpp"
#include "geometry.hpp"
#include "metadata_records.hpp"
#include "platform/platform.hpp"
#include "reader_list.hpp"
#include "shared_clock.hpp"

namespace mmapvideo::core {
namespace {

constexpr int max_attempts = 100;

/// Nothing: there is no complete frame, or the slot stayed in motion.
std::optional<SlotSnapshot> steady_slot(const platform::File& file, const mmapvideo_ring& ring,
                                        std::uint32_t index) {
  SlotSnapshot snapshot;
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    const SlotState state = snapshot_slot(file, ring, index, snapshot);
    if (state == SlotState::steady) return snapshot;
    if (state == SlotState::empty) return std::nullopt;
  }
  return std::nullopt;
}

void inspect_locks(const platform::File& file, Inspection& result) {
  result.writer_alive =
      platform::query_exclusive_lock(file, writer_lock()) == platform::LockAnswer::held;
  result.readers = list_readers(file, result.header.head_number);
}

void inspect_newest(const platform::File& file, Inspection& result) {
  const mmapvideo_ring& ring = *result.ring;
  const auto index = slot_index_of(ring, result.header.head_slot_id);
  if (!index) return;
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    auto slot = steady_slot(file, ring, *index);
    if (!slot || slot->problem) return;
    const auto metadata = snapshot_metadata(file, ring, *index, *slot);
    if (!metadata) continue;
    result.newest_slot = slot->header;
    result.newest_caps = std::move(slot->caps);
    result.newest_metadata = describe_records(metadata->data(), metadata->size());
    return;
  }
}

void inspect_slots(const platform::File& file, Inspection& result) {
  const mmapvideo_ring& ring = *result.ring;
  for (std::uint32_t index = 0; index < ring.slot_count; ++index) {
    const std::string name = "slot " + std::to_string(index);
    if (!result.writer_alive && read_stamp(file, ring, index) == MMAPVIDEO_STAMP_WRITING)
      result.leftovers.push_back(name + " is half written, and no writer is alive");
    const auto slot = steady_slot(file, ring, index);
    if (!slot) continue;
    ++result.complete_slots;
    if (result.oldest_number == 0 || slot->header.number < result.oldest_number)
      result.oldest_number = slot->header.number;
    if (slot->problem) result.findings.push_back(name + ": " + *slot->problem);
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

  const auto header = snapshot_header(file);
  if (!header) return result;
  result.header = *header;
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
  inspect_newest(file, result);
  inspect_slots(file, result);
  if (!result.writer_alive && result.header.head_number != 0 && !result.newest_slot)
    result.findings.push_back("the newest frame, number " +
                              std::to_string(result.header.head_number) + ", is not in its slot");
  return result;
}

std::uint64_t inspection_clock_ns() noexcept { return platform::monotonic_ns(); }

}  // namespace mmapvideo::core
