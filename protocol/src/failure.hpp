// SPDX-License-Identifier: MIT
// Failures inside the library: what was attempted, why it failed, and what the user can do.
#pragma once

#include <mmapvideo/mmapvideo.h>

#include <exception>
#include <string>
#include <utility>

namespace mmapvideo::core {

/// Thrown inside the library, turned into a status and an mmapvideo_error at the C boundary.
class Failure : public std::exception {
 public:
  /// `message`: one sentence for the user that names the file. `detail`: the failing call.
  Failure(mmapvideo_status status, std::string message, std::string detail = {}, int os_error = 0)
      : status_(status),
        os_error_(os_error),
        message_(std::move(message)),
        detail_(std::move(detail)) {}

  mmapvideo_status status() const noexcept { return status_; }
  int os_error() const noexcept { return os_error_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& detail() const noexcept { return detail_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  mmapvideo_status status_;
  int os_error_;
  std::string message_;
  std::string detail_;
};

}  // namespace mmapvideo::core
