/* SPDX-License-Identifier: MIT */
/**
 * libmmapvideo: raw video frames through one memory-mapped file, from one writer to any number of
 * readers. The C interface; mmapvideo.hpp wraps it for C++.
 *
 * The library has no globals, writes no log and starts no threads. Handles are opaque. A handle is
 * used by one thread at a time, except where a function says "from any thread". Times are
 * nanoseconds; a timeout of -1 waits until the event or a cancel, 0 does not wait at all.
 *
 * Functions that can fail return a status and, when `error` is not NULL, fill it. Statuses up to
 * MMAPVIDEO_LAST_OUTCOME are ordinary outcomes; all above are failures.
 */
#ifndef MMAPVIDEO_MMAPVIDEO_H
#define MMAPVIDEO_MMAPVIDEO_H

#include <mmapvideo/layout.h>

#if defined(_WIN32) && defined(MMAPVIDEO_BUILDING_LIBRARY)
#define MMAPVIDEO_API __declspec(dllexport)
#elif defined(_WIN32)
#define MMAPVIDEO_API
#else
#define MMAPVIDEO_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mmapvideo_status {
  MMAPVIDEO_OK = 0,
  MMAPVIDEO_TIMEOUT = 1,         /* the time limit passed without a frame */
  MMAPVIDEO_CANCELLED = 2,       /* mmapvideo_reader_cancel() was called */
  MMAPVIDEO_ENDED = 3,           /* the writer ended the session; told once a session */
  MMAPVIDEO_WRITER_LOST = 4,     /* the writer died without ending; told once a session */
  MMAPVIDEO_OVERWRITTEN = 5,     /* the frame was rewritten while it was copied: ask for the next */
  MMAPVIDEO_NO_FREE_SLOT = 6,    /* every slot but the newest is in use: the frame was dropped */
  MMAPVIDEO_RING_REPLACED = 7,   /* the slot was taken from a ring that is not in use any more */
  MMAPVIDEO_NO_LOCKS = 8,        /* the file or its file system has no locks: copy instead */
  MMAPVIDEO_TOO_MANY_LEASES = 9, /* max_leases frames are leased already: copy instead */
  MMAPVIDEO_LAST_OUTCOME = MMAPVIDEO_TOO_MANY_LEASES,

  MMAPVIDEO_INVALID_ARGUMENT = 16,
  MMAPVIDEO_NOT_FOUND = 17, /* the file or its directory does not exist */
  MMAPVIDEO_PERMISSION_DENIED = 18,
  MMAPVIDEO_READ_ONLY = 19,           /* the file system is mounted read-only */
  MMAPVIDEO_NOT_A_REGULAR_FILE = 20,  /* a directory, FIFO, socket, device or symbolic link */
  MMAPVIDEO_FOREIGN_FILE = 21,        /* a file of another kind; it was left untouched */
  MMAPVIDEO_UNSUPPORTED_VERSION = 22, /* another version, or flags this library does not know */
  MMAPVIDEO_BROKEN_FILE = 23,         /* contradicts SPEC.md */
  MMAPVIDEO_ALREADY_WRITING = 24,     /* another live writer has the file */
  MMAPVIDEO_NO_SPACE = 25,            /* file system, quota or process limit */
  MMAPVIDEO_OUT_OF_MEMORY = 26,
  MMAPVIDEO_SYSTEM = 27 /* any other failure of the operating system */
} mmapvideo_status;

/** What went wrong, in words. Owned by the caller; every failing function overwrites it. */
typedef struct mmapvideo_error {
  mmapvideo_status status;
  int32_t os_error;  /* errno or GetLastError() of the failing call, or 0 */
  char message[512]; /* one sentence for the user: names the file and the remedy */
  char detail[256];  /* for the developer: the failing call */
} mmapvideo_error;

/** A short constant English name of a status, never NULL. From any thread. */
MMAPVIDEO_API const char* mmapvideo_status_name(mmapvideo_status status);

/** Nanoseconds of the clock that stamps publications (CLOCK_MONOTONIC). From any thread. */
MMAPVIDEO_API uint64_t mmapvideo_clock_now_ns(void);

typedef enum mmapvideo_delivery {
  MMAPVIDEO_DELIVERY_LATEST = 0, /* the newest complete frame; what was skipped is counted */
  /* Reader: all frames in order; what was missed is counted. Writer: waits for such readers
     before it overwrites what they have not finished. */
  MMAPVIDEO_DELIVERY_EVERY_FRAME = 1,
  /* Writer: waits after each frame until all such readers have finished it, which they do by asking
     for the next one: who answers a frame through another file calls next with a timeout of 0
     before it publishes the answer. Not for readers. */
  MMAPVIDEO_DELIVERY_ACKNOWLEDGED = 2
} mmapvideo_delivery;

/* ---- Formats ---------------------------------------------------------------------------- */

typedef struct mmapvideo_frame_info mmapvideo_frame_info;

/**
 * Describes a frame of a common format: GRAY8, GRAY16_LE, RGB, BGR, RGBA, BGRA, ARGB, ABGR, RGBx,
 * BGRx, xRGB, xBGR, YUY2, UYVY, I420, YV12, NV12, NV21, P010_10LE. Fills in payload_bytes and the
 * planes as GStreamer lays them out (rows padded to 4 bytes, chroma for an even number of rows);
 * times and offsets are MMAPVIDEO_NONE, caps_bytes is 0. Other formats are described by hand.
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_frame_info_init(mmapvideo_frame_info* info,
                                                         const char* format, uint32_t width,
                                                         uint32_t height, uint32_t fps_numerator,
                                                         uint32_t fps_denominator,
                                                         mmapvideo_error* error);

/**
 * Writes GStreamer's caps for a described frame into `caps`, with a NUL. Returns their length, for
 * info->caps_bytes; 0 if they do not fit (256 bytes always suffice).
 */
MMAPVIDEO_API uint32_t mmapvideo_frame_info_caps(const mmapvideo_frame_info* info, char* caps,
                                                 uint32_t capacity);

/* ---- Writer ----------------------------------------------------------------------------

   Functions of a writer may be called from any thread, by several at a time. */

typedef struct mmapvideo_writer mmapvideo_writer;

typedef struct mmapvideo_writer_options {
  const char* path;     /* UTF-8; copied */
  uint32_t permissions; /* mode of a file that is created; 0 means 0600 */
  uint32_t slot_count;  /* ring depth, MIN_SLOTS to MAX_SLOTS; 0: chosen from the frame size */
  uint32_t delivery;    /* a mmapvideo_delivery */
  uint32_t reserved;
  /* How long one frame waits for readers of every frame. Those who are late are then passed over:
     they find a gap, and the writer does not wait for them again before they have gone on. 0: one
     second; negative: no limit. */
  int64_t wait_timeout_ns;
} mmapvideo_writer_options;

#define MMAPVIDEO_DEFAULT_WAIT_TIMEOUT_NS INT64_C(1000000000)

/** A slot that the writer's user has taken, from begin or lend until commit, abort or release. */
typedef struct mmapvideo_slot_view {
  void* payload;             /* page aligned */
  uint64_t payload_capacity; /* bytes, at least what was asked for */
  void* metadata;            /* 64-byte aligned; metadata_capacity may be 0 */
  uint64_t metadata_capacity;
  uint32_t slot_index;
  uint32_t ticket; /* of this taking: a view that is used up does nothing to the slot's next user */
  uint64_t ring_generation;
} mmapvideo_slot_view;

typedef struct mmapvideo_writer_stats {
  uint64_t frame_count;           /* published by this writer */
  uint64_t dropped_count;         /* MMAPVIDEO_NO_FREE_SLOT of begin and publish */
  uint64_t byte_count;            /* payload bytes published */
  uint32_t reader_count;          /* attached now; 0 where the file system has no locks */
  uint32_t slot_count;            /* of the ring in use; 0 before the first reserve */
  uint64_t payload_capacity;      /* of one slot */
  uint64_t wait_count;            /* frames that waited for a reader of every frame */
  uint64_t passed_over_count;     /* times such a reader was passed over */
  uint32_t slots_out;             /* taken or held by the writer's user */
  uint32_t lossless_reader_count; /* readers of every frame that are attached now */
  uint32_t passed_over_now;       /* of these, passed over and not seen to go on */
  uint32_t in_memory;             /* 1: the file system keeps its files in memory only */
  uint32_t locked;                /* 1: the WRITER lock is held; 0: the file system has no locks */
  uint32_t reserved;
} mmapvideo_writer_stats;

/**
 * Creates the file or takes over the one a former writer left, and begins a session.
 * Never waits. On failure returns NULL, fills `error`, and leaves an existing file untouched.
 */
MMAPVIDEO_API mmapvideo_writer* mmapvideo_writer_open(const mmapvideo_writer_options* options,
                                                      mmapvideo_error* error);

/**
 * Makes sure that frames of this size fit: reserves space and touches every page, so that
 * publishing does neither. Optional; begin and publish do it when needed. Keeps the ring if it is
 * large enough, otherwise appends a new one (readers follow by themselves). Where this is not the
 * first time, it waits as begin does until readers of every frame have left the ring before the
 * present one. MMAPVIDEO_CANCELLED: that was cancelled.
 *
 * `held_slots`: how many slots the caller is going to have taken at a time, beyond the one it is
 * about to publish. Where options.slot_count leaves the depth open, the ring has at least that
 * many slots and four more, as far as this makes no more than 256 MiB.
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_writer_reserve(mmapvideo_writer* writer,
                                                        uint64_t payload_bytes, uint32_t caps_bytes,
                                                        uint64_t metadata_bytes,
                                                        uint32_t held_slots,
                                                        mmapvideo_error* error);

/**
 * Takes the next slot for a frame of the given sizes. Fill view->payload (and metadata), then
 * commit or abort. Readers do not see the slot before commit. Several may be taken at a time and
 * committed in any order; frames are numbered in the order of commits.
 * MMAPVIDEO_NO_FREE_SLOT: the frame is dropped and counted; its number is spent, so that readers
 * see the gap. With delivery latest it never waits; else at most wait_timeout_ns, for readers that
 * have not finished what is in the slots. MMAPVIDEO_CANCELLED: that was cancelled; nothing is
 * spent.
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_writer_begin(mmapvideo_writer* writer,
                                                      uint64_t payload_bytes, uint32_t caps_bytes,
                                                      uint64_t metadata_bytes,
                                                      mmapvideo_slot_view* view,
                                                      mmapvideo_error* error);

/**
 * Takes a slot ahead of need, as the buffers of a pool are. Unlike begin it leaves enough slots
 * for frames that are published by copying and for readers, drops nothing, and neither makes nor
 * replaces a ring (reserve does). MMAPVIDEO_NO_FREE_SLOT: use memory of your own, and publish it.
 * Waits as begin does.
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_writer_lend(mmapvideo_writer* writer,
                                                     uint64_t payload_bytes, uint32_t caps_bytes,
                                                     uint64_t metadata_bytes,
                                                     mmapvideo_slot_view* view,
                                                     mmapvideo_error* error);

/**
 * Publishes the taken slot and wakes the readers. `info` describes the frame (publish times are
 * filled in by the library); `caps` has info->caps_bytes bytes; both are copied. Its sizes must
 * not exceed those given to begin. Stores the frame number in *number unless that is NULL. The view
 * is used up. After a failure, and after MMAPVIDEO_RING_REPLACED (a larger ring was made since the
 * slot was taken: publish a copy of it), the slot is still taken. With delivery acknowledged it
 * returns when all readers of every frame have finished the frame, were passed over, or the wait
 * was cancelled; the frame is published in any case.
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_writer_commit(mmapvideo_writer* writer,
                                                       const mmapvideo_slot_view* view,
                                                       const struct mmapvideo_frame_info* info,
                                                       const char* caps, uint64_t* number,
                                                       mmapvideo_error* error);

/**
 * As commit, but the slot stays the caller's, to read only: it is not rewritten before
 * mmapvideo_writer_release().
 */
MMAPVIDEO_API mmapvideo_status
mmapvideo_writer_commit_and_hold(mmapvideo_writer* writer, const mmapvideo_slot_view* view,
                                 const struct mmapvideo_frame_info* info, const char* caps,
                                 uint64_t* number, mmapvideo_error* error);

/** Gives a taken slot back unpublished. No frame number is spent. */
MMAPVIDEO_API void mmapvideo_writer_abort(mmapvideo_writer* writer,
                                          const mmapvideo_slot_view* view);

/** Ends the hold on a published slot. */
MMAPVIDEO_API void mmapvideo_writer_release(mmapvideo_writer* writer,
                                            const mmapvideo_slot_view* view);

/**
 * begin, copy payload (info->payload_bytes) and metadata (info->metadata_bytes), commit. The
 * payload may lie in a slot of this writer.
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_writer_publish(mmapvideo_writer* writer,
                                                        const struct mmapvideo_frame_info* info,
                                                        const char* caps, const void* payload,
                                                        const void* metadata, uint64_t* number,
                                                        mmapvideo_error* error);

/** A reader as its locks tell it. */
typedef struct mmapvideo_reader_info {
  uint32_t lane;        /* its own in this file; 0: slots that a former writer's user still has */
  uint32_t attached;    /* 1: it reads the file; 0: it has closed it, and has leases left */
  uint32_t lease_count; /* slots that its locks keep from being rewritten, beside its turn */
  uint32_t reserved;
  uint64_t
      turn_number; /* of every frame: the first one it has not finished; 0: it takes no turns */
  uint64_t lag;    /* how many frames that is behind the next one; 0 without a turn */
} mmapvideo_reader_info;

/**
 * Lists who reads the file at `path`, for everybody who may read it: stores the first `capacity`
 * readers and, in *count, how many there are. Never waits.
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_list_readers(const char* path,
                                                      mmapvideo_reader_info* readers,
                                                      uint32_t capacity, uint32_t* count,
                                                      mmapvideo_error* error);

/** What is at a path at one moment, for those who choose among files. */
typedef struct mmapvideo_file_info {
  uint32_t state;        /* MMAPVIDEO_STATE_*; forming also when it is not that far yet */
  uint32_t writer_alive; /* 1: a writer holds the file; 0: none, or it has no locks */
  uint32_t locked;       /* 0: the file says that it has no locks, nobody can tell who is there */
  uint32_t reader_count; /* attached now */
  uint32_t delivery;     /* the writer's mmapvideo_delivery */
  uint32_t clock_comparable;  /* 1: its times are of this machine's running clock */
  uint64_t session_id;        /* changes with each start of a writer */
  uint64_t writer_process_id; /* for people; means nothing in another pid namespace */
  uint64_t head_number;       /* of the newest frame, 0: none was published */
  uint64_t newest_number;     /* of the frame that `newest` describes */
  uint32_t has_newest;        /* 1: `newest` is valid */
  uint32_t reserved;
  struct mmapvideo_frame_info newest; /* the newest frame, validated; also a leftover of another
                                         session (times, format) */
} mmapvideo_file_info;

/**
 * Looks at the file at `path` without becoming its reader: maps nothing, takes no lock, follows no
 * link, never waits. So it is safe to do with files of anybody's. Needs permission to read.
 *
 * Fills `info`. `caps` gets the newest frame's caps with a NUL, or "" where there is no frame or
 * they do not fit into `caps_capacity` bytes (info->newest.caps_bytes and the NUL); it may be NULL
 * with a capacity of 0. A file under creation is MMAPVIDEO_OK with state forming. What is none of
 * ours fails as for a reader: MMAPVIDEO_NOT_FOUND, MMAPVIDEO_FOREIGN_FILE, MMAPVIDEO_BROKEN_FILE,
 * ...
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_inspect(const char* path, mmapvideo_file_info* info,
                                                 char* caps, uint32_t caps_capacity,
                                                 mmapvideo_error* error);

/**
 * Waits until `count` readers are attached, at most `timeout_ns` (negative: no limit). Readers
 * attach once there is a ring: reserve first. OK, MMAPVIDEO_TIMEOUT, MMAPVIDEO_CANCELLED, or
 * MMAPVIDEO_NO_LOCKS where readers cannot be counted.
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_writer_wait_for_readers(mmapvideo_writer* writer,
                                                                 uint32_t count, int64_t timeout_ns,
                                                                 mmapvideo_error* error);

/** Ends the writer's waits at once, and those to come until resume. From any thread. */
MMAPVIDEO_API void mmapvideo_writer_cancel(mmapvideo_writer* writer);
MMAPVIDEO_API void mmapvideo_writer_resume(mmapvideo_writer* writer);

/** Current figures. While the writer is open. */
MMAPVIDEO_API void mmapvideo_writer_get_stats(mmapvideo_writer* writer,
                                              mmapvideo_writer_stats* stats);

/**
 * Ends the session: readers see MMAPVIDEO_ENDED after the last frame. File and lock are kept, and
 * the next begin or publish starts a new session. Ending twice does nothing.
 */
MMAPVIDEO_API void mmapvideo_writer_end(mmapvideo_writer* writer);

/**
 * Ends the session if it is not, removes the file unless keep_file, and lets another writer have
 * it. NULL is allowed. The handle is freed, but not before the last slot that is still taken or
 * held: its memory stays, no other writer touches it, and the handle may still be given to abort,
 * release and lend (which then has nothing to lend), and to nothing else.
 */
MMAPVIDEO_API void mmapvideo_writer_close(mmapvideo_writer* writer, int keep_file);

/* ---- Reader ---------------------------------------------------------------------------- */

typedef struct mmapvideo_reader mmapvideo_reader;

#define MMAPVIDEO_DEFAULT_MAX_LEASES 2u

typedef struct mmapvideo_reader_options {
  const char* path;  /* UTF-8; copied; need not exist yet */
  uint32_t delivery; /* a mmapvideo_delivery */
  /* 1: also deliver, on attaching, the newest frame of a writer that died without ending. */
  uint32_t accept_leftover;
  uint32_t max_leases; /* frames that may be leased at a time; 0: MMAPVIDEO_DEFAULT_MAX_LEASES */
} mmapvideo_reader_options;

/**
 * A frame, as the reader found it. The pointers are owned by the reader and valid until its next
 * call to next or close; what they point to is a validated private copy.
 */
typedef struct mmapvideo_frame {
  uint64_t number;      /* frame number, increasing */
  uint64_t skipped;     /* frames of this file missed since the last one that next returned; one
                           that copy_payload or lease found overwritten counts as missed */
  uint64_t session_id;  /* of the writer start that published it */
  uint32_t new_session; /* 1: the first frame this reader delivers of that session */
  uint32_t reserved;
  const struct mmapvideo_frame_info* info;
  const char* caps;     /* NUL-terminated; length info->caps_bytes */
  const void* metadata; /* info->metadata_bytes bytes, or NULL */
} mmapvideo_frame;

typedef struct mmapvideo_reader_stats {
  uint64_t frame_count;      /* returned by next, less those found overwritten afterwards */
  uint64_t skipped_count;    /* sum of mmapvideo_frame.skipped */
  uint64_t torn_retry_count; /* snapshots or copies thrown away because the slot was rewritten */
  uint64_t attach_count;     /* files attached so far; above 1 means reattached */
  uint64_t leased_count;     /* frames that were leased */
  uint32_t lease_count;      /* frames that are leased now */
  uint32_t lease_limit;      /* at a time: max_leases, or less where the last ring was small */
  uint32_t attached;         /* 1: a file is attached now */
  uint32_t writer_alive;     /* 1: the WRITER lock was held when last looked at */
  uint32_t clock_comparable; /* 1: the file's times are of this machine's running clock */
  uint32_t reserved;
} mmapvideo_reader_stats;

/** Creates a reader. Touches no file yet and never waits. NULL and `error` on bad arguments. */
MMAPVIDEO_API mmapvideo_reader* mmapvideo_reader_open(const mmapvideo_reader_options* options,
                                                      mmapvideo_error* error);

/**
 * Waits for the next frame by the reader's delivery and snapshots its description.
 *
 * MMAPVIDEO_OK fills `frame`; MMAPVIDEO_TIMEOUT and MMAPVIDEO_CANCELLED end a wait;
 * MMAPVIDEO_ENDED and MMAPVIDEO_WRITER_LOST are told once each session, after its last frame.
 * Calling again after any of them goes on waiting. The file may appear later, be deleted,
 * replaced or taken over by another writer at any time; the reader follows. Failures (a foreign or
 * broken file, no permission) are told at once, and calling again tries again.
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_reader_next(mmapvideo_reader* reader, int64_t timeout_ns,
                                                     mmapvideo_frame* frame,
                                                     mmapvideo_error* error);

/**
 * Copies the payload of the frame that the last call of next() returned: `bytes` of it from the
 * start, at most info->payload_bytes. May be called again. MMAPVIDEO_OVERWRITTEN: the destination
 * holds rubbish; call next() again, which counts this frame in its `skipped`.
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_reader_copy_payload(mmapvideo_reader* reader, void* to,
                                                             uint64_t bytes,
                                                             mmapvideo_error* error);

/**
 * A payload in place, that does not change while the lease lasts. Copy the structure only with
 * mmapvideo_lease_share().
 */
typedef struct mmapvideo_lease {
  const void* payload; /* read-only memory, page aligned */
  uint64_t payload_bytes;
  uint64_t number;     /* of the frame */
  void* ring;          /* the library's */
  uint32_t slot_index; /* the library's */
  uint32_t reserved;
} mmapvideo_lease;

/**
 * Leases the payload of the frame that the last call of next() returned: the writer does not
 * rewrite it before the lease ends. Costs a system call, and another one at the end, whatever the
 * size. A lease outlives reader, writer and ring, but a writer with all its slots leased drops
 * frames; therefore only max_leases frames, and fewer where the ring has less than that and two
 * more slots, can be leased at a time.
 *
 * MMAPVIDEO_OK fills `lease`. MMAPVIDEO_NO_LOCKS and MMAPVIDEO_TOO_MANY_LEASES: use copy_payload.
 * MMAPVIDEO_OVERWRITTEN: the frame is gone; call next() again, which counts it in its `skipped`.
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_reader_lease(mmapvideo_reader* reader,
                                                      mmapvideo_lease* lease,
                                                      mmapvideo_error* error);

/** Makes `to` another lease of the same frame; it counts as none of its own. From any thread. */
MMAPVIDEO_API void mmapvideo_lease_share(const mmapvideo_lease* from, mmapvideo_lease* to);

/**
 * 1 while the slot still holds the frame. With writers that keep to SPEC.md that is always so; this
 * is how to find out about others. From any thread.
 */
MMAPVIDEO_API int mmapvideo_lease_is_intact(const mmapvideo_lease* lease);

/**
 * Ends a lease and sets it to 0; one that is 0 is left alone. From any thread, also after the
 * reader was closed.
 */
MMAPVIDEO_API void mmapvideo_lease_end(mmapvideo_lease* lease);

/**
 * As copy_payload, from `offset` on, for callers that lay out planes or rows anew. Each part is
 * checked for itself: a frame is whole only if all of its parts returned MMAPVIDEO_OK.
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_reader_copy_range(mmapvideo_reader* reader,
                                                           uint64_t offset, void* to,
                                                           uint64_t bytes, mmapvideo_error* error);

/** A record in the metadata of a frame (SPEC.md 3.7). */
typedef struct mmapvideo_record {
  char kind[24];    /* with a NUL */
  uint32_t version; /* of content of this kind; as known to SPEC.md: 1 */
  uint32_t reserved;
  const void* content; /* inside the metadata; not aligned */
  uint64_t content_bytes;
} mmapvideo_record;

/**
 * Finds the next record in the `bytes` bytes of `metadata`, as those of a mmapvideo_frame are, and
 * moves *position, which begins at 0, behind it. What is inside the record is not looked at.
 *
 * MMAPVIDEO_OK fills `record`; MMAPVIDEO_ENDED: that was the last. MMAPVIDEO_FOREIGN_FILE: the
 * metadata holds no records but bytes of the user's own; MMAPVIDEO_UNSUPPORTED_VERSION: records of
 * another version; MMAPVIDEO_BROKEN_FILE: the rest cannot be used. MMAPVIDEO_INVALID_ARGUMENT: a
 * NULL. From any thread.
 */
MMAPVIDEO_API mmapvideo_status mmapvideo_metadata_next(const void* metadata, uint64_t bytes,
                                                       uint64_t* position,
                                                       mmapvideo_record* record);

/** Makes the current and every later next() return MMAPVIDEO_CANCELLED at once. Any thread. */
MMAPVIDEO_API void mmapvideo_reader_cancel(mmapvideo_reader* reader);
/** Takes a cancel back. From any thread. */
MMAPVIDEO_API void mmapvideo_reader_resume(mmapvideo_reader* reader);

/** Current figures. From any thread while the reader is open. */
MMAPVIDEO_API void mmapvideo_reader_get_stats(mmapvideo_reader* reader,
                                              mmapvideo_reader_stats* stats);

/** Frees the reader. Its leases go on. NULL is allowed. */
MMAPVIDEO_API void mmapvideo_reader_close(mmapvideo_reader* reader);

#ifdef __cplusplus
}
#endif

#endif
