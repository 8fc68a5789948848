// SPDX-License-Identifier: MIT
// Failures of the library as error messages of GStreamer: one table, one function.
#pragma once

#include <gst/gst.h>

#include <mmapvideo/mmapvideo.hpp>

namespace gstmmap {

/// Which of GStreamer's error domains and codes a status of the library is.
struct ErrorCode {
  GQuark domain;
  int code;
};
ErrorCode error_code(mmapvideo::Status status);

/// Posts an error message: the library's sentence for the user, the failing call for developers.
void post_error(GstElement* element, const mmapvideo::Error& error);
/// Posts an error message with a sentence of the element's own.
void post_error(GstElement* element, mmapvideo::Status status, const char* sentence,
                const char* detail);

}  // namespace gstmmap
