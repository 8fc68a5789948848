/* SPDX-License-Identifier: MIT */
/* Publishes a moving grey ramp, 30 frames a second: write_frames FILE [COUNT] */
#include <mmapvideo/mmapvideo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { width = 320, height = 240 };

int main(int argc, char** argv) {
  const mmapvideo_writer_options options = {.path = argc > 1 ? argv[1] : NULL};
  mmapvideo_error error;
  mmapvideo_writer* writer = mmapvideo_writer_open(&options, &error);
  if (writer == NULL) return fprintf(stderr, "%s\n", error.message), 1;

  mmapvideo_frame_info info;
  mmapvideo_status status = mmapvideo_frame_info_init(&info, "GRAY8", width, height, 30, 1, &error);
  char caps[256];
  info.caps_bytes = mmapvideo_frame_info_caps(&info, caps, sizeof caps);
  for (int i = 0, count = argc > 2 ? atoi(argv[2]) : 300; i < count; ++i) {
    mmapvideo_slot_view slot;
    status = mmapvideo_writer_begin(writer, info.payload_bytes, info.caps_bytes, 0, &slot, &error);
    if (status != MMAPVIDEO_OK) break;
    for (int y = 0; y < height; ++y) memset((char*)slot.payload + y * width, y + i, width);
    status = mmapvideo_writer_commit(writer, &slot, &info, caps, NULL, &error);
    if (status != MMAPVIDEO_OK) break;
    nanosleep(&(struct timespec){.tv_nsec = 33333333}, NULL);
  }
  if (status > MMAPVIDEO_LAST_OUTCOME) fprintf(stderr, "%s\n", error.message);
  mmapvideo_writer_close(writer, 0); /* removes the file */
  return status != MMAPVIDEO_OK;
}
