// SPDX-License-Identifier: MIT
// An mmapvideo file seen through plain open and mmap and layout.h: lets a test read and poke any
// byte, and so play the other process. Knows nothing of the library.
#pragma once

#include <mmapvideo/layout.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "support/mapped_file.hpp"

namespace mmapvideo_test {

/// One aligned machine word, sequentially consistent: the tests need no weaker order.
template <typename T>
T load(T& field) {
  return std::atomic_ref<T>(field).load();
}
template <typename T, typename V>
void store(T& field, V value) {
  std::atomic_ref<T>(field).store(static_cast<T>(value));
}

inline std::string read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

/// The file, mapped shared and whole. Throws where the test itself could not go on.
class RawFile : public MappedFile {
 public:
  using MappedFile::MappedFile;

  mmapvideo_file_header& header() const {
    return *reinterpret_cast<mmapvideo_file_header*>(bytes());
  }
  mmapvideo_ring& ring() const { return header().rings[load(header().ring_generation) % 2]; }
  mmapvideo_ring& other_ring() const {
    return header().rings[(load(header().ring_generation) + 1) % 2];
  }

  std::byte* slot_bytes(const mmapvideo_ring& ring, unsigned index) const {
    return bytes() + ring.offset + ring.slot_stride * index;
  }
  mmapvideo_slot_header& slot(const mmapvideo_ring& ring, unsigned index) const {
    return *reinterpret_cast<mmapvideo_slot_header*>(slot_bytes(ring, index));
  }
  mmapvideo_slot_header& slot(unsigned index) const { return slot(ring(), index); }
  char* caps(unsigned index) const {
    return reinterpret_cast<char*>(slot_bytes(ring(), index) + MMAPVIDEO_CAPS_OFFSET);
  }
  std::byte* payload(unsigned index) const {
    return slot_bytes(ring(), index) + ring().payload_offset;
  }
  std::byte* metadata(unsigned index) const { return payload(index) + ring().payload_capacity; }

  unsigned index_of_slot_id(std::uint64_t slot_id) const {
    return static_cast<unsigned>((slot_id - ring().first_slot_id) % MMAPVIDEO_LOCK_INDEX_COUNT);
  }
  std::uint64_t slot_id(const mmapvideo_ring& ring, unsigned index) const {
    return (ring.first_slot_id + index) % MMAPVIDEO_LOCK_INDEX_COUNT;
  }
  std::uint64_t slot_id(unsigned index) const { return slot_id(ring(), index); }
  unsigned head_index() const { return index_of_slot_id(load(header().head_slot_id)); }

  /// The index of the slot of the present ring that holds `number`, or -1.
  int find(std::uint64_t number) const {
    for (unsigned index = 0; index < ring().slot_count; ++index) {
      if (load(slot(index).stamp) == 2 * number) return static_cast<int>(index);
    }
    return -1;
  }

  /// Changes the futex word and wakes everybody, as SPEC 6 asks of a writer.
  void announce() const {
    std::atomic_ref<std::uint32_t>(header().published).fetch_add(1);
    wake_sleepers(header().published);
  }
};

/// Is frame `number` in one of the slots of the ring in use, claimed or not?
inline bool holds(const std::string& path, std::uint64_t number) {
  const RawFile raw(path, O_RDONLY);
  for (unsigned index = 0; index < raw.ring().slot_count; ++index)
    if (load(raw.slot(index).stamp) / 2 == number) return true;
  return false;
}

}  // namespace mmapvideo_test
