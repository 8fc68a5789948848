/* SPDX-License-Identifier: MIT */
/* The public headers are valid C11, alone and in this order, and a C program links. */
#include <mmapvideo/mmapvideo.h>

#include <mmapvideo/layout.h>
#include <string.h>

int main(void) {
  struct mmapvideo_frame_info info = {0};
  mmapvideo_writer_options options = {0};
  options.path = "";
  mmapvideo_error error;
  memset(&error, 0, sizeof error);
  mmapvideo_writer* writer = mmapvideo_writer_open(&options, &error);
  if (writer != NULL || error.status != MMAPVIDEO_INVALID_ARGUMENT) return 1;
  mmapvideo_writer_close(writer, 0);
  mmapvideo_reader_close(NULL);
  if (info.payload_bytes != 0) return 2;
  return mmapvideo_status_name(MMAPVIDEO_OK)[0] == '\0' ? 3 : 0;
}
