// SPDX-License-Identifier: MIT
// Failures of the library as error messages of GStreamer: one table, one function.
#include "post_error.hpp"

namespace gstmmap {

ErrorCode error_code(mmapvideo::Status status) {
  switch (status) {
    case MMAPVIDEO_INVALID_ARGUMENT:
    case MMAPVIDEO_NO_LOCKS:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS};
    case MMAPVIDEO_NOT_FOUND:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND};
    case MMAPVIDEO_PERMISSION_DENIED:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED};
    case MMAPVIDEO_READ_ONLY:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE};
    case MMAPVIDEO_NOT_A_REGULAR_FILE:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE};
    case MMAPVIDEO_FOREIGN_FILE:
    case MMAPVIDEO_UNSUPPORTED_VERSION:
      return {GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE};
    case MMAPVIDEO_BROKEN_FILE:
      return {GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT};
    case MMAPVIDEO_ALREADY_WRITING:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY};
    case MMAPVIDEO_NO_SPACE:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT};
    case MMAPVIDEO_ENDED:
    case MMAPVIDEO_WRITER_LOST:
    case MMAPVIDEO_TIMEOUT:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ};
    default:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED};
  }
}

void throw_error(mmapvideo::Status status, const std::string& sentence, const char* detail) {
  mmapvideo_error error{};
  error.status = status;
  g_strlcpy(error.message, sentence.c_str(), sizeof error.message);
  g_strlcpy(error.detail, detail, sizeof error.detail);
  throw mmapvideo::Error(error);
}

void post_error(GstElement* element, const mmapvideo::Error& error) {
  post_error(element, error.status(), error.what(), error.detail());
}

void post_error(GstElement* element, mmapvideo::Status status, const char* sentence,
                const char* detail) {
  const ErrorCode code = error_code(status);
  gchar* debug = g_strdup_printf("%s: %s", mmapvideo_status_name(status), detail);
  gst_element_message_full(element, GST_MESSAGE_ERROR, code.domain, code.code, g_strdup(sentence),
                           debug, __FILE__, GST_FUNCTION, __LINE__);
}

void post_missing_location(GstElement* element) {
  post_error(element, MMAPVIDEO_NOT_FOUND, "No file was given: set the property \"location\".",
             "start");
}

}  // namespace gstmmap
