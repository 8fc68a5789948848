// SPDX-License-Identifier: MIT
// Boot identity and randomness on POSIX systems.
#include <fcntl.h>
#include <unistd.h>

#include <random>

#include "platform.hpp"

namespace mmapvideo::core::platform {
namespace {

/// False: there is no such device.
bool read_random_device(void* to, std::size_t bytes) noexcept {
  const int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  auto* at = static_cast<unsigned char*>(to);
  while (bytes > 0) {
    const ssize_t got = read(fd, at, bytes);
    if (got <= 0) break;
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
  close(fd);
  return bytes == 0;
}

/// Nobody else draws these: the time and the process are in them.
void seed_and_draw(void* to, std::size_t bytes) noexcept {
  std::seed_seq seed{monotonic_ns(), monotonic_ns() >> 32, wall_clock_ns(), process_id()};
  std::mt19937 generator(seed);
  auto* at = static_cast<unsigned char*>(to);
  for (std::size_t i = 0; i < bytes; ++i) at[i] = static_cast<unsigned char>(generator());
}

}  // namespace

/// The boot stays unknown, so that times are not compared.
ClockDomain clock_domain() noexcept {
  ClockDomain domain;
  domain.clock_id = MMAPVIDEO_CLOCK_MONOTONIC;
  return domain;
}

void fill_random(void* to, std::size_t bytes) noexcept {
  if (!read_random_device(to, bytes)) seed_and_draw(to, bytes);
}

}  // namespace mmapvideo::core::platform
