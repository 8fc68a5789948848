// SPDX-License-Identifier: MIT
// Mutations that know what an input means: a patch goes to a field, and its value is one that a
// bound may get wrong.
#include <algorithm>
#include <array>
#include <random>

#include "image.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t bytes, std::size_t room);

namespace mmapvideo_fuzz {
namespace {

struct Field {
  std::size_t offset;
  std::uint8_t kind;
};

#define HEADER_FIELD(name, kind) \
  Field { offsetof(mmapvideo_file_header, name), kind }
#define RING_FIELD(index, name, kind)                                           \
  Field {                                                                       \
    offsetof(mmapvideo_file_header, rings) + (index) * sizeof(mmapvideo_ring) + \
        offsetof(mmapvideo_ring, name),                                         \
        kind                                                                    \
  }
#define RING_FIELDS(index)                                                             \
  RING_FIELD(index, generation, 3), RING_FIELD(index, offset, 3),                      \
      RING_FIELD(index, slot_stride, 3), RING_FIELD(index, payload_offset, 3),         \
      RING_FIELD(index, payload_capacity, 3), RING_FIELD(index, metadata_capacity, 3), \
      RING_FIELD(index, slot_count, 2), RING_FIELD(index, first_slot_id, 2)

constexpr Field header_fields[] = {
    HEADER_FIELD(magic, 3),
    HEADER_FIELD(version, 2),
    HEADER_FIELD(header_bytes, 2),
    HEADER_FIELD(incompatible_flags, 3),
    HEADER_FIELD(compatible_flags, 3),
    HEADER_FIELD(state, 2),
    HEADER_FIELD(session_id, 3),
    HEADER_FIELD(session_first_number, 3),
    HEADER_FIELD(delivery, 2),
    HEADER_FIELD(ring_generation, 3),
    HEADER_FIELD(head_number, 3),
    HEADER_FIELD(head_slot_id, 3),
    HEADER_FIELD(published, 2),
    HEADER_FIELD(released, 2),
    RING_FIELDS(0),
    RING_FIELDS(1),
};

#define SLOT_FIELD(name, kind) \
  Field { offsetof(mmapvideo_slot_header, name), kind }

constexpr Field slot_fields[] = {
    SLOT_FIELD(stamp, 3),
    SLOT_FIELD(number, 3),
    SLOT_FIELD(session_id, 3),
    SLOT_FIELD(info.payload_bytes, 3),
    SLOT_FIELD(info.metadata_bytes, 3),
    SLOT_FIELD(info.caps_bytes, 2),
    SLOT_FIELD(info.plane_count, 2),
    SLOT_FIELD(info.format[31], 0),
    SLOT_FIELD(info.planes[0].offset, 3),
    SLOT_FIELD(info.planes[0].stride, 3),
    SLOT_FIELD(info.planes[0].row_bytes, 2),
    SLOT_FIELD(info.planes[0].rows, 2),
    SLOT_FIELD(info.planes[3].offset, 3),
    SLOT_FIELD(info.planes[3].rows, 2),
    Field{MMAPVIDEO_CAPS_OFFSET + 3, 0},
};

constexpr std::array<std::uint64_t, 24> bounds = {
    0,
    1,
    2,
    3,
    4,
    64,
    512,
    1024,
    4096,
    8192,
    65536,
    131072,
    196608,
    393216,
    1u << 24,
    1u << 28,
    1u << 31,
    UINT32_MAX,
    std::uint64_t{1} << 60,
    MMAPVIDEO_MAX_FRAME_NUMBER,
    std::uint64_t{1} << 62,
    INT64_MAX,
    std::uint64_t{1} << 63,
    UINT64_MAX,
};

std::size_t below(std::minstd_rand& random, std::size_t count) { return random() % count; }

void choose_field(Patch& patch, std::minstd_rand& random) {
  if (below(random, 16) == 0) {
    patch.kind = size_kind;
  } else if (below(random, 2) == 0) {
    const Field& field = header_fields[below(random, std::size(header_fields))];
    patch.kind = field.kind;
    patch.location = static_cast<std::uint16_t>(field.offset);
  } else {
    const Field& field = slot_fields[below(random, std::size(slot_fields))];
    patch.kind = field.kind;
    patch.location = static_cast<std::uint16_t>(
        header_reach + below(random, slot_total) * slot_reach + field.offset);
  }
}

void choose_value(Patch& patch, std::minstd_rand& random) {
  const std::uint64_t bound = bounds[below(random, bounds.size())];
  switch (below(random, 5)) {
    case 0:
      patch.value = bound;
      break;
    case 1:
      patch.value = bound + below(random, 5) - 2;
      break;
    case 2:
      patch.value = bound * (1 + below(random, 1030));
      break;
    case 3:
      patch.value ^= std::uint64_t{1} << below(random, 64);
      break;
    default:
      patch.value =
          (std::uint64_t{random()} << 33 ^ std::uint64_t{random()} << 8) >> below(random, 64);
  }
}

std::size_t mutate_patches(std::uint8_t* data, std::size_t count, std::size_t room,
                           std::minstd_rand& random) {
  const std::size_t most = std::min((room - 1) / patch_bytes, max_patches);
  if (most == 0) return count;
  const bool another = count == 0 || (count < most && below(random, 3) == 0);
  if (!another && count > 1 && below(random, 5) == 0) {  // one goes
    std::copy(data + 1 + patch_bytes, data + 1 + count * patch_bytes, data + 1);
    return count - 1;
  }
  const std::size_t index = another ? count : below(random, count);
  std::uint8_t* const at = data + 1 + index * patch_bytes;
  Patch patch = another ? Patch{} : read_patch(at);
  if (another || below(random, 3) == 0) choose_field(patch, random);
  choose_value(patch, random);
  write_patch(at, patch);
  return another ? count + 1 : count;
}

}  // namespace
}  // namespace mmapvideo_fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t bytes,
                                               std::size_t room, unsigned seed) {
  using namespace mmapvideo_fuzz;
  std::minstd_rand random(seed);
  const bool has_patches = bytes > 0 && mode_of(data, bytes) >= Mode::one_ring;
  if (!has_patches && bytes > 0 && below(random, 8) != 0)
    return LLVMFuzzerMutate(data, bytes, room);
  if (below(random, 16) == 0) return LLVMFuzzerMutate(data, bytes, room);
  if (!has_patches) bytes = 1;
  if (!has_patches || below(random, 64) == 0)
    data[0] =
        static_cast<std::uint8_t>(static_cast<std::uint8_t>(Mode::one_ring) + below(random, 2));
  const std::size_t count = std::min((bytes - 1) / patch_bytes, max_patches);
  return 1 + patch_bytes * mutate_patches(data, count, room, random);
}
