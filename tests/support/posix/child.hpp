// SPDX-License-Identifier: MIT
// A child process that runs a lambda: can be stopped and killed, reports through a pipe, is always
// reaped, and never outlives its parent.
#pragma once

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "support/child_exit.hpp"

namespace mmapvideo_test {

/// The child's end of the result pipe.
class Results {
 public:
  explicit Results(int fd) : fd_(fd) {}

  template <typename T>
  void send(const T& value) const {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 4096);  // one write is atomic
    if (::write(fd_, &value, sizeof value) != static_cast<ssize_t>(sizeof value)) ::_exit(97);
  }
  void send_text(const std::string& text) const {
    send(text.size());
    if (::write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) ::_exit(97);
  }

 private:
  int fd_;
};

/// The exit status of who was killed.
inline constexpr int kKilled = -SIGKILL;

/// Asleep until it is killed.
[[noreturn]] inline void sleep_for_ever() {
  for (;;) ::pause();
}

/// First thing in main() of a program with children: where they are the program again, one of them
/// does not return. Here they are forked.
inline void become_child_if_told() {}

class Child {
 public:
  /// Runs `body(results, args...)` in a forked process; its return value is the exit status. Fork
  /// only while the test has no other threads and no open reader or writer: a child shares their
  /// locks. A body that runs on Windows as well has no captures: texts, plain objects, orders and
  /// shared objects are arguments.
  template <typename Body, typename... Args>
  explicit Child(const Body& body, const Args&... args) {
    start([&](const Results& results) { return body(results, args...); });
  }
  ~Child() {
    if (!reaped_) {
      kill();
      wait();
    }
    ::close(fd_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }

  void signal(int number) const { ::kill(pid_, number); }
  void kill() const { signal(SIGKILL); }
  /// Returns when the child has really stopped.
  void stop() const {
    signal(SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
  }
  void resume() const { signal(SIGCONT); }

  bool is_alive() const {
    siginfo_t info = {};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
  }

  /// The status as of waitpid.
  int wait() {
    if (!reaped_) {
      while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
      }
      reaped_ = true;
    }
    return status_;
  }
  /// The exit status, or minus the number of the signal that ended it.
  int exit_status() {
    int status = wait();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  void kill_and_reap() {
    kill();
    wait();
  }

  /// Waits for a value. False: the child ended without sending one.
  template <typename T>
  bool receive(T& value) const {
    return read_all(&value, sizeof value);
  }
  bool receive_text(std::string& text) const {
    std::size_t length = 0;
    if (!receive(length)) return false;
    text.resize(length);
    return read_all(text.data(), length);
  }

 private:
  void start(const std::function<int(const Results&)>& body) {
    int pipe_fds[2];
    if (::pipe2(pipe_fds, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    std::fflush(nullptr);
    pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
      ::close(pipe_fds[0]);
      run(body, parent, pipe_fds[1]);
    }
    ::close(pipe_fds[1]);
    fd_ = pipe_fds[0];
  }
  [[noreturn]] static void run(const std::function<int(const Results&)>& body, pid_t parent,
                               int fd) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(96);
    int status = 95;
    try {
      status = body(Results(fd));
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "child: %s\n", problem.what());
    }
    std::fflush(nullptr);
    exit_child(status);
  }
  bool read_all(void* to, std::size_t bytes) const {
    auto* next = static_cast<char*>(to);
    while (bytes > 0) {
      ssize_t got = ::read(fd_, next, bytes);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      next += got;
      bytes -= static_cast<std::size_t>(got);
    }
    return true;
  }

  pid_t pid_ = -1;
  int fd_ = -1;
  int status_ = 0;
  bool reaped_ = false;
};

}  // namespace mmapvideo_test
