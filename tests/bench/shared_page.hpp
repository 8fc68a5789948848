// SPDX-License-Identifier: MIT
// Memory that two processes share without any transport: a mapped file, and words in it to wait
// for.
#pragma once

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace bench {

using SharedWord = std::atomic<std::uint32_t>;

/// The first bytes of the file, which another process has made. Stays mapped.
inline unsigned char* map_shared(const std::string& path, std::size_t bytes) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) throw std::runtime_error("cannot open " + path);
  void* start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (start == MAP_FAILED) throw std::runtime_error("cannot map " + path);
  return static_cast<unsigned char*>(start);
}

/// Waits, unless the word has changed already.
inline void wait_while(const SharedWord& word, std::uint32_t value) {
  while (word.load(std::memory_order_acquire) == value)
    ::syscall(SYS_futex, &word, FUTEX_WAIT, value, nullptr, nullptr, 0);
}

/// Counts it up and wakes all who wait for it.
inline void advance(SharedWord& word) {
  word.fetch_add(1, std::memory_order_release);
  ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace bench
