# SPDX-License-Identifier: MIT
"""A reader of the storm in Python: never gives up, looks at every word it gets, and notices when it
is told less than the truth."""
import random

import board as b
import frames
from board import now_ns

import mmapvideo

FORMING, LATEST = 0, 0


class StormReader:
    def __init__(self, path, role, seed, board, row):
        self._path, self._role = path, role
        self._numbers = random.Random(seed)
        self._board, self._row_index, self._row = board, row, board.row(row)
        self._last_number = self._attached = 0
        self._last_of_file = {}  # by inode
        self._tag = self._frames_of_session = 0
        self._turn_since_ns = self._former_publish_ns = 2**63
        self._kept = None
        self._started_ns = now_ns()

    def run(self):
        try:
            with mmapvideo.Reader(
                self._path, self._role.delivery, copy=not self._role.leases, on_disconnect="wait"
            ) as reader:
                while not self._board.words[b.STOP] and not self._row[b.PROBLEMS]:
                    frame = reader.read(timeout=0.5)
                    if frame is None:
                        self._end_kept()
                    else:
                        self._look_at(frame, reader.stats.attached)
                self._end_kept()
        except Exception:
            self._board.report_exception(self._row_index)

    def _report(self, what):
        self._board.report(self._row_index, f"{what} ({self._role.name}, in Python)")

    def _count(self, word, by=1):
        self._row[word] += by

    def _look_at(self, frame, attached):
        tag, inode = frames.METADATA.unpack_from(frame.metadata)
        self._note_arrival(tag)
        self._note_number(frame, attached, inode)
        what = frames.difference(
            frame.metadata[frames.METADATA.size :], frame.number, ~frame.pts_ns % 2**64
        )
        if what:
            self._report("TORN metadata: " + what)
        if f"height=(int){frame.height}," not in frame.caps or frame.width != frames.WIDTH:
            self._report(f"WRONG description: {frame!r}, {frame.caps}")
        self._take(frame)

    def _note_arrival(self, tag):
        if tag != self._tag:
            self._note_first_of_session(tag)
            self._tag, self._frames_of_session, self._turn_since_ns = tag, 0, 2**63
        self._frames_of_session += 1
        # The first may have come before the reader knew that this writer waits for it.
        if self._frames_of_session == 2:
            self._turn_since_ns = now_ns()
        self._row[b.FRAMES_OF_SESSION] = self._frames_of_session
        self._row[b.SESSION_TAG] = tag

    def _note_first_of_session(self, tag):
        """How long it took, less the time in which it or the writer was stopped."""
        session, words = self._board.session(tag), self._board.words
        if session[b.TAG] != tag or self._started_ns > session[b.FIRST_PUBLISH_NS]:
            return
        possible_since = max(
            session[b.FIRST_PUBLISH_NS],
            self._row[b.RUNNING_SINCE_NS],
            words[b.WRITER_RUNNING_SINCE_NS],
        )
        took_ns = max(now_ns() - possible_since, 0)
        self._row[b.LONGEST_RECOVERY_NS] = max(self._row[b.LONGEST_RECOVERY_NS], took_ns)

    def _note_number(self, frame, attached, inode):
        number, last = frame.number, self._last_number
        same_file = last != 0 and attached == self._attached
        if same_file and number != last + 1 + frame.skipped:
            self._report(f"WRONG GAP: frame {number} after {last}, {frame.skipped} skipped")
        if number <= self._last_of_file.get(inode, 0):
            self._report(f"WENT BACK: frame {number} after {self._last_of_file[inode]}")
        self._last_of_file[inode] = number
        self._last_number, self._attached = number, attached
        self._count(b.DELIVERED)
        self._count(b.SKIPPED, frame.skipped)
        if same_file and frame.skipped and self._role.delivery == "every-frame":
            self._look_at_gap(frame)
        self._former_publish_ns = frame.publish_time_ns

    def _look_at_gap(self, frame):
        """What was published after a reader of every frame took its turn reaches it, unless the
        writer passes it over or drops frames. What was there before may have holes: slots that
        others leased outlive newer ones."""
        header = frames.header_at(self._path)
        if header is None or header.session_id != frame.session_id:
            return
        if header.state == FORMING or header.delivery == LATEST:
            return
        self._count(b.GAPS)
        self._count(b.MISSED, frame.skipped)
        session = self._board.session(self._tag)
        may_be = (
            header.passed_over_count
            or header.dropped_count
            or self._former_publish_ns < self._turn_since_ns
            or session[b.TAG] != self._tag
            or session[b.SESSION_GROWTHS] > 1  # two in a row leave the ring between them unread
        )
        if not may_be:
            self._report(
                f"UNEXPLAINED GAP: {frame.skipped} frames before frame {frame.number} of session "
                f"{self._tag}, which drops and passes over nobody"
            )

    def _take(self, frame):
        self._check(frame, "when it came")
        self._end_kept()
        if frame.is_copy:
            self._count(b.COPIED)
        else:
            self._count(b.LEASED)
            self._kept = frame
            if self._numbers.randrange(2):  # or when the next one comes
                self._end_kept()

    def _end_kept(self):
        frame, self._kept = self._kept, None
        if frame is not None:
            self._check(frame, "under a lease")
            self._count(b.CHECKED_AGAIN)

    def _check(self, frame, when):
        what = frames.difference(frame.payload, frame.number, frame.pts_ns)
        if what:
            self._report(f"TORN {when}: {what}")
