// SPDX-License-Identifier: MIT
// The other process of process.hpp, by fork and exec.
#pragma once

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace mmapvideo_test {

class Process {
 public:
  /// `prepare` runs in the new process before the program does; it may call the system only.
  explicit Process(std::vector<std::string> arguments, int (*prepare)() = nullptr) {
    const char* program = std::getenv("PIPELINE_CHILD");
    if (program == nullptr) throw std::runtime_error("PIPELINE_CHILD is not set");
    arguments.insert(arguments.begin(), program);
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    int pipe_fds[2];
    if (::pipe2(pipe_fds, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) execute(words, prepare, parent, pipe_fds[1]);
    ::close(pipe_fds[1]);
    if (pid_ < 0) throw std::runtime_error("fork");
    lines_ = ::fdopen(pipe_fds[0], "r");
  }
  ~Process() {
    kill_and_reap();
    std::fclose(lines_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  /// Returns when it has really stopped.
  void pause() const {
    ::kill(pid_, SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
  }
  void resume() const { ::kill(pid_, SIGCONT); }

  /// Nothing: the process has ended and all its lines were taken.
  std::optional<std::string> line() {
    std::string text;
    for (int c = std::fgetc(lines_); c != EOF; c = std::fgetc(lines_)) {
      if (c == '\n') return text;
      text += static_cast<char>(c);
    }
    return std::nullopt;
  }
  /// The rest of the first line that begins with `word`; the lines before are passed over.
  std::string expect(const std::string& word) {
    while (auto text = line())
      if (text->compare(0, word.size(), word) == 0)
        return text->size() > word.size() ? text->substr(word.size() + 1) : "";
    throw std::runtime_error("the other process ended without saying \"" + word + "\"");
  }
  std::vector<std::string> all_lines() {
    std::vector<std::string> lines;
    while (auto text = line()) lines.push_back(*text);
    return lines;
  }

  /// The exit status, or minus the number of the signal that ended it.
  int wait() {
    if (!reaped_) ::waitpid(pid_, &status_, 0);
    reaped_ = true;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  }
  void kill_and_reap() {
    if (!reaped_) ::kill(pid_, SIGKILL);
    wait();
  }

 private:
  [[noreturn]] static void execute(const std::vector<char*>& words, int (*prepare)(), pid_t parent,
                                   int fd) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(fd, STDOUT_FILENO);
    if (::getppid() != parent || (prepare != nullptr && prepare() != 0)) ::_exit(96);
    ::execv(words[0], words.data());
    ::_exit(97);
  }

  pid_t pid_ = -1;
  FILE* lines_ = nullptr;
  int status_ = 0;
  bool reaped_ = false;
};

}  // namespace mmapvideo_test
