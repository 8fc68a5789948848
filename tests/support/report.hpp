// SPDX-License-Identifier: MIT
// How an attempt went, in a form that a child can send.
#pragma once

#include <string>

#include "support/library.hpp"

namespace mmapvideo_test {

/// The status and the words of a failure.
struct Report {
  mmapvideo_status status = MMAPVIDEO_OK;
  mmapvideo_error error = {};
};

inline Report report_of_writer(const std::string& path) {
  WriterAttempt attempt = try_writer(path);
  return {attempt.error.status, attempt.error};
}
inline Report report_of_reader(const std::string& path) {
  Taken taken = next_frame(open_reader(path), kNoWait);
  return {taken.status, taken.error};
}

inline bool has_digit(const char* text) {
  return std::string(text).find_first_of("0123456789") != std::string::npos;
}

}  // namespace mmapvideo_test
