// SPDX-License-Identifier: MIT
// A directory of its own for every test, under /dev/shm where there is one, and gone afterwards.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace mmapvideo_test {

inline std::string temp_root() {
  if (::access("/dev/shm", W_OK) == 0) return "/dev/shm";
  const char* configured = std::getenv("TMPDIR");
  return configured != nullptr ? configured : "/tmp";
}

/// Created by the constructor, removed by the destructor. Should this process die instead (a crash,
/// the watchdog, a killed test run), a small guardian process notices and removes it.
class TempDir {
 public:
  TempDir() {
    path_ = temp_root() + "/mmapvideo-test-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp " + path_);
    start_guardian();
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    ::kill(guardian_, SIGKILL);
    ::waitpid(guardian_, nullptr, 0);
    ::close(alive_fd_);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  void start_guardian() {
    int pipe_fds[2];
    if (::pipe2(pipe_fds, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    guardian_ = ::fork();
    if (guardian_ == 0) guard(pipe_fds[0]);
    ::close(pipe_fds[0]);
    alive_fd_ = pipe_fds[1];
  }
  // Runs in the child. It must hold no other descriptor: one of a reader or writer would keep
  // locks.
  [[noreturn]] void guard(int read_fd) const {
    ::setsid();
    int null_fd = ::open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) ::dup2(null_fd, fd);
    ::dup2(read_fd, 3);
    ::close_range(4, ~0U, 0);
    char byte;
    while (::read(3, &byte, 1) > 0) {
    }
    ::execlp("rm", "rm", "-rf", path_.c_str(), nullptr);
    ::_exit(127);
  }

  std::string path_;
  int alive_fd_ = -1;
  pid_t guardian_ = -1;
};

}  // namespace mmapvideo_test
