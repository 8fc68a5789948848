// SPDX-License-Identifier: MIT
// Inputs as files: a valid file of two rings, changed by what the fuzzer says. README.md of this
// directory tells the format, which tests/python/fuzz_corpus.py reads as well.
#pragma once

#include <mmapvideo/layout.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace mmapvideo_fuzz {

inline constexpr std::size_t slots_in_first_ring = 2;
inline constexpr std::size_t slots_in_second_ring = 3;
inline constexpr std::size_t slot_total = slots_in_first_ring + slots_in_second_ring;
inline constexpr std::size_t image_bytes = (1 + slot_total) * std::size_t{MMAPVIDEO_SLOT_ALIGNMENT};
/// What of a file is kept in memory: the header page, and of each slot the header and the caps.
inline constexpr std::size_t slot_part_bytes = 1024;
/// What patches reach: the fields of the header; of each slot the header and some caps.
inline constexpr std::size_t header_reach = 640;
inline constexpr std::size_t slot_reach = 576;
inline constexpr std::size_t location_count = header_reach + slot_total * slot_reach;
inline constexpr std::size_t max_raw_bytes = 8192;

struct Image {
  mmapvideo_file_header header;
  std::byte slots[slot_total][slot_part_bytes];
  std::uint64_t file_bytes;

  const mmapvideo_slot_header& slot(std::size_t index) const {
    return reinterpret_cast<const mmapvideo_slot_header&>(slots[index]);
  }
  const char* caps(std::size_t index) const {
    return reinterpret_cast<const char*>(slots[index]) + MMAPVIDEO_CAPS_OFFSET;
  }
  static constexpr std::uint64_t slot_offset(std::size_t index) {
    return (1 + index) * std::uint64_t{MMAPVIDEO_SLOT_ALIGNMENT};
  }
};

enum class Mode : std::uint8_t {
  raw = 0,        ///< the rest of the input is the whole file
  raw_start = 1,  ///< the rest of the input is the beginning of the file
  one_ring = 2,   ///< patches of a file with one ring
  two_rings = 3,  ///< patches of a file that has grown
};
inline constexpr std::uint8_t mode_count = 4;

/// A change of the valid file. Eleven bytes of input.
struct Patch {
  std::uint8_t kind;  // mod 5: 0 to 3 store 1, 2, 4, 8 bytes; 4 sets the file's size
  std::uint16_t location;
  std::uint64_t value;
};
inline constexpr std::size_t patch_bytes = 11;
inline constexpr std::uint8_t patch_kind_count = 5;
inline constexpr std::uint8_t size_kind = 4;
inline constexpr std::size_t max_patches = 24;

namespace detail {

template <typename T>
T load_from(const std::uint8_t* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

inline mmapvideo_ring base_ring(std::uint64_t generation) {
  mmapvideo_ring ring{};
  ring.generation = generation;
  ring.offset = generation == 1 ? Image::slot_offset(0) : Image::slot_offset(slots_in_first_ring);
  ring.slot_stride = MMAPVIDEO_SLOT_ALIGNMENT;
  ring.payload_offset = MMAPVIDEO_PAYLOAD_ALIGNMENT;
  ring.payload_capacity = generation == 1 ? 4096 : 8192;
  ring.metadata_capacity = 1024;
  ring.slot_count = generation == 1 ? slots_in_first_ring : slots_in_second_ring;
  ring.first_slot_id = generation == 1 ? 0 : slots_in_first_ring;
  return ring;
}

inline void base_slot(Image& image, std::size_t index, std::uint64_t number) {
  constexpr std::string_view caps = "video/x-raw, format=(string)GRAY8, width=(int)64";
  auto& slot = reinterpret_cast<mmapvideo_slot_header&>(image.slots[index]);
  slot.stamp = 2 * number;
  slot.number = number;
  slot.session_id = image.header.session_id;
  mmapvideo_frame_info& info = slot.info;
  info.pts_ns = info.dts_ns = info.duration_ns = MMAPVIDEO_NONE;
  info.offset = info.offset_end = info.clock_time_ns = MMAPVIDEO_NONE;
  info.payload_bytes = 4096;
  info.metadata_bytes = 16;
  info.caps_bytes = caps.size();
  info.width = info.height = 64;
  info.fps_denominator = info.par_numerator = info.par_denominator = 1;
  info.plane_count = info.view_count = 1;
  std::memcpy(info.format, "GRAY8", 5);
  info.planes[0].stride = info.planes[0].row_bytes = info.planes[0].rows = 64;
  std::memcpy(image.slots[index] + MMAPVIDEO_CAPS_OFFSET, caps.data(), caps.size());
}

inline Image base_image(std::uint64_t generation) {
  Image image{};
  mmapvideo_file_header& header = image.header;
  header.magic = MMAPVIDEO_MAGIC;
  header.version = MMAPVIDEO_VERSION;
  header.header_bytes = MMAPVIDEO_HEADER_BYTES;
  header.state = MMAPVIDEO_STATE_ENDED;
  header.session_id = 0x1111;
  header.session_count = header.session_first_number = 1;
  header.ring_generation = generation;
  header.rings[1] = base_ring(1);
  if (generation == 2) header.rings[0] = base_ring(2);
  const std::size_t slots = generation == 1 ? slots_in_first_ring : slot_total;
  for (std::size_t index = 0; index < slots; ++index) base_slot(image, index, index + 1);
  header.head_number = slots;
  header.head_slot_id = slots - 1;
  image.file_bytes = generation == 1 ? Image::slot_offset(slots_in_first_ring) : image_bytes;
  return image;
}

/// Stores `bytes` bytes at a place of the kept part of the file; what lies elsewhere is dropped.
inline void store(Image& image, std::size_t location, const void* value, std::size_t bytes) {
  if (location < header_reach) {
    std::memcpy(reinterpret_cast<std::byte*>(&image.header) + location, value, bytes);
    return;
  }
  const std::size_t slot = (location - header_reach) / slot_reach;
  std::memcpy(image.slots[slot] + (location - header_reach) % slot_reach, value, bytes);
}

/// The beginning of a file, as far as the image keeps it.
inline void store_raw(Image& image, const std::uint8_t* data, std::size_t bytes) {
  std::memcpy(&image.header, data, bytes < sizeof image.header ? bytes : sizeof image.header);
}

}  // namespace detail

inline void apply(Image& image, const Patch& patch) {
  const std::uint8_t kind = patch.kind % patch_kind_count;
  if (kind == size_kind)
    image.file_bytes = patch.value % (image_bytes + MMAPVIDEO_SLOT_ALIGNMENT + 1);
  else
    detail::store(image, patch.location % location_count, &patch.value, std::size_t{1} << kind);
}

inline Patch read_patch(const std::uint8_t* data) {
  return {data[0], detail::load_from<std::uint16_t>(data + 1),
          detail::load_from<std::uint64_t>(data + 3)};
}

inline void write_patch(std::uint8_t* data, const Patch& patch) {
  data[0] = patch.kind;
  std::memcpy(data + 1, &patch.location, sizeof patch.location);
  std::memcpy(data + 3, &patch.value, sizeof patch.value);
}

inline Mode mode_of(const std::uint8_t* data, std::size_t bytes) {
  return static_cast<Mode>(bytes == 0 ? 0 : data[0] % mode_count);
}

/// The valid file of a mode, before anything is changed.
inline const Image& base_of(Mode mode) {
  static const Image one_ring = detail::base_image(1);
  static const Image two_rings = detail::base_image(2);
  static const Image nothing{};
  return mode == Mode::raw ? nothing : mode == Mode::two_rings ? two_rings : one_ring;
}

/// The patches of an input; none in the raw modes.
class Patches {
 public:
  Patches(const std::uint8_t* data, std::size_t bytes) {
    if (mode_of(data, bytes) < Mode::one_ring) return;
    for (std::size_t at = 1; at + patch_bytes <= bytes && count_ < max_patches; at += patch_bytes)
      patches_[count_++] = read_patch(data + at);
  }
  const Patch* begin() const { return patches_.data(); }
  const Patch* end() const { return patches_.data() + count_; }

 private:
  std::array<Patch, max_patches> patches_;
  std::size_t count_ = 0;
};

inline void make_image(const std::uint8_t* data, std::size_t bytes, Image& image) {
  const Mode mode = mode_of(data, bytes);
  image = base_of(mode);
  for (const Patch& patch : Patches(data, bytes)) apply(image, patch);
  if (mode >= Mode::one_ring || bytes < 2) return;
  const std::size_t raw_bytes = bytes - 1 < max_raw_bytes ? bytes - 1 : max_raw_bytes;
  detail::store_raw(image, data + 1, raw_bytes);
  if (mode == Mode::raw) image.file_bytes = raw_bytes;
}

}  // namespace mmapvideo_fuzz
