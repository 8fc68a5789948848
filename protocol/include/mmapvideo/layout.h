/* SPDX-License-Identifier: MIT */
/**
 * The mapped bytes of an mmapvideo file: constants, structures and their offsets.
 *
 * This header is SPEC.md in C. It is valid C11 and C++20 and holds no functions. All integers are
 * little-endian; every structure is laid out without hidden padding, which the assertions at the
 * end prove. What may be read or written when, and under which memory order, is in SPEC.md: a field
 * marked (atomic) is only ever accessed as one aligned machine word, the others are copied out and
 * believed only after the stamp or state that guards them was seen unchanged.
 *
 *     0 ┌──────────────────────────────┐
 *       │ file header            4 KiB │  identity, session, ring descriptors, head, wake words
 *  4096 ├──────────────────────────────┤
 *       │ never written (a hole)       │
 * 65536 ├──────────────────────────────┤ <- ring.offset
 *       │ slot 0   header, caps        │
 *       │          payload             │  <- + ring.payload_offset
 *       │          metadata            │  <- + ring.payload_offset + ring.payload_capacity
 *       ├──────────────────────────────┤  <- + ring.slot_stride
 *       │ slot 1   ...                 │
 *       ├──────────────────────────────┤
 *       │ a larger ring, when a frame  │
 *       │ did not fit any more         │
 *       └──────────────────────────────┘
 */
#ifndef MMAPVIDEO_LAYOUT_H
#define MMAPVIDEO_LAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* "mmapvid\n", read as one little-endian word. */
#define MMAPVIDEO_MAGIC UINT64_C(0x0a64697670616d6d)
#define MMAPVIDEO_VERSION 1u
#define MMAPVIDEO_HEADER_BYTES 4096u
/* The part of the header that is written before the file has its size: magic to file_id. */
#define MMAPVIDEO_PREAMBLE_BYTES 48u

/* Rings and slots start at multiples of this: the granularity of views on Windows. */
#define MMAPVIDEO_SLOT_ALIGNMENT 65536u
/* Payloads start at multiples of this: a page. */
#define MMAPVIDEO_PAYLOAD_ALIGNMENT 4096u
#define MMAPVIDEO_METADATA_ALIGNMENT 64u
#define MMAPVIDEO_CAPS_OFFSET 512u
#define MMAPVIDEO_MAX_PLANES 4u
#define MMAPVIDEO_MAX_CAPS_BYTES 1048576u
#define MMAPVIDEO_MAX_METADATA_BYTES 268435456u
/* "mmapmet\n", read as one little-endian word: metadata that begins with it holds records. */
#define MMAPVIDEO_METADATA_MAGIC UINT64_C(0x0a74656d70616d6d)
#define MMAPVIDEO_METADATA_VERSION 1u
#define MMAPVIDEO_MIN_SLOTS 2u
#define MMAPVIDEO_MAX_SLOTS 1024u
/* The stamp of a slot whose bytes are changing. */
#define MMAPVIDEO_STAMP_WRITING UINT64_C(1)
/* Frame numbers fit into 62 bits, so that a stamp (twice the number, plus one) never wraps. */
#define MMAPVIDEO_MAX_FRAME_NUMBER ((UINT64_C(1) << 62) - 1)
/* "There is no such time" or "no such offset" in any 64-bit field of a frame. */
#define MMAPVIDEO_NONE UINT64_MAX

/* mmapvideo_file_header.state */
#define MMAPVIDEO_STATE_FORMING 0u   /* the writer is preparing the header: not yet readable */
#define MMAPVIDEO_STATE_EMPTY 1u     /* a session has begun, none of its frames is published yet */
#define MMAPVIDEO_STATE_STREAMING 2u /* frames of this session are in the file */
#define MMAPVIDEO_STATE_ENDED 3u     /* the writer ended the session cleanly */

/* mmapvideo_file_header.clock_id */
#define MMAPVIDEO_CLOCK_UNKNOWN 0u   /* publish times cannot be compared with anything */
#define MMAPVIDEO_CLOCK_MONOTONIC 1u /* CLOCK_MONOTONIC of the boot boot_id */
#define MMAPVIDEO_CLOCK_QPC 2u       /* QueryPerformanceCounter of the boot boot_id */

/* mmapvideo_file_header.compatible_flags: a reader may ignore what it does not know. */
#define MMAPVIDEO_COMPATIBLE_UNLOCKED UINT64_C(1) /* no locks there: copy mode only */
#define MMAPVIDEO_COMPATIBLE_KNOWN MMAPVIDEO_COMPATIBLE_UNLOCKED
/* mmapvideo_file_header.incompatible_flags: whoever meets a bit it does not know must refuse. */
#define MMAPVIDEO_INCOMPATIBLE_KNOWN UINT64_C(0)

/* mmapvideo_frame_info.flags */
#define MMAPVIDEO_FRAME_DISCONTINUITY (UINT64_C(1) << 0)
#define MMAPVIDEO_FRAME_CORRUPTED (UINT64_C(1) << 1)
#define MMAPVIDEO_FRAME_GAP (UINT64_C(1) << 2)
#define MMAPVIDEO_FRAME_DROPPABLE (UINT64_C(1) << 3)
#define MMAPVIDEO_FRAME_DELTA_UNIT (UINT64_C(1) << 4)
#define MMAPVIDEO_FRAME_MARKER (UINT64_C(1) << 5)
#define MMAPVIDEO_FRAME_HEADER (UINT64_C(1) << 6)
#define MMAPVIDEO_FRAME_RESYNC (UINT64_C(1) << 7)
#define MMAPVIDEO_FRAME_NON_DROPPABLE (UINT64_C(1) << 8)
#define MMAPVIDEO_FRAME_LIVE (UINT64_C(1) << 9)
#define MMAPVIDEO_FRAME_DECODE_ONLY (UINT64_C(1) << 10)
#define MMAPVIDEO_FRAME_INTERLACED (UINT64_C(1) << 16)
#define MMAPVIDEO_FRAME_TOP_FIELD_FIRST (UINT64_C(1) << 17)
#define MMAPVIDEO_FRAME_REPEAT_FIRST_FIELD (UINT64_C(1) << 18)
#define MMAPVIDEO_FRAME_ONE_FIELD (UINT64_C(1) << 19)
#define MMAPVIDEO_FRAME_MULTIPLE_VIEW (UINT64_C(1) << 20)
#define MMAPVIDEO_FRAME_FIRST_IN_BUNDLE (UINT64_C(1) << 21)

/* mmapvideo_frame_info.interlace_mode */
#define MMAPVIDEO_INTERLACE_PROGRESSIVE 0u
#define MMAPVIDEO_INTERLACE_INTERLEAVED 1u
#define MMAPVIDEO_INTERLACE_MIXED 2u
#define MMAPVIDEO_INTERLACE_FIELDS 3u
#define MMAPVIDEO_INTERLACE_ALTERNATE 4u

/* mmapvideo_frame_info.field_order */
#define MMAPVIDEO_FIELD_ORDER_UNKNOWN 0u
#define MMAPVIDEO_FIELD_ORDER_TOP_FIRST 1u
#define MMAPVIDEO_FIELD_ORDER_BOTTOM_FIRST 2u

/*
 * Byte-range locks, far beyond the end of the file. An item is 16 bytes; its offset is
 * LOCK_BASE + family * LOCK_FAMILY_BYTES + index * LOCK_INDEX_BYTES + lane * LOCK_ITEM_BYTES,
 * with family < 4, index < 2^24, lane < 2^32.
 */
#define MMAPVIDEO_LOCK_BASE (UINT64_C(1) << 62)
#define MMAPVIDEO_LOCK_FAMILY_BYTES (UINT64_C(1) << 60)
#define MMAPVIDEO_LOCK_INDEX_BYTES (UINT64_C(1) << 36)
#define MMAPVIDEO_LOCK_ITEM_BYTES UINT64_C(16)
#define MMAPVIDEO_LOCK_INDEX_COUNT (UINT64_C(1) << 24)
#define MMAPVIDEO_LOCK_WRITER 0u /* exclusive, index 0, lane 0: one writer at a time */
#define MMAPVIDEO_LOCK_READER 1u /* shared, index 0: a reader is attached */
#define MMAPVIDEO_LOCK_SLOT 2u   /* shared, index slot id: a lease, the slot is not rewritten */
#define MMAPVIDEO_LOCK_TURN 3u   /* index frame number mod TURN_COUNT: not finished with it */
#define MMAPVIDEO_TURN_COUNT 65536u
/* How far behind a frame a turn can keep it. */
#define MMAPVIDEO_TURN_WINDOW 4096u

/** Where one generation of slots lies. Constant once its generation is published. 64 bytes. */
struct mmapvideo_ring {
  uint64_t generation;        /* the generation this describes; 0: none */
  uint64_t offset;            /* of slot 0, from the file start; multiple of SLOT_ALIGNMENT */
  uint64_t slot_stride;       /* from slot to slot; multiple of SLOT_ALIGNMENT */
  uint64_t payload_offset;    /* from the slot start; multiple of PAYLOAD_ALIGNMENT */
  uint64_t payload_capacity;  /* bytes; multiple of METADATA_ALIGNMENT */
  uint64_t metadata_capacity; /* bytes, directly after the payload's capacity */
  uint32_t slot_count;        /* MIN_SLOTS to MAX_SLOTS */
  uint32_t first_slot_id;     /* slot id of slot 0; ids are unique across rings, modulo 2^24 */
  uint64_t reserved;          /* 0 */
};

/** The first page of the file. */
struct mmapvideo_file_header {
  uint64_t magic;                 /* MMAPVIDEO_MAGIC */
  uint32_t version;               /* MMAPVIDEO_VERSION */
  uint32_t header_bytes;          /* MMAPVIDEO_HEADER_BYTES */
  uint64_t incompatible_flags;    /* see INCOMPATIBLE_KNOWN */
  uint64_t compatible_flags;      /* see COMPATIBLE_KNOWN */
  uint8_t file_id[16];            /* random, drawn once when the file is created */
  uint32_t state;                 /* (atomic) STATE_* */
  uint32_t clock_id;              /* CLOCK_* of all *_time_ns fields */
  uint64_t clock_namespace;       /* (atomic) identity of the clock's namespace; 0: none */
  uint8_t boot_id[16];            /* of the boot whose clock stamped the frames */
  uint64_t session_id;            /* (atomic) random, drawn at every writer start; never 0 */
  uint64_t session_count;         /* writer starts since the file was created */
  uint64_t session_start_time_ns; /* on clock_id */
  uint64_t session_first_number;  /* the number the session's first frame gets */
  uint64_t writer_process_id;     /* for people; means nothing in another pid namespace */
  uint32_t delivery;              /* (atomic) MMAPVIDEO_DELIVERY_* of the writer */
  uint32_t reserved_124;          /* 0 */
  uint64_t ring_generation;       /* (atomic) g: rings[g mod 2] is in use; 0: no ring yet */
  uint8_t reserved_136[56];       /* 0 */
  struct mmapvideo_ring rings[2]; /* the one in use and its predecessor or successor */
  uint8_t reserved_320[64];       /* 0 */
  uint64_t head_number;           /* (atomic) number of the newest published frame; 0: none */
  uint64_t head_slot_id;          /* (atomic) slot id of a frame at least as new */
  uint8_t reserved_400[48];       /* 0 */
  uint32_t published;             /* (atomic, futex) changes after every publication and event */
  uint8_t reserved_452[60];       /* 0 */
  uint32_t released;              /* (atomic, futex) writers wait here; readers only wake */
  uint8_t reserved_516[60];       /* 0 */
  uint64_t frame_count;           /* (atomic) frames published in this session */
  uint64_t dropped_count;         /* (atomic) frames the writer had no free slot for */
  uint64_t byte_count;            /* (atomic) payload bytes published in this session */
  uint64_t wait_count;            /* (atomic) frames that had to wait for a lossless reader */
  uint64_t passed_over_count;     /* (atomic) times a lossless reader was passed over */
  uint8_t reserved_616[3480];     /* 0 */
};

/** One plane of a picture inside the payload. 32 bytes. */
struct mmapvideo_plane {
  uint64_t offset;    /* of the first row, from the payload start */
  int64_t stride;     /* bytes from row to row; tiled formats: the packed tile counts */
  uint32_t row_bytes; /* bytes of a row that carry picture; tiled formats: of the plane */
  uint32_t rows;      /* rows of this plane; tiled formats: 1 */
  uint64_t reserved;  /* 0 */
};

/** Everything about a frame except its pixels, caps and metadata. 448 bytes. */
struct mmapvideo_frame_info {
  uint64_t pts_ns;                  /* as the writer's stream had it, or NONE */
  uint64_t dts_ns;                  /* likewise */
  uint64_t duration_ns;             /* likewise */
  uint64_t offset;                  /* media-specific, for video the frame count; or NONE */
  uint64_t offset_end;              /* likewise */
  uint64_t flags;                   /* FRAME_* */
  uint64_t clock_time_ns;           /* the instant of pts on the header's clock_id, or NONE */
  uint64_t latency_ns;              /* latency of the writer's stream before publication */
  uint64_t publish_time_ns;         /* instant of publication on clock_id; set by the library */
  uint64_t publish_wall_time_ns;    /* the same, nanoseconds since 1970-01-01 UTC; by the library */
  uint64_t payload_bytes;           /* <= ring.payload_capacity */
  uint64_t metadata_bytes;          /* <= ring.metadata_capacity */
  uint32_t caps_bytes;              /* length of the caps string, without its final NUL */
  uint32_t width;                   /* pixels */
  uint32_t height;                  /* pixels; of the frame, also when the payload is one field */
  uint32_t fps_numerator;           /* 0/1: variable or a single picture */
  uint32_t fps_denominator;         /* of that rate */
  uint32_t par_numerator;           /* pixel aspect ratio */
  uint32_t par_denominator;         /* of that ratio */
  uint32_t interlace_mode;          /* INTERLACE_* */
  uint32_t field_order;             /* FIELD_ORDER_* */
  uint32_t plane_count;             /* 0 to MAX_PLANES; 0: not described, look at the caps */
  uint32_t view_count;              /* views of a multiview stream; 1: plain */
  uint32_t reserved_140;            /* 0 */
  char format[32];                  /* GStreamer's name of the pixel format, NUL padded */
  char colorimetry[64];             /* GStreamer's colorimetry string, NUL padded; "": unknown */
  char chroma_site[32];             /* GStreamer's chroma-site string, NUL padded; "": unknown */
  struct mmapvideo_plane planes[4]; /* the first plane_count of them */
  uint8_t reserved_400[48];         /* 0 */
};

/** The start of a slot. The caps string follows at CAPS_OFFSET. 512 bytes. */
struct mmapvideo_slot_header {
  uint64_t stamp;      /* (atomic) 0: empty; 2 * number: complete; + 1: claimed; 1: being written */
  uint64_t number;     /* frame number, 1 to MAX_FRAME_NUMBER */
  uint64_t session_id; /* of the writer start that published the frame */
  uint8_t reserved[40];
  struct mmapvideo_frame_info info;
};

/** The start of metadata that holds records, directly followed by the first one. 16 bytes. */
struct mmapvideo_metadata_header {
  uint64_t magic;   /* MMAPVIDEO_METADATA_MAGIC */
  uint32_t version; /* MMAPVIDEO_METADATA_VERSION */
  uint32_t reserved;
};

/** The start of a record; its content follows, then the next record. Not aligned. 32 bytes. */
struct mmapvideo_metadata_record {
  uint32_t record_bytes; /* of this and the content */
  uint32_t version;      /* of this kind of content */
  char kind[24];         /* NUL padded; at least one NUL */
};

/* The tables of SPEC.md, held by the compiler. */
#define MMAPVIDEO_ASSERT_FIELD(type, field, at) \
  static_assert(offsetof(struct type, field) == (at), #type "." #field " is not at " #at)

static_assert(sizeof(struct mmapvideo_ring) == 64, "ring descriptor size");
MMAPVIDEO_ASSERT_FIELD(mmapvideo_ring, generation, 0);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_ring, offset, 8);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_ring, slot_stride, 16);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_ring, payload_offset, 24);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_ring, payload_capacity, 32);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_ring, metadata_capacity, 40);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_ring, slot_count, 48);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_ring, first_slot_id, 52);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_ring, reserved, 56);

static_assert(sizeof(struct mmapvideo_file_header) == MMAPVIDEO_HEADER_BYTES, "file header size");
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, magic, 0);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, version, 8);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, header_bytes, 12);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, incompatible_flags, 16);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, compatible_flags, 24);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, file_id, 32);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, state, 48);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, clock_id, 52);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, clock_namespace, 56);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, boot_id, 64);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, session_id, 80);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, session_count, 88);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, session_start_time_ns, 96);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, session_first_number, 104);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, writer_process_id, 112);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, delivery, 120);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, reserved_124, 124);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, ring_generation, 128);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, reserved_136, 136);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, rings, 192);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, reserved_320, 320);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, head_number, 384);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, head_slot_id, 392);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, reserved_400, 400);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, published, 448);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, reserved_452, 452);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, released, 512);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, reserved_516, 516);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, frame_count, 576);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, dropped_count, 584);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, byte_count, 592);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, wait_count, 600);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, passed_over_count, 608);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_file_header, reserved_616, 616);

static_assert(sizeof(struct mmapvideo_plane) == 32, "plane size");
MMAPVIDEO_ASSERT_FIELD(mmapvideo_plane, offset, 0);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_plane, stride, 8);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_plane, row_bytes, 16);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_plane, rows, 20);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_plane, reserved, 24);

static_assert(sizeof(struct mmapvideo_frame_info) == 448, "frame info size");
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, pts_ns, 0);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, dts_ns, 8);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, duration_ns, 16);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, offset, 24);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, offset_end, 32);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, flags, 40);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, clock_time_ns, 48);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, latency_ns, 56);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, publish_time_ns, 64);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, publish_wall_time_ns, 72);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, payload_bytes, 80);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, metadata_bytes, 88);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, caps_bytes, 96);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, width, 100);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, height, 104);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, fps_numerator, 108);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, fps_denominator, 112);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, par_numerator, 116);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, par_denominator, 120);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, interlace_mode, 124);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, field_order, 128);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, plane_count, 132);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, view_count, 136);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, reserved_140, 140);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, format, 144);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, colorimetry, 176);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, chroma_site, 240);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, planes, 272);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_frame_info, reserved_400, 400);

static_assert(sizeof(struct mmapvideo_slot_header) == MMAPVIDEO_CAPS_OFFSET, "slot header size");
MMAPVIDEO_ASSERT_FIELD(mmapvideo_slot_header, stamp, 0);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_slot_header, number, 8);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_slot_header, session_id, 16);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_slot_header, reserved, 24);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_slot_header, info, 64);

static_assert(sizeof(struct mmapvideo_metadata_header) == 16, "metadata header size");
MMAPVIDEO_ASSERT_FIELD(mmapvideo_metadata_header, magic, 0);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_metadata_header, version, 8);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_metadata_header, reserved, 12);

static_assert(sizeof(struct mmapvideo_metadata_record) == 32, "metadata record size");
MMAPVIDEO_ASSERT_FIELD(mmapvideo_metadata_record, record_bytes, 0);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_metadata_record, version, 4);
MMAPVIDEO_ASSERT_FIELD(mmapvideo_metadata_record, kind, 8);

#undef MMAPVIDEO_ASSERT_FIELD

#endif
