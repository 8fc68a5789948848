// SPDX-License-Identifier: MIT
// A writer that is not the library: makes a valid file byte by byte from SPEC.md and publishes into
// it, so that tests of the reader can stop between any two steps.
#pragma once

#include <mmapvideo/layout.h>

#include <cstring>
#include <memory>
#include <string>

#include "support/frames.hpp"
#include "support/ofd_lock.hpp"
#include "support/raw_file.hpp"

namespace mmapvideo_test {

struct ForgedShape {
  std::uint32_t slot_count = 4;
  std::uint64_t payload_capacity = kFrameBytes;
  std::uint64_t metadata_capacity = 1024;
  std::uint32_t first_slot_id = 0;
};

class ForgedFile {
 public:
  /// A file in state empty, without a frame; the WRITER lock is held.
  explicit ForgedFile(const std::string& path, ForgedShape shape = {})
      : path_(path), raw_(path, O_RDWR | O_CREAT | O_TRUNC), lock_(path) {
    shape_ = shape;
    mmapvideo_ring ring = ring_of(1, MMAPVIDEO_SLOT_ALIGNMENT, shape);
    raw_.resize(ring.offset + ring.slot_stride * ring.slot_count);
    write_header(ring);
    take_writer_lock();
  }

  RawFile& raw() { return raw_; }
  mmapvideo_file_header& header() { return raw_.header(); }
  mmapvideo_slot_header& slot(unsigned index) { return raw_.slot(index); }

  bool take_writer_lock() { return lock_.try_exclusive(lock_item(Family::writer, 0, 0)); }
  /// As the kernel does when a writer dies.
  void drop_writer_lock() { lock_.unlock(lock_item(Family::writer, 0, 0)); }

  /// SPEC 7.1, steps 5 to 8.
  void begin_session(std::uint64_t id) {
    store(header().state, MMAPVIDEO_STATE_FORMING);
    store(header().session_id, id);
    header().session_count += 1;
    header().session_first_number = next_number_;
    store(header().state, MMAPVIDEO_STATE_EMPTY);
    raw_.announce();
  }
  /// SPEC 7.3, step 1.
  void end_session() {
    store(header().state, MMAPVIDEO_STATE_ENDED);
    raw_.announce();
  }

  /// A whole frame into the next slot: SPEC 7.2.
  std::uint64_t publish(const mmapvideo_frame_info& info = grey_info(),
                        const std::string& caps = kCaps) {
    unsigned index = next_index_;
    std::uint64_t number = write_slot(info, caps);
    announce_head(number, index);
    return number;
  }
  /// Steps 3 to 6 only: a complete slot of which the head does not know yet.
  std::uint64_t write_slot(const mmapvideo_frame_info& info = grey_info(),
                           const std::string& caps = kCaps) {
    std::uint64_t number = next_number_++;
    start_slot(next_index_);
    fill_slot(next_index_, number, info, caps);
    store(slot(next_index_).stamp, 2 * number);
    next_index_ = (next_index_ + 1) % raw_.ring().slot_count;
    return number;
  }
  /// Step 3 only.
  void start_slot(unsigned index) {
    store(slot(index).stamp, std::uint64_t{MMAPVIDEO_STAMP_WRITING});
  }
  /// Steps 6 and 7.
  void announce_head(std::uint64_t number, unsigned index) {
    store(header().head_slot_id, raw_.slot_id(index));
    store(header().head_number, number);
    store(header().state, MMAPVIDEO_STATE_STREAMING);
    raw_.announce();
  }
  /// A frame for which no slot was free.
  void spend_a_number() { ++next_number_; }

  /// SPEC 11: a new ring at the end of the file.
  void grow(ForgedShape shape) {
    const mmapvideo_ring present = raw_.ring();
    shape.first_slot_id = (present.first_slot_id + present.slot_count) % (1u << 24);
    std::uint64_t generation = load(header().ring_generation) + 1;
    mmapvideo_ring ring = ring_of(generation, raw_.size(), shape);
    raw_.resize(ring.offset + ring.slot_stride * ring.slot_count);
    header().rings[generation % 2] = ring;
    store(header().ring_generation, generation);
    raw_.announce();
    shape_ = shape;
    next_index_ = 0;
  }

  unsigned next_index() const { return next_index_; }
  std::uint64_t next_number() const { return next_number_; }
  const std::string& path() const { return path_; }

  static std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
    return (value + step - 1) / step * step;
  }

 private:
  static mmapvideo_ring ring_of(std::uint64_t generation, std::uint64_t offset, ForgedShape shape) {
    mmapvideo_ring ring = {};
    ring.generation = generation;
    ring.offset = offset;
    ring.payload_offset = 4096;
    ring.payload_capacity = round_up(shape.payload_capacity, 64);
    ring.metadata_capacity = shape.metadata_capacity;
    ring.slot_stride =
        round_up(ring.payload_offset + ring.payload_capacity + ring.metadata_capacity, 65536);
    ring.slot_count = shape.slot_count;
    ring.first_slot_id = shape.first_slot_id;
    return ring;
  }
  void write_header(const mmapvideo_ring& ring) {
    mmapvideo_file_header& out = header();
    std::memcpy(&out.magic, "mmapvid\n", 8);
    out.version = 1;
    out.header_bytes = 4096;
    std::memset(out.file_id, 0x5a, sizeof out.file_id);
    out.session_id = 0x1111;
    out.session_count = 1;
    out.session_first_number = 1;
    out.rings[1] = ring;
    out.ring_generation = 1;
    store(out.state, MMAPVIDEO_STATE_EMPTY);
  }
  void fill_slot(unsigned index, std::uint64_t number, const mmapvideo_frame_info& info,
                 const std::string& caps) {
    mmapvideo_slot_header& out = slot(index);
    out.number = number;
    out.session_id = load(header().session_id);
    out.info = info;
    std::memcpy(raw_.caps(index), caps.c_str(), caps.size() + 1);
    fill_words(raw_.payload(index), info.payload_bytes, number);
  }

  std::string path_;
  RawFile raw_;
  LockFile lock_;
  ForgedShape shape_;
  std::uint64_t next_number_ = 1;
  unsigned next_index_ = 0;
};

/// A valid file of two frames, as bytes. Its writer ended, so that no lock matters.
inline std::string valid_bytes(const std::string& scratch_path) {
  {
    ForgedFile file(scratch_path, {.slot_count = 2});
    file.publish();
    file.publish();
    file.end_session();
  }
  std::string bytes = read_bytes(scratch_path);
  ::unlink(scratch_path.c_str());
  return bytes;
}

template <typename T>
void poke(std::string& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

inline void flip(std::string& bytes, std::size_t byte, int bit) {
  bytes[byte] = static_cast<char>(bytes[byte] ^ (1 << bit));
}

}  // namespace mmapvideo_test
