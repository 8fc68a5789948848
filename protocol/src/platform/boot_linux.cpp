// SPDX-License-Identifier: MIT
// Boot identity and randomness on Linux.
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform.hpp"

namespace mmapvideo::core::platform {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// Parses a UUID's 32 digits; stays all 0 when it cannot be read.
void read_boot_id(std::uint8_t (&boot_id)[16]) noexcept {
  char text[64] = {};
  const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  unsigned digits = 0;
  for (ssize_t i = 0; i < got && digits < 32; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) continue;
    boot_id[digits / 2] = static_cast<std::uint8_t>(boot_id[digits / 2] << 4 | digit);
    ++digits;
  }
}

}  // namespace

ClockDomain clock_domain() noexcept {
  ClockDomain domain;
  domain.clock_id = MMAPVIDEO_CLOCK_MONOTONIC;
  struct stat status {};
  if (stat("/proc/self/ns/time", &status) == 0) domain.clock_namespace = status.st_ino;
  read_boot_id(domain.boot_id);
  return domain;
}

void fill_random(void* to, std::size_t bytes) noexcept {
  auto* at = static_cast<unsigned char*>(to);
  while (bytes > 0) {
    const ssize_t got = getrandom(at, bytes, 0);
    if (got <= 0) continue;  // interrupted, or the pool is not ready yet
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
}

}  // namespace mmapvideo::core::platform
