// SPDX-License-Identifier: MIT
// The exit statuses of the command, as its help promises them.
#pragma once

#include <failure.hpp>

namespace mmapvideo::tools {

enum ExitStatus { fine = 0, finding = 1, usage = 2, not_there = 3 };

/// A request that cannot be carried out as it was given: usage.
class UsageError : public std::exception {
 public:
  explicit UsageError(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

inline int exit_status_of(mmapvideo_status status) {
  return status == MMAPVIDEO_NOT_FOUND ? not_there : finding;
}

}  // namespace mmapvideo::tools
