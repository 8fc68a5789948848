// SPDX-License-Identifier: MIT
// The bounds checks alone, in memory: what they let pass is what SPEC.md 12 calls valid, no more
// and no less.
#include <algorithm>

#include "geometry.hpp"

#include "fuzz_target.hpp"
#include "image.hpp"
#include "spec_12.hpp"

namespace core = mmapvideo::core;
using namespace mmapvideo_fuzz;

namespace {

void check_preamble(const Image& image) {
  const std::uint64_t bytes = std::min<std::uint64_t>(image.file_bytes, sizeof image.header);
  const core::FileKind kind = core::classify_preamble(&image.header, bytes);
  const mmapvideo_file_header& header = image.header;
  const bool right = header.magic == MMAPVIDEO_MAGIC && header.version == 1 &&
                     header.incompatible_flags == 0 && header.header_bytes == 4096;
  require((kind == core::FileKind::ours) == (right && bytes >= MMAPVIDEO_PREAMBLE_BYTES) ||
              bytes < MMAPVIDEO_PREAMBLE_BYTES,
          "a file is ours iff its preamble is right");
  require(kind != core::FileKind::ours || bytes >= MMAPVIDEO_PREAMBLE_BYTES,
          "a file without a whole preamble is not ours");
}

void check_slot(const Image& image, std::size_t index, const mmapvideo_ring& ring) {
  const mmapvideo_slot_header& slot = image.slot(index);
  const std::uint64_t stamp = slot.stamp & ~std::uint64_t{1};
  const bool valid = !core::slot_problem(slot, stamp, ring);
  require(valid == spec::valid_slot(slot, stamp, ring), "a slot is valid iff SPEC.md 12 says so");
  if (!valid) return;
  const std::size_t caps_bytes =
      std::min<std::size_t>(slot.info.caps_bytes, slot_part_bytes - MMAPVIDEO_CAPS_OFFSET);
  const bool has_nul = std::memchr(image.caps(index), 0, caps_bytes) != nullptr;
  require(core::caps_problem(image.caps(index), caps_bytes).has_value() == has_nul,
          "caps are invalid iff they hold a NUL");
  mmapvideo_frame_info info = slot.info;
  core::clear_reserved(info);
  require(!core::info_problem(info), "a valid description stays valid without what is reserved");
}

void check_slot_ids(const mmapvideo_ring& ring, std::uint64_t head_slot_id) {
  for (std::uint32_t index = 0; index < ring.slot_count; index += ring.slot_count - 1)
    require(core::slot_index_of(ring, core::slot_id_of(ring, index)) == index,
            "a slot's id leads back to the slot");
  const auto index = core::slot_index_of(ring, head_slot_id);
  require(!index || *index < ring.slot_count, "an id leads to a slot of the ring or nowhere");
}

/// Takes sizes from the input, as a user of the writer might ask for.
void check_plan(const mmapvideo_ring& wish) {
  const auto caps_bytes = static_cast<std::uint32_t>(wish.payload_offset);
  const std::uint32_t slot_count = wish.slot_count < 2 ? 0 : wish.slot_count % 1025;
  const auto planned = core::plan_ring(wish.payload_capacity, caps_bytes, wish.metadata_capacity,
                                       slot_count == 1 ? 2 : slot_count, wish.first_slot_id);
  if (!planned || wish.payload_capacity == 0) return;
  mmapvideo_ring ring = *planned;
  ring.offset = MMAPVIDEO_SLOT_ALIGNMENT;
  require(core::frame_fits(ring, wish.payload_capacity, caps_bytes, wish.metadata_capacity),
          "a frame fits the ring that is planned for it");
  require(spec::valid_ring(ring, 0, UINT64_MAX), "a planned ring is valid");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  static Image image;
  make_image(data, bytes, image);
  check_preamble(image);

  mmapvideo_file_header& header = image.header;
  const bool valid_preamble =
      core::classify_preamble(&header, sizeof header) == core::FileKind::ours;
  const bool valid_header = valid_preamble && !core::header_problem(header);
  require(valid_header == spec::valid_header(header), "a header is valid iff SPEC.md 12 says so");

  for (const std::uint64_t generation : {header.ring_generation, header.ring_generation - 1}) {
    const mmapvideo_ring& ring = header.rings[generation % 2];
    const bool valid = !core::ring_problem(ring, generation, image.file_bytes);
    require(valid == spec::valid_ring(ring, generation, image.file_bytes),
            "a descriptor is valid iff SPEC.md 12 says so");
    check_plan(ring);
    if (!valid) continue;
    check_slot_ids(ring, header.head_slot_id);
    for (std::size_t index = generation % 2; index < slot_total; index += 2)
      check_slot(image, index, ring);
  }
  return 0;
}
