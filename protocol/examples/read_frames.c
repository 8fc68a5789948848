/* SPDX-License-Identifier: MIT */
/* Tells of each new frame, in place, until the writer ends: read_frames FILE */
#include <inttypes.h>
#include <mmapvideo/mmapvideo.h>
#include <stdio.h>

int main(int argc, char** argv) {
  const mmapvideo_reader_options options = {.path = argc > 1 ? argv[1] : NULL};
  mmapvideo_error error;
  mmapvideo_reader* reader = mmapvideo_reader_open(&options, &error);
  if (reader == NULL) return fprintf(stderr, "%s\n", error.message), 1;

  mmapvideo_frame frame;
  mmapvideo_status status;
  /* Waits for the file, for its writer, for the next frame; a writer that crashed may come back. */
  while ((status = mmapvideo_reader_next(reader, -1, &frame, &error)) == MMAPVIDEO_OK ||
         status == MMAPVIDEO_WRITER_LOST) {
    mmapvideo_lease lease;
    if (status != MMAPVIDEO_OK || mmapvideo_reader_lease(reader, &lease, &error) != MMAPVIDEO_OK)
      continue; /* lost, or rewritten before it was had */
    /* The pixels stay as they are until the lease ends. */
    const unsigned char* pixels = lease.payload;
    printf("frame %" PRIu64 ": %s %" PRIu32 "x%" PRIu32 ", %" PRIu64 " skipped, first byte %d\n",
           frame.number, frame.info->format, frame.info->width, frame.info->height, frame.skipped,
           pixels[frame.info->planes[0].offset]);
    mmapvideo_lease_end(&lease);
  }
  if (status != MMAPVIDEO_ENDED) fprintf(stderr, "%s\n", error.message);
  mmapvideo_reader_close(reader);
  return status != MMAPVIDEO_ENDED;
}
