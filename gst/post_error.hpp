// SPDX-License-Identifier: MIT
// Failures of the library as error messages of GStreamer: one table, one function.
#pragma once

#include <gst/gst.h>

#include <mmapvideo/mmapvideo.hpp>
#include <string>

namespace gstmmap {

/// Which of GStreamer's error domains and codes a status of the library is.
struct ErrorCode {
  GQuark domain;
  int code;
};
ErrorCode error_code(mmapvideo::Status status);

/// Throws what the library would: for failures that only the element can see.
[[noreturn]] void throw_error(mmapvideo::Status status, const std::string& sentence,
                              const char* detail);

/// Posts an error message: the library's sentence for the user, the failing call for developers.
void post_error(GstElement* element, const mmapvideo::Error& error);
/// Posts an error message with a sentence of the element's own.
void post_error(GstElement* element, mmapvideo::Status status, const char* sentence,
                const char* detail);
void post_missing_location(GstElement* element);

/// Runs `body`; an exception becomes an error message of `element`, and the result `on_failure`.
template <typename Result, typename Body>
Result posting_errors(GstElement* element, Result on_failure, Body body) {
  try {
    return body();
  } catch (const mmapvideo::Error& error) {
    post_error(element, error);
  } catch (const std::exception& error) {
    post_error(element, MMAPVIDEO_SYSTEM, "An unexpected failure.", error.what());
  }
  return on_failure;
}

}  // namespace gstmmap
