// SPDX-License-Identifier: MIT
// Does this machine, or what emulates it, have what the protocol needs? Byte-range locks of open
// files far beyond their end, and futexes on words that are mapped read-only. Exit status 0: all of
// it.
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

constexpr off_t lock_start = off_t{1} << 62;
int missing = 0;

void tell(const char* what, bool there) {
  std::printf("%s: %s%s%s\n", what, there ? "yes" : "no", there ? "" : ", ",
              there ? "" : std::strerror(errno));
  if (!there) ++missing;
}

bool lock(int fd, int command, short type, struct flock& lock) {
  lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = lock_start;
  lock.l_len = 16;
  return fcntl(fd, command, &lock) == 0;
}

void look_at_locks(const std::string& path) {
  const int one = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const int other = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct flock asked;
  tell("F_OFD_SETLK, exclusive, at 2^62", lock(one, F_OFD_SETLK, F_WRLCK, asked));
  const bool refused = !lock(other, F_OFD_SETLK, F_RDLCK, asked) && errno == EAGAIN;
  tell("another one is refused", refused);
  tell("F_OFD_GETLK finds it", lock(other, F_OFD_GETLK, F_RDLCK, asked) &&
                                   asked.l_type == F_WRLCK && asked.l_start == lock_start);
  close(one);
  tell("closing drops it", lock(other, F_OFD_SETLK, F_RDLCK, asked));
  close(other);
}

long futex(const void* word, int operation, std::uint32_t value, const timespec* limit) {
  return syscall(SYS_futex, word, operation, value, limit, nullptr, 0);
}

/// A child sleeps on a word that it may only read; the parent, which may only read it too, wakes
/// it.
void look_at_futexes(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  const bool sized = ftruncate(fd, 4096) == 0;
  const void* word = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  tell("a read-only shared mapping", sized && word != MAP_FAILED);
  const pid_t child = fork();
  if (child == 0) {
    const timespec limit{5, 0};
    _exit(futex(word, FUTEX_WAIT, 0, &limit) == 0 ? 0 : 1);
  }
  long woken = 0;
  for (int i = 0; i < 4000 && woken == 0; ++i) {
    usleep(1000);
    woken = futex(word, FUTEX_WAKE, INT_MAX, nullptr);
  }
  int status = 0;
  waitpid(child, &status, 0);
  tell("FUTEX_WAKE and FUTEX_WAIT on it, between processes", woken == 1 && status == 0);
  close(fd);
}

/// Where there is none, the library looks every 10 ms for a cancel.
void look_at_futex_waitv() {
  constexpr long sys_futex_waitv = 449;
  errno = 0;
  syscall(sys_futex_waitv, nullptr, 0u, 0u, nullptr, CLOCK_MONOTONIC);
  std::printf("futex_waitv (not needed): %s\n", errno == ENOSYS ? "no" : "yes");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  look_at_locks(argv[1]);
  look_at_futexes(argv[1]);
  look_at_futex_waitv();
  return missing == 0 ? 0 : 1;
}
