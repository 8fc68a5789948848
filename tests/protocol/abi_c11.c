/* SPDX-License-Identifier: MIT */
/* The structures of the C interface keep their layout: programs that were compiled against an
   earlier header of this soname go on to work. On machines with 64-bit pointers. */
#include <mmapvideo/mmapvideo.h>
#include <stddef.h>

#define KEEPS(type, field, at) \
  _Static_assert(sizeof(void*) != 8 || offsetof(type, field) == (at), #type "." #field)
#define HAS_SIZE(type, bytes) \
  _Static_assert(sizeof(void*) != 8 || sizeof(type) == (bytes), "size of " #type)

KEEPS(mmapvideo_writer_options, permissions, 8);
KEEPS(mmapvideo_writer_options, slot_count, 12);
KEEPS(mmapvideo_writer_options, delivery, 16);
KEEPS(mmapvideo_writer_options, wait_timeout_ns, 24);
HAS_SIZE(mmapvideo_writer_options, 32);

KEEPS(mmapvideo_slot_view, payload_capacity, 8);
KEEPS(mmapvideo_slot_view, metadata, 16);
KEEPS(mmapvideo_slot_view, metadata_capacity, 24);
KEEPS(mmapvideo_slot_view, slot_index, 32);
KEEPS(mmapvideo_slot_view, ring_generation, 40);
HAS_SIZE(mmapvideo_slot_view, 48);

KEEPS(mmapvideo_writer_stats, reader_count, 24);
KEEPS(mmapvideo_writer_stats, payload_capacity, 32);
KEEPS(mmapvideo_writer_stats, wait_count, 40);
KEEPS(mmapvideo_writer_stats, passed_over_count, 48);
KEEPS(mmapvideo_writer_stats, slots_out, 56);
KEEPS(mmapvideo_writer_stats, locked, 72);
HAS_SIZE(mmapvideo_writer_stats, 80);

KEEPS(mmapvideo_reader_info, turn_number, 16);
KEEPS(mmapvideo_reader_info, lag, 24);
HAS_SIZE(mmapvideo_reader_info, 32);

KEEPS(mmapvideo_file_info, locked, 8);
KEEPS(mmapvideo_file_info, session_id, 24);
KEEPS(mmapvideo_file_info, newest_number, 48);
KEEPS(mmapvideo_file_info, has_newest, 56);
KEEPS(mmapvideo_file_info, newest, 64);
HAS_SIZE(mmapvideo_file_info, 512);

KEEPS(mmapvideo_reader_options, delivery, 8);
KEEPS(mmapvideo_reader_options, max_leases, 16);
HAS_SIZE(mmapvideo_reader_options, 24);

KEEPS(mmapvideo_frame, skipped, 8);
KEEPS(mmapvideo_frame, session_id, 16);
KEEPS(mmapvideo_frame, info, 32);
KEEPS(mmapvideo_frame, caps, 40);
KEEPS(mmapvideo_frame, metadata, 48);
HAS_SIZE(mmapvideo_frame, 56);

KEEPS(mmapvideo_reader_stats, lease_count, 40);
KEEPS(mmapvideo_reader_stats, clock_comparable, 56);
HAS_SIZE(mmapvideo_reader_stats, 64);

KEEPS(mmapvideo_lease, payload_bytes, 8);
KEEPS(mmapvideo_lease, number, 16);
HAS_SIZE(mmapvideo_lease, 40);

int main(void) { return 0; }
