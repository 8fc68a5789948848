// SPDX-License-Identifier: MIT
// The writer's rings: a larger one takes over, the former one is given back. Numbers like 11.4 are
// steps of SPEC.md.
#include <algorithm>
#include <utility>

#include "file_failure.hpp"
#include "geometry.hpp"
#include "payload_copy.hpp"
#include "seqlock.hpp"
#include "writer.hpp"

namespace mmapvideo::core {

mmapvideo_status Writer::reserve(const Sizes& sizes, std::uint32_t held_slots) {
  const MutexLock lock(mutex_);
  return provide_ring(sizes, held_slots);
}

/// Makes sure that the ring in use takes a frame of these sizes and was touched by this process.
/// OK or CANCELLED.
mmapvideo_status Writer::provide_ring(const Sizes& sizes, std::uint32_t held_slots) {
  if (!ring_suits(sizes, held_slots)) {
    if (!wait_until_former_ring_is_read()) return MMAPVIDEO_CANCELLED;
    // Another thread may have made one meanwhile.
    if (!ring_suits(sizes, held_slots)) grow(sizes, held_slots);
  }
  current_->populate();
  return MMAPVIDEO_OK;
}

bool Writer::ring_suits(const Sizes& sizes, std::uint32_t held_slots) const noexcept {
  if (!current_) return false;
  const mmapvideo_ring& ring = current_->ring();
  if (!frame_fits(ring, sizes.payload_bytes, sizes.caps_bytes, sizes.metadata_bytes)) return false;
  if (options_.slot_count != 0) return options_.slot_count == ring.slot_count;
  return held_slots == 0 || ring.slot_count >= planned_slot_count(ring.slot_stride, held_slots);
}

void Writer::grow(const Sizes& sizes, std::uint32_t held_slots) {
  const auto planned = plan_ring(sizes.payload_bytes, sizes.caps_bytes, sizes.metadata_bytes,
                                 options_.slot_count, held_slots);
  if (!planned)
    throw Failure(MMAPVIDEO_NO_SPACE,
                  "A frame of " + std::to_string(sizes.payload_bytes) + " bytes is too large for " +
                      quoted(options_.path) + ".",
                  "plan_ring");
  std::unique_ptr<WriterRing> next = append_ring(*planned);
  give_back_former_rings();
  mmapvideo_file_header& h = header();
  const std::uint64_t generation = h.ring_generation + 1;
  next->set_generation(generation,
                       current_ ? slot_id_of(current_->ring(), current_->ring().slot_count) : 0);
  write_descriptor(h.rings[generation % 2], next->ring());
  store_release(h.ring_generation, generation);
  if (current_) former_rings_.push_back(std::move(current_));
  use_ring(std::move(next));
  announce();
}

/// Its generation comes last: a reader two rings behind may be copying what was there (E).
void Writer::write_descriptor(mmapvideo_ring& descriptor, const mmapvideo_ring& ring) noexcept {
  store_relaxed(descriptor.generation, std::uint64_t{0});
  fence_before_writing();
  mmapvideo_ring unnamed = ring;
  unnamed.generation = 0;
  copy_racing_into_mapping(&descriptor, &unnamed, sizeof unnamed);
  store_release(descriptor.generation, ring.generation);
}

std::unique_ptr<WriterRing> Writer::new_ring(const mmapvideo_ring& ring) {
  return std::make_unique<WriterRing>(file_, ring, locked_ ? &turns_ : nullptr);
}

std::unique_ptr<WriterRing> Writer::append_ring(mmapvideo_ring ring) {
  const std::uint64_t end = std::max<std::uint64_t>(file_.size(), MMAPVIDEO_SLOT_ALIGNMENT);
  ring.offset =
      (end + MMAPVIDEO_SLOT_ALIGNMENT - 1) / MMAPVIDEO_SLOT_ALIGNMENT * MMAPVIDEO_SLOT_ALIGNMENT;
  // So that nothing can fail once the ring is in use.
  former_rings_.reserve(former_rings_.size() + 1);
  try {
    file_.reserve(ring.offset, ring_bytes(ring));
    auto appended = new_ring(ring);
    appended->populate();
    return appended;
  } catch (...) {
    file_.give_back(ring.offset, ring_bytes(ring));
    throw;
  }
}

void Writer::use_ring(std::unique_ptr<WriterRing> ring) noexcept {
  current_ = std::move(ring);
  published_in_ring_ = 0;
  first_number_in_ring_ = next_number_;
  store_relaxed(slot_count_, std::uint64_t{current_->ring().slot_count});
  store_relaxed(payload_capacity_, current_->ring().payload_capacity);
}

/// Once a round.
void Writer::look_after_readers() {
  give_back_former_rings();
  turns_.forget_moved();
  store_relaxed(passed_over_now_, std::uint64_t{turns_.passed_count()});
}

/// Gives back what nobody uses of the former rings; the rest is tried again a lap later.
void Writer::give_back_former_rings() {
  std::erase_if(former_rings_,
                [](const std::unique_ptr<WriterRing>& former) { return former->give_back(); });
}

}  // namespace mmapvideo::core
