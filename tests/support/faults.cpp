// SPDX-License-Identifier: MIT
// The calls that the linker leads here (--wrap): they fail when their turn has come. Nothing that
// a fault needs takes a lock or memory; one thread at a time is armed.
#include "support/faults.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace mmapvideo_test::faults {
namespace {

constexpr std::uint64_t ns_per_s = 1'000'000'000;
constexpr std::uint64_t start_ns = 1000 * ns_per_s;
constexpr std::uint64_t jump_ns = 10 * ns_per_s;
// Far beyond what any scenario needs: it waits for ever, or goes round and round.
constexpr std::uint64_t too_late_ns = start_ns + 120 * ns_per_s;
constexpr unsigned too_many_calls = 200'000;

struct State {
  bool armed = false;
  Fault fault{};
  unsigned nth = 0;
  unsigned count = 0;  // calls of the fault's kind
  unsigned total = 0;
  std::uint64_t now_ns = start_ns;
};
State state;

struct Interlude {
  Call call;
  std::function<void()> action;
};
Interlude interlude;

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "hangs (%s) after call %u of: %s\n", why, state.nth,
               text_of(state.fault).c_str());
  std::abort();
}

/// Counts a call. True: it has to fail.
bool is_due(Call call) {
  if (interlude.action && call == interlude.call) std::exchange(interlude.action, nullptr)();
  if (!state.armed) return false;
  if (++state.total > too_many_calls) give_up("too many calls");
  return call == state.fault.call && ++state.count == state.nth;
}

/// True: it has to fail, and errno says how.
bool fails(Call call) {
  if (!is_due(call)) return false;
  errno = state.fault.error;
  return true;
}

void pass_time(std::uint64_t ns) {
  state.now_ns += ns;
  if (state.now_ns > too_late_ns) give_up("two minutes have passed");
}

std::uint64_t made_up_clock() {
  if (is_due(Call::clock)) {
    if (state.fault.error == jump_forwards) state.now_ns += jump_ns;
    if (state.fault.error == jump_backwards) state.now_ns -= jump_ns;
  }
  pass_time(1000);
  return state.now_ns;
}

std::uint64_t to_ns(const timespec& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * ns_per_s +
         static_cast<std::uint64_t>(time.tv_nsec);
}

/// A wait that nobody ends: what it would have taken has passed.
long sleep_until(std::uint64_t end_ns) {
  if (end_ns > state.now_ns) pass_time(end_ns - state.now_ns);
  errno = ETIMEDOUT;
  return -1;
}

}  // namespace

const char* name_of(Call call) {
  constexpr const char* names[] = {"open",    "status",     "change_mode", "read",       "write",
                                   "reserve", "give_back",  "map",         "advise",     "lock",
                                   "unlock",  "query_lock", "unlink",      "ask_system", "random",
                                   "sleep",   "wake",       "clock"};
  static_assert(std::size(names) == static_cast<std::size_t>(Call::count));
  return names[static_cast<std::size_t>(call)];
}

bool is_repeated(Call call) { return call != Call::advise && call != Call::sleep; }

std::string text_of(const Fault& fault) {
  std::string how = fault.error > 0 ? strerrorname_np(fault.error) : "";
  if (fault.error == short_count) how = "short";
  if (fault.error == jump_forwards) how = "jump forwards";
  if (fault.error == jump_backwards) how = "jump backwards";
  if (fault.error == held_by_somebody) how = "held by somebody";
  return std::string(name_of(fault.call)) + ": " + how;
}

std::vector<Fault> all_faults() {
  return {
      {Call::open, EINTR},
      {Call::open, EMFILE},
      {Call::open, EACCES},
      {Call::open, EIO},
      {Call::status, EIO},
      {Call::status, EACCES},
      {Call::change_mode, EPERM},
      {Call::read, EINTR},
      {Call::read, EIO},
      {Call::read, short_count},
      {Call::write, EINTR},
      {Call::write, ENOSPC},
      {Call::write, EIO},
      {Call::write, short_count},
      {Call::reserve, EINTR},
      {Call::reserve, ENOSPC},
      {Call::reserve, EIO},
      {Call::give_back, EINTR},
      {Call::give_back, EOPNOTSUPP},
      {Call::map, ENOMEM},
      {Call::map, EACCES},
      {Call::advise, EINTR},
      {Call::advise, ENOMEM},
      {Call::lock, EINTR},
      {Call::lock, EAGAIN},
      {Call::lock, ENOLCK},
      {Call::lock, EIO},
      {Call::unlock, EINTR},
      {Call::unlock, EIO},
      {Call::query_lock, EINTR},
      {Call::query_lock, EIO},
      {Call::query_lock, held_by_somebody},
      {Call::unlink, EACCES},
      {Call::ask_system, EIO},
      {Call::random, EINTR},
      {Call::sleep, EINTR},
      {Call::sleep, ENOSYS},
      {Call::wake, EFAULT},
      {Call::clock, jump_forwards},
      {Call::clock, jump_backwards},
  };
}

void arm(const Fault& fault, unsigned nth) {
  state = State{};
  state.fault = fault;
  state.nth = nth;
  state.armed = true;
}

unsigned disarm() {
  state.armed = false;
  return state.count;
}

void before_next(Call call, std::function<void()> action) { interlude = {call, std::move(action)}; }

}  // namespace mmapvideo_test::faults

using namespace mmapvideo_test::faults;

// Names with 64: the library is compiled with 64-bit file offsets.
#define REAL(type, name, ...) type __real_##name(__VA_ARGS__)

extern "C" {

REAL(int, open64, const char*, int, ...);
REAL(int, fstat64, int, struct stat*);
REAL(int, stat64, const char*, struct stat*);
REAL(int, lstat64, const char*, struct stat*);
REAL(int, fchmod, int, mode_t);
REAL(ssize_t, pread64, int, void*, size_t, off_t);
REAL(ssize_t, read, int, void*, size_t);
REAL(ssize_t, pwrite64, int, const void*, size_t, off_t);
REAL(int, posix_fallocate64, int, off_t, off_t);
REAL(int, fallocate64, int, int, off_t, off_t);
REAL(void*, mmap64, void*, size_t, int, int, int, off_t);
REAL(int, madvise, void*, size_t, int);
REAL(int, fcntl64, int, int, ...);
REAL(int, unlink, const char*);
REAL(int, fstatfs64, int, struct statfs*);
REAL(int, fstatvfs64, int, struct statvfs*);
REAL(int, getrlimit64, int, struct rlimit*);
REAL(ssize_t, getrandom, void*, size_t, unsigned);
REAL(int, clock_gettime, clockid_t, timespec*);
REAL(long, syscall, long, ...);

int __wrap_open64(const char* path, int flags, ...) {
  if (fails(Call::open)) return -1;
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return __real_open64(path, flags, mode);
}

int __wrap_fstat64(int fd, struct stat* status) {
  return fails(Call::status) ? -1 : __real_fstat64(fd, status);
}
int __wrap_stat64(const char* path, struct stat* status) {
  return fails(Call::status) ? -1 : __real_stat64(path, status);
}
int __wrap_lstat64(const char* path, struct stat* status) {
  return fails(Call::status) ? -1 : __real_lstat64(path, status);
}
int __wrap_fchmod(int fd, mode_t mode) {
  return fails(Call::change_mode) ? -1 : __real_fchmod(fd, mode);
}

ssize_t __wrap_pread64(int fd, void* to, size_t bytes, off_t offset) {
  if (!is_due(Call::read)) return __real_pread64(fd, to, bytes, offset);
  if (state.fault.error == short_count) return __real_pread64(fd, to, (bytes + 1) / 2, offset);
  errno = state.fault.error;
  return -1;
}
ssize_t __wrap_read(int fd, void* to, size_t bytes) {
  if (!is_due(Call::read)) return __real_read(fd, to, bytes);
  if (state.fault.error == short_count) return __real_read(fd, to, (bytes + 1) / 2);
  errno = state.fault.error;
  return -1;
}
ssize_t __wrap_pwrite64(int fd, const void* from, size_t bytes, off_t offset) {
  if (!is_due(Call::write)) return __real_pwrite64(fd, from, bytes, offset);
  if (state.fault.error == short_count) return __real_pwrite64(fd, from, bytes / 2, offset);
  errno = state.fault.error;
  return -1;
}

int __wrap_posix_fallocate64(int fd, off_t offset, off_t bytes) {
  return is_due(Call::reserve) ? state.fault.error : __real_posix_fallocate64(fd, offset, bytes);
}
int __wrap_fallocate64(int fd, int mode, off_t offset, off_t bytes) {
  return fails(Call::give_back) ? -1 : __real_fallocate64(fd, mode, offset, bytes);
}
void* __wrap_mmap64(void* at, size_t bytes, int protection, int flags, int fd, off_t offset) {
  return fails(Call::map) ? MAP_FAILED : __real_mmap64(at, bytes, protection, flags, fd, offset);
}
int __wrap_madvise(void* at, size_t bytes, int advice) {
  return fails(Call::advise) ? -1 : __real_madvise(at, bytes, advice);
}

int __wrap_fcntl64(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  auto* lock = va_arg(rest, struct flock*);
  va_end(rest);
  if (command == F_OFD_GETLK) {
    if (is_due(Call::query_lock)) {
      errno = state.fault.error;
      if (state.fault.error != held_by_somebody) return -1;
      lock->l_type = F_RDLCK;
      return 0;
    }
  } else if (command == F_OFD_SETLK) {
    if (fails(lock->l_type == F_UNLCK ? Call::unlock : Call::lock)) return -1;
  }
  return __real_fcntl64(fd, command, lock);
}

int __wrap_unlink(const char* path) { return fails(Call::unlink) ? -1 : __real_unlink(path); }
int __wrap_fstatfs64(int fd, struct statfs* status) {
  return fails(Call::ask_system) ? -1 : __real_fstatfs64(fd, status);
}
int __wrap_fstatvfs64(int fd, struct statvfs* status) {
  return fails(Call::ask_system) ? -1 : __real_fstatvfs64(fd, status);
}
int __wrap_getrlimit64(int resource, struct rlimit* limit) {
  return fails(Call::ask_system) ? -1 : __real_getrlimit64(resource, limit);
}
ssize_t __wrap_getrandom(void* to, size_t bytes, unsigned flags) {
  return fails(Call::random) ? -1 : __real_getrandom(to, bytes, flags);
}

int __wrap_clock_gettime(clockid_t clock, timespec* time) {
  if (!state.armed || clock != CLOCK_MONOTONIC) return __real_clock_gettime(clock, time);
  const std::uint64_t now_ns = made_up_clock();
  time->tv_sec = static_cast<time_t>(now_ns / ns_per_s);
  time->tv_nsec = static_cast<long>(now_ns % ns_per_s);
  return 0;
}

/// Only the library's calls, which are of futexes, come here: FUTEX_WAIT, FUTEX_WAKE, futex_waitv.
long __wrap_syscall(long number, ...) {
  long arguments[6];
  va_list rest;
  va_start(rest, number);
  for (long& argument : arguments) argument = va_arg(rest, long);
  va_end(rest);
  const auto forward = [&] {
    return __real_syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
                          arguments[4], arguments[5]);
  };
  if (!state.armed) return forward();
  const bool is_futex = number == SYS_futex;
  if (is_futex && (arguments[1] & FUTEX_CMD_MASK) == FUTEX_WAKE)
    return fails(Call::wake) ? -1 : forward();
  if (fails(Call::sleep)) return -1;
  const auto& time = *reinterpret_cast<const timespec*>(arguments[3]);
  return sleep_until(is_futex ? state.now_ns + to_ns(time) : to_ns(time));
}

}  // extern "C"
