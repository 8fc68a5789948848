// SPDX-License-Identifier: MIT
// A file without a kernel: the calls that the library makes about it are led here by the linker
// (--wrap), and answered from memory. Many times faster than a real file, and stricter: what no
// mapping covers is poisoned for AddressSanitizer, which knows nothing of real mappings; a mapping
// beyond the file's end, and anything that stays open, mapped or locked, aborts.
//
// Everything else passes through. One thread at a time.
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz_target.hpp"
#include "image_file.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define MMAPVIDEO_FUZZ_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MMAPVIDEO_FUZZ_ASAN 1
#endif
#endif
#if defined(MMAPVIDEO_FUZZ_ASAN)
#include <sanitizer/asan_interface.h>
#endif

namespace mmapvideo_fuzz {
namespace {

#if defined(MMAPVIDEO_FUZZ_ASAN)
void forbid(std::byte* at, std::size_t bytes) { ASAN_POISON_MEMORY_REGION(at, bytes); }
void allow(std::byte* at, std::size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(at, bytes); }
#else
void forbid(std::byte*, std::size_t) {}
void allow(std::byte*, std::size_t) {}
#endif

constexpr std::string_view file_path = "/memory/file";
constexpr std::string_view boot_id_path = "/proc/sys/kernel/random/boot_id";
constexpr std::string_view boot_id = "01234567-89ab-cdef-0123-456789abcdef\n";
constexpr std::string_view clock_namespace_path = "/proc/self/ns/time";
constexpr int first_descriptor = 1 << 20;
constexpr std::size_t page_bytes = 4096;
/// Room for what a writer appends, and no more: then the disk is full.
constexpr std::size_t capacity_bytes = std::size_t{4} << 20;

struct Lock {
  int descriptor;
  short type;
  std::uint64_t start;
  std::uint64_t end;
};

struct Map {
  std::size_t offset;
  std::size_t bytes;
};

/// All there is.
struct Kernel {
  alignas(page_bytes) std::byte bytes[capacity_bytes];
  std::size_t file_bytes = 0;
  bool boot_id_open = false;
  std::vector<int> descriptors;
  std::vector<Lock> locks;
  std::vector<Map> maps;
  std::uint64_t random = 88172645463325252;

  Kernel() { forbid(bytes, capacity_bytes); }
};

Kernel& kernel() {
  static Kernel kernel;
  return kernel;
}

bool is_ours(int descriptor) { return descriptor >= first_descriptor; }
bool is_boot_id(int descriptor) { return descriptor == first_descriptor; }
bool is_ours(const void* at) {
  const auto* byte = static_cast<const std::byte*>(at);
  return byte >= kernel().bytes && byte < kernel().bytes + capacity_bytes;
}

int fail(int error) {
  errno = error;
  return -1;
}

/// What is mapped may be touched, and nothing else.
void forbid_what_is_not_mapped(std::size_t offset, std::size_t bytes) {
  Kernel& k = kernel();
  forbid(k.bytes + offset, bytes);
  for (const Map& map : k.maps) {
    const std::size_t start = std::max(offset, map.offset);
    const std::size_t end = std::min(offset + bytes, map.offset + map.bytes);
    if (start < end) allow(k.bytes + start, end - start);
  }
}

/// Calls `use` with a part of the file, whether mapped or not.
template <typename Use>
void with_bytes(std::size_t offset, std::size_t bytes, Use use) {
  allow(kernel().bytes + offset, bytes);
  use(kernel().bytes + offset);
  // Poison covers eight bytes at least.
  const std::size_t start = offset / 8 * 8;
  forbid_what_is_not_mapped(start, (offset + bytes - start + 7) / 8 * 8);
}

int open_file(int flags) {
  Kernel& k = kernel();
  if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) return fail(EEXIST);
  int descriptor = first_descriptor + 1;
  while (std::find(k.descriptors.begin(), k.descriptors.end(), descriptor) != k.descriptors.end())
    ++descriptor;
  k.descriptors.push_back(descriptor);
  return descriptor;
}

int close_file(int descriptor) {
  Kernel& k = kernel();
  if (is_boot_id(descriptor)) return k.boot_id_open = false, 0;
  require(std::erase(k.descriptors, descriptor) == 1, "what is closed was open");
  std::erase_if(k.locks, [&](const Lock& lock) { return lock.descriptor == descriptor; });
  return 0;
}

int describe(struct stat* status) {
  *status = {};
  status->st_mode = S_IFREG | 0600;
  static const uid_t user = geteuid();
  status->st_uid = user;
  status->st_dev = status->st_ino = 1;
  status->st_size = static_cast<off_t>(kernel().file_bytes);
  return 0;
}

std::uint64_t end_of(const struct flock& lock) {
  require(lock.l_len > 0 && lock.l_start >= 0, "locks have a length");
  return static_cast<std::uint64_t>(lock.l_start) + static_cast<std::uint64_t>(lock.l_len);
}

/// Another holder's lock that stands in the way.
const Lock* conflict(int descriptor, const struct flock& wanted) {
  const auto start = static_cast<std::uint64_t>(wanted.l_start);
  for (const Lock& lock : kernel().locks)
    if (lock.descriptor != descriptor && lock.start < end_of(wanted) && start < lock.end &&
        (lock.type == F_WRLCK || wanted.l_type == F_WRLCK))
      return &lock;
  return nullptr;
}

int set_lock(int descriptor, const struct flock& wanted) {
  Kernel& k = kernel();
  const auto start = static_cast<std::uint64_t>(wanted.l_start);
  const std::uint64_t end = end_of(wanted);
  if (wanted.l_type != F_UNLCK && conflict(descriptor, wanted) != nullptr) return fail(EAGAIN);
  std::erase_if(k.locks, [&](const Lock& lock) {
    if (lock.descriptor != descriptor || lock.end <= start || end <= lock.start) return false;
    require(start <= lock.start && lock.end <= end, "no lock is split");
    return true;
  });
  if (wanted.l_type != F_UNLCK) k.locks.push_back({descriptor, wanted.l_type, start, end});
  return 0;
}

int query_lock(int descriptor, struct flock* wanted) {
  const Lock* const lock = conflict(descriptor, *wanted);
  if (lock == nullptr) {
    wanted->l_type = F_UNLCK;
    return 0;
  }
  wanted->l_type = lock->type;
  wanted->l_start = static_cast<off_t>(lock->start);
  wanted->l_len = static_cast<off_t>(lock->end - lock->start);
  return 0;
}

void* map_file(std::size_t bytes, off_t offset) {
  Kernel& k = kernel();
  const auto start = static_cast<std::size_t>(offset);
  const std::size_t pages = (k.file_bytes + page_bytes - 1) / page_bytes * page_bytes;
  require(bytes > 0 && start % page_bytes == 0 && start <= pages && bytes <= pages - start,
          "a mapping lies within the file");
  k.maps.push_back({start, bytes});
  allow(k.bytes + start, bytes);
  return k.bytes + start;
}

int unmap_file(void* at, std::size_t bytes) {
  Kernel& k = kernel();
  const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(at) - k.bytes);
  const auto found = std::find_if(k.maps.begin(), k.maps.end(), [&](const Map& map) {
    return map.offset == offset && map.bytes == bytes;
  });
  require(found != k.maps.end(), "what is unmapped was mapped");
  k.maps.erase(found);
  forbid_what_is_not_mapped(offset, bytes);
  return 0;
}

int reserve(std::uint64_t offset, std::uint64_t bytes) {
  Kernel& k = kernel();
  if (offset > capacity_bytes || bytes > capacity_bytes - offset) return ENOSPC;
  k.file_bytes = std::max<std::size_t>(k.file_bytes, offset + bytes);
  return 0;
}

void punch_hole(std::uint64_t offset, std::uint64_t bytes) {
  const std::size_t file_bytes = kernel().file_bytes;
  if (offset >= file_bytes) return;
  const std::size_t count = std::min<std::size_t>(bytes, file_bytes - offset);
  with_bytes(offset, count, [&](std::byte* part) { std::memset(part, 0, count); });
}

ssize_t read_file(void* to, std::size_t bytes, off_t offset) {
  const auto start = static_cast<std::size_t>(offset);
  if (start >= kernel().file_bytes) return 0;
  const std::size_t count = std::min(bytes, kernel().file_bytes - start);
  with_bytes(start, count, [&](const std::byte* part) { std::memcpy(to, part, count); });
  return static_cast<ssize_t>(count);
}

ssize_t write_file(const void* from, std::size_t bytes, off_t offset) {
  const auto start = static_cast<std::size_t>(offset);
  if (reserve(start, bytes) != 0) return fail(ENOSPC);
  with_bytes(start, bytes, [&](std::byte* part) { std::memcpy(part, from, bytes); });
  return static_cast<ssize_t>(bytes);
}

void fill_random(void* to, std::size_t bytes) {
  std::uint64_t& x = kernel().random;
  for (std::size_t i = 0; i < bytes; ++i) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    static_cast<std::uint8_t*>(to)[i] = static_cast<std::uint8_t>(x);
  }
}

}  // namespace

ImageFile::ImageFile() : path_(file_path) {}

void ImageFile::put(const Image& image, const std::uint8_t* raw, std::size_t raw_bytes) {
  Kernel& k = kernel();
  // The same input does the same each time.
  k.random = 88172645463325252;
  const std::size_t former_bytes = std::exchange(k.file_bytes, image.file_bytes);
  const std::size_t touched = std::max(former_bytes, k.file_bytes);
  with_bytes(0, touched, [&](std::byte* file) {
    std::memset(file, 0, touched);
    const auto write = [&](std::uint64_t offset, const void* from, std::size_t bytes) {
      if (offset < k.file_bytes)
        std::memcpy(file + offset, from, std::min<std::size_t>(bytes, k.file_bytes - offset));
    };
    write(0, &image.header, sizeof image.header);
    for (std::size_t index = 0; index < slot_total; ++index)
      write(Image::slot_offset(index), image.slots[index], sizeof image.slots[index]);
    write(0, raw, raw_bytes);
  });
}

const std::string& ImageFile::kept_parts(Moment moment) const {
  static std::string kept[2];
  std::string& all = kept[static_cast<int>(moment)];
  all.clear();
  for (std::size_t part = 0; part <= slot_total; ++part) {
    char bytes[MMAPVIDEO_PAYLOAD_ALIGNMENT];
    const ssize_t got =
        read_file(bytes, sizeof bytes, static_cast<off_t>(part * MMAPVIDEO_SLOT_ALIGNMENT));
    all.append(bytes, static_cast<std::size_t>(got));
  }
  return all += std::to_string(kernel().file_bytes);
}

void ImageFile::require_let_go() const {
  const Kernel& k = kernel();
  require(k.descriptors.empty() && !k.boot_id_open, "nothing stays open");
  require(k.maps.empty(), "nothing stays mapped");
  require(k.locks.empty(), "nothing stays locked");
}

}  // namespace mmapvideo_fuzz

// ---- The calls --------------------------------------------------------------------------------

using namespace mmapvideo_fuzz;

#if defined(MMAPVIDEO_FUZZ_ASAN)
/// Stacks of allocations are kept when an input is looked at again:
/// ASAN_OPTIONS=malloc_context_size=30. The quarantine holds what one input frees, and fits the
/// processor's cache.
extern "C" const char* __asan_default_options() {
  return "malloc_context_size=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=64";
}
#endif

extern "C" {

#define REAL(type, name, ...) type __real_##name(__VA_ARGS__)
REAL(int, open64, const char*, int, ...);
REAL(int, close, int);
REAL(int, fstat64, int, struct stat*);
REAL(int, stat64, const char*, struct stat*);
REAL(int, lstat64, const char*, struct stat*);
REAL(ssize_t, pread64, int, void*, size_t, off_t);
REAL(ssize_t, read, int, void*, size_t);
REAL(ssize_t, pwrite64, int, const void*, size_t, off_t);
REAL(int, posix_fallocate64, int, off_t, off_t);
REAL(int, fallocate64, int, int, off_t, off_t);
REAL(void*, mmap64, void*, size_t, int, int, int, off_t);
REAL(int, munmap, void*, size_t);
REAL(int, madvise, void*, size_t, int);
REAL(int, fcntl64, int, int, ...);
REAL(int, fstatfs64, int, struct statfs*);
REAL(int, fstatvfs64, int, struct statvfs*);
REAL(long, syscall, long, ...);
#undef REAL

int __wrap_open64(const char* path, int flags, ...) {
  if (path == file_path) return open_file(flags);
  if (path == boot_id_path) return kernel().boot_id_open = true, first_descriptor;
  va_list rest;
  va_start(rest, flags);
  const auto mode = static_cast<mode_t>(va_arg(rest, unsigned));
  va_end(rest);
  return __real_open64(path, flags, mode);
}

int __wrap_close(int fd) { return is_ours(fd) ? close_file(fd) : __real_close(fd); }

int __wrap_fstat64(int fd, struct stat* status) {
  return is_ours(fd) ? describe(status) : __real_fstat64(fd, status);
}
int __wrap_stat64(const char* path, struct stat* status) {
  if (path == clock_namespace_path) return describe(status);
  return __real_stat64(path, status);
}
int __wrap_lstat64(const char* path, struct stat* status) {
  return path == file_path ? describe(status) : __real_lstat64(path, status);
}

ssize_t __wrap_read(int fd, void* to, size_t bytes) {
  if (!is_ours(fd)) return __real_read(fd, to, bytes);
  const std::size_t count = std::min(bytes, boot_id.size());
  std::memcpy(to, boot_id.data(), count);
  return static_cast<ssize_t>(count);
}
ssize_t __wrap_pread64(int fd, void* to, size_t bytes, off_t offset) {
  return is_ours(fd) ? read_file(to, bytes, offset) : __real_pread64(fd, to, bytes, offset);
}
ssize_t __wrap_pwrite64(int fd, const void* from, size_t bytes, off_t offset) {
  return is_ours(fd) ? write_file(from, bytes, offset) : __real_pwrite64(fd, from, bytes, offset);
}

int __wrap_posix_fallocate64(int fd, off_t offset, off_t bytes) {
  if (!is_ours(fd)) return __real_posix_fallocate64(fd, offset, bytes);
  return reserve(static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(bytes));
}
int __wrap_fallocate64(int fd, int mode, off_t offset, off_t bytes) {
  if (!is_ours(fd)) return __real_fallocate64(fd, mode, offset, bytes);
  punch_hole(static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(bytes));
  return 0;
}

void* __wrap_mmap64(void* at, size_t bytes, int protection, int flags, int fd, off_t offset) {
  if (!is_ours(fd)) return __real_mmap64(at, bytes, protection, flags, fd, offset);
  return map_file(bytes, offset);
}
int __wrap_munmap(void* at, size_t bytes) {
  return is_ours(at) ? unmap_file(at, bytes) : __real_munmap(at, bytes);
}
int __wrap_madvise(void* at, size_t bytes, int advice) {
  return is_ours(at) ? 0 : __real_madvise(at, bytes, advice);
}

int __wrap_fcntl64(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  if (!is_ours(fd)) return __real_fcntl64(fd, command, argument);
  auto* const lock = static_cast<struct flock*>(argument);
  return command == F_OFD_SETLK ? set_lock(fd, *lock) : query_lock(fd, lock);
}

int __wrap_fstatfs64(int fd, struct statfs* status) {
  if (!is_ours(fd)) return __real_fstatfs64(fd, status);
  *status = {};
  status->f_type = TMPFS_MAGIC;
  return 0;
}
int __wrap_fstatvfs64(int fd, struct statvfs* status) {
  if (!is_ours(fd)) return __real_fstatvfs64(fd, status);
  *status = {};
  return 0;
}

ssize_t __wrap_getrandom(void* to, size_t bytes, unsigned) {
  fill_random(to, bytes);
  return static_cast<ssize_t>(bytes);
}

/// Nobody else is there to wake, or to wake us.
long __wrap_syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  long arguments[6];
  for (long& argument : arguments) argument = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_futex && is_ours(reinterpret_cast<const void*>(arguments[0]))) return 0;
  return __real_syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
                        arguments[4], arguments[5]);
}

}  // extern "C"
