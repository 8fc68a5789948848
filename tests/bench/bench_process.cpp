// SPDX-License-Identifier: MIT
// Processes with a role: two pipes, lines of text, one watchdog.
#include "bench_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <vector>

namespace bench {
namespace {

volatile std::sig_atomic_t interrupted = 0;

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  return signals;
}

/// Until `fd` has something to say. The signals are let in here only, so that none is missed.
void wait_readable(int fd, Deadline deadline) {
  sigset_t none;
  sigemptyset(&none);
  for (;;) {
    if (interrupted != 0) throw Interrupted();
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) throw std::runtime_error("took too long");
    const timespec limit{static_cast<time_t>(left.count() / 1'000'000'000),
                         static_cast<long>(left.count() % 1'000'000'000)};
    pollfd poll_fd{fd, POLLIN, 0};
    if (::ppoll(&poll_fd, 1, &limit, &none) > 0) return;
  }
}

void stay_on(Side side) {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) return;
  int first = 0;
  while (!CPU_ISSET(first, &allowed)) ++first;
  if (side == Side::writing) CPU_ZERO(&allowed);
  side == Side::writing ? CPU_SET(first, &allowed) : CPU_CLR(first, &allowed);
  ::sched_setaffinity(0, sizeof allowed, &allowed);
}

/// What to start, and its arguments.
std::vector<std::string> command_of(const std::string& role, const std::string& task) {
  if (role.rfind("python-", 0) == 0) return {python_program(), BENCH_PYTHON_MMAP, role, task};
  return {"/proc/self/exe", "--role", role, "--task", task};
}

[[noreturn]] void execute(const std::vector<char*>& words, pid_t parent, int in_fd, int out_fd) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t signals = ending_signals();
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  ::dup2(in_fd, STDIN_FILENO);
  ::dup2(out_fd, STDOUT_FILENO);
  if (::getppid() == parent) ::execv(words[0], words.data());
  ::_exit(97);
}

void say(const std::string& line) { std::cout << line << std::endl; }

}  // namespace

const char* python_program() { return BENCH_PYTHON; }

Deadline deadline_in(double seconds) {
  return std::chrono::steady_clock::now() +
         std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1e3));
}

void clean_up_on_signals() {
  const sigset_t signals = ending_signals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Process::Process(Side side, const std::string& role, const Json& task, Deadline deadline)
    : role_(role), deadline_(deadline) {
  std::vector<std::string> command = command_of(role, task.dump());
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  int said[2];
  int told[2];
  if (::pipe2(said, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  if (::pipe2(told, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("no process");
  if (pid_ == 0) {
    stay_on(side);
    execute(words, parent, told[0], said[1]);
  }
  ::close(said[1]);
  ::close(told[0]);
  said_fd_ = said[0];
  told_fd_ = told[1];
}

Process::~Process() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
  reap();
  ::close(said_fd_);
  ::close(told_fd_);
}

void Process::tell(const std::string& word) {
  const std::string text = word + "\n";
  // One that has died says so when its next line is expected.
  [[maybe_unused]] const ssize_t written = ::write(told_fd_, text.data(), text.size());
}

void Process::wait_for_end() {
  char rest[256];
  do wait_readable(said_fd_, deadline_);
  while (::read(said_fd_, rest, sizeof rest) > 0);
  reap();
  if (status_ != 0) throw std::runtime_error(role_ + ": " + fate());
}

/// The rest of its next line, which must begin with this word.
std::string Process::expect(const std::string& word) {
  std::string text;
  try {
    text = line();
  } catch (const Interrupted&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(role_ + ": " + error.what());
  }
  const std::size_t space = std::min(text.find(' '), text.size());
  const std::string rest = text.substr(std::min(space + 1, text.size()));
  if (text.substr(0, space) == word) return rest;
  throw std::runtime_error(role_ + ": " + (rest.empty() ? text : rest));
}

std::string Process::line() {
  for (;;) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      const std::string text = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return text;
    }
    wait_readable(said_fd_, deadline_);
    char text[4096];
    const ssize_t count = ::read(said_fd_, text, sizeof text);
    if (count <= 0) {
      reap();
      throw std::runtime_error(fate());
    }
    unread_.append(text, static_cast<std::size_t>(count));
  }
}

std::string Process::fate() {
  if (WIFSIGNALED(status_)) return "died of signal " + std::to_string(WTERMSIG(status_));
  return "ended with status " + std::to_string(WEXITSTATUS(status_));
}

void Process::reap() {
  while (pid_ > 0 && ::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void say_ready() { say("ready"); }
void say_result(const Json& result) { say("result " + result.dump()); }
void say_error(const std::string& sentence) { say("error " + sentence); }

bool wait_to_be_told(const std::string& word) {
  std::string text;
  while (std::getline(std::cin, text))
    if (text == word) return true;
  return false;
}

}  // namespace bench
