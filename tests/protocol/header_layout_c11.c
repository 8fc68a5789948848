/* SPDX-License-Identifier: MIT */
/* layout.h alone: its assertions are the test. */
#include <mmapvideo/layout.h>

int main(void) { return sizeof(struct mmapvideo_file_header) == MMAPVIDEO_HEADER_BYTES ? 0 : 1; }
