// SPDX-License-Identifier: MIT
// The mmapvideo command as a user runs it: in the foreground, in pipelines, in the background.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/raw_file.hpp"

namespace mmapvideo_test {

inline std::string command() { return std::getenv("MMAPVIDEO_COMMAND"); }

/// What was printed on both outputs, and the exit status, or minus the number of a signal.
struct Answer {
  int status = -1;
  std::string text;
  nlohmann::json json() const { return nlohmann::json::parse(text); }
  bool says(const std::string& words) const { return text.find(words) != std::string::npos; }
};

inline int exit_status_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -WTERMSIG(wait_status);
}

/// A command in a process of its own. Ends with the test.
class Background {
 public:
  /// A line for the shell. A single command should begin with `exec`, so that signals find it.
  explicit Background(const std::string& line) {
    int pipe_fds[2];
    if (::pipe2(pipe_fds, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) execute(line, pipe_fds[1]);
    ::close(pipe_fds[1]);
    output_ = pipe_fds[0];
  }
  ~Background() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(output_);
  }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  void signal(int number) const { ::kill(pid_, number); }
  Answer wait() {
    Answer answer;
    char bytes[4096];
    for (;;) {
      const ssize_t got = ::read(output_, bytes, sizeof bytes);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      answer.text.append(bytes, static_cast<std::size_t>(got));
    }
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    answer.status = exit_status_of(status);
    return answer;
  }

 private:
  [[noreturn]] static void execute(const std::string& line, int output) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Whoever runs the tests may ignore them, as nohup does.
    for (const int ignored : {SIGHUP, SIGINT, SIGPIPE, SIGTERM}) std::signal(ignored, SIG_DFL);
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    ::_exit(127);
  }

  pid_t pid_ = -1;
  int output_ = -1;
};

inline Answer shell(const std::string& line) { return Background(line).wait(); }

inline std::string command_line(const std::string& arguments) {
  return "exec " + command() + ' ' + arguments;
}

/// Runs the command to its end.
inline Answer run(const std::string& arguments) { return shell(command_line(arguments)); }

/// Returns when it is so. The watchdog ends a test in which it never is.
template <typename Condition>
void until(Condition condition) {
  while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

/// Is a program there? Tests with programs of others skip themselves where they are not.
inline bool has_program(const std::string& name) { return shell("command -v " + name).status == 0; }

}  // namespace mmapvideo_test
