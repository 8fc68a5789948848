// SPDX-License-Identifier: MIT
// The other process of process.hpp, on Windows.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace mmapvideo_test {

class Process {
 public:
  explicit Process(std::vector<std::string> arguments);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Returns when it has really stopped.
  void pause() const;
  void resume() const;

  /// Nothing: the process has ended and all its lines were taken.
  std::optional<std::string> line();
  /// The rest of the first line that begins with `word`; the lines before are passed over.
  std::string expect(const std::string& word);
  std::vector<std::string> all_lines();

  /// The exit status; -9 of who was killed.
  int wait();
  void kill_and_reap();

 private:
  std::intptr_t process_ = 0;
  std::FILE* lines_ = nullptr;
};

}  // namespace mmapvideo_test
