// SPDX-License-Identifier: MIT
// An mmapvideo file seen through plain open and mmap and layout.h: lets a test read and poke any
// byte, and so play the other process. Knows nothing of the library.
#pragma once

#include <fcntl.h>
#include <linux/futex.h>
#include <mmapvideo/layout.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

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

inline struct stat stat_of(const std::string& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) throw std::runtime_error("cannot stat " + path);
  return status;
}

inline bool exists(const std::string& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0;
}

/// Bytes of memory or disk behind the file, holes not counted.
inline std::uint64_t allocated_bytes(const std::string& path) {
  return static_cast<std::uint64_t>(stat_of(path).st_blocks) * 512;
}

/// The file, mapped shared and whole. Throws where the test itself could not go on.
class RawFile {
 public:
  explicit RawFile(const std::string& path, int open_flags = O_RDWR)
      : fd_(::open(path.c_str(), open_flags | O_CLOEXEC, 0600)), writable_(open_flags & O_RDWR) {
    if (fd_ < 0) throw std::runtime_error("cannot open " + path);
    remap();
  }
  ~RawFile() {
    unmap();
    ::close(fd_);
  }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  int fd() const { return fd_; }
  std::uint64_t size() const { return size_; }

  /// Maps again, after the file grew.
  void remap() {
    unmap();
    struct stat status;
    if (::fstat(fd_, &status) != 0) throw std::runtime_error("fstat");
    size_ = static_cast<std::uint64_t>(status.st_size);
    if (size_ == 0) return;
    int protection = writable_ ? PROT_READ | PROT_WRITE : PROT_READ;
    void* mapped = ::mmap(nullptr, size_, protection, MAP_SHARED, fd_, 0);
    if (mapped == MAP_FAILED) throw std::runtime_error("mmap");
    bytes_ = static_cast<std::byte*>(mapped);
  }
  void resize(std::uint64_t size) {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) throw std::runtime_error("ftruncate");
    remap();
  }

  std::byte* bytes() const { return bytes_; }
  mmapvideo_file_header& header() const {
    return *reinterpret_cast<mmapvideo_file_header*>(bytes_);
  }
  mmapvideo_ring& ring() const { return header().rings[load(header().ring_generation) % 2]; }
  mmapvideo_ring& other_ring() const {
    return header().rings[(load(header().ring_generation) + 1) % 2];
  }

  std::byte* slot_bytes(const mmapvideo_ring& ring, unsigned index) const {
    return bytes_ + ring.offset + ring.slot_stride * index;
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
    ::syscall(SYS_futex, &header().published, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
  }

 private:
  void unmap() {
    if (bytes_ != nullptr) ::munmap(bytes_, size_);
    bytes_ = nullptr;
  }

  int fd_;
  bool writable_;
  std::byte* bytes_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace mmapvideo_test
