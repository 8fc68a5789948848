// SPDX-License-Identifier: MIT
// This program once more, or a Python program, as another process with a role: what it says, what
// it is told, its end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include "bench_figures.hpp"

namespace bench {

/// Until then every wait for another process must be over.
using Deadline = std::chrono::steady_clock::time_point;

Deadline deadline_in(double seconds);

/// The Python that has numpy; empty: there was none when this was built.
const char* python_program();

/// A signal asked this program to end.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

/// From now on SIGINT, SIGTERM and SIGHUP end the wait for a process with Interrupted, so that
/// everything is removed on the way out. Before the first process is started.
void clean_up_on_signals();

/// Which processors a process may use: the writing side has the first one to itself, the reading
/// side the others, where there are several. Left alone, a scheduler puts both on one when it
/// pleases, and then figures compare its moods.
enum class Side { writing, reading };

/// A role "python-..." is a process of python_program(), any other one of this program.
///
/// Started by the constructor; killed, if it still lives, and reaped by the destructor. Dies with
/// its parent. All failures, its own and those of the watchdog, are exceptions with a sentence.
class Process {
 public:
  Process(Side side, const std::string& role, const Json& task, Deadline deadline);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const { return pid_; }

  void wait_until_ready() { expect("ready"); }
  void tell(const std::string& word);
  Json result() { return Json::parse(expect("result")); }
  /// Until it has ended by itself.
  void wait_for_end();

 private:
  std::string expect(const std::string& word);
  std::string line();
  std::string fate();
  void reap();

  std::string role_;
  Deadline deadline_;
  pid_t pid_ = -1;
  int said_fd_ = -1;
  int told_fd_ = -1;
  int status_ = 0;
  std::string unread_;
};

/// The other side of it, in the process with the role.
void say_ready();
void say_result(const Json& result);
void say_error(const std::string& sentence);
/// False: the parent closed its end.
bool wait_to_be_told(const std::string& word);

}  // namespace bench
