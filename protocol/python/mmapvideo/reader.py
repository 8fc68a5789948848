# SPDX-License-Identifier: MIT
"""Reading frames from a path, whatever happens to the file there."""
from __future__ import annotations

import threading
import time
from threading import TIMEOUT_MAX
from typing import NamedTuple, Optional, Union

from mmapvideo import errors
from mmapvideo._attachment import Attachment, Event, NotReady, Wishes, attach
from mmapvideo._lease import Lease, Refusal
from mmapvideo._platform import system
from mmapvideo._reader_ring import Snapshot
from mmapvideo._waiting import BOUND_NS, Deadline, Path, delivery_of, path_of
from mmapvideo.frame import Frame

# So often is looked for a file that is not ready.
_NOT_READY_NS = 50_000_000
_PUBLISH_TIME = 8

_ON_DISCONNECT = ("auto", "wait", "eos", "error")


class ReaderStats(NamedTuple):
    """Figures of a reader since it was opened."""

    frames: int  #: delivered
    skipped: int  #: sum of Frame.skipped
    copied: int  #: of the frames, those that were copied
    torn: int  #: copies and leases that came too late, and were counted as skipped
    attached: int  #: files attached to so far
    leases: int  #: frames that are leased now, from the present file


class Reader:
    """Takes frames out of the file at `path`, which need not exist yet.

    delivery: "latest" delivers the newest frame and skips the others; "every-frame" delivers all of
        them in order. With a writer that waits for such readers nothing is missed, otherwise
        nothing as long as the reader keeps up. Frame.skipped always tells.
    copy: copy every frame into memory of its own, which then may be written to.
    max_leases: how many frames may be in use in place at a time; what is beyond is copied.
    accept_leftover: also deliver the newest frame of a writer that died without an end.
    on_disconnect: "auto" ends iteration when the writer ends cleanly and waits for its return when
        it died; "wait" waits in both cases, "eos" ends iteration in both, "error" raises WriterLost
        in both.

    The constructor attaches to the file if it is there, and does not wait. Where the path names
    something that never will be ready, it and read() raise NotAVideoFile, NotARegularFile,
    VersionError, BrokenFile, PermissionDenied or SystemFailure; ValueError: an argument is wrong.

    Iterating gives frames until the writer ends. `with` closes it. Several threads may share a
    reader; each frame goes to one of them. After fork() the child has to open its own.
    """

    def __init__(
        self,
        path: Path,
        delivery: str = "latest",
        copy: bool = False,
        max_leases: int = 2,
        accept_leftover: bool = False,
        on_disconnect: str = "auto",
    ) -> None:
        self._attachment: Optional[Attachment] = None
        self._closing = False
        every_frame = delivery_of(delivery, "latest", "every-frame") != 0
        if on_disconnect not in _ON_DISCONNECT:
            raise ValueError(f'on_disconnect is "{on_disconnect}", not in {_ON_DISCONNECT}')
        if max_leases < 0:
            raise ValueError(f"max_leases is {max_leases}")
        self.path = path_of(path)
        self._wishes = Wishes(self.path, every_frame, accept_leftover)
        self._copy = copy
        self._max_leases = max_leases
        self._on_disconnect = on_disconnect
        self._lock = threading.RLock()  # a signal handler may close() it
        self._waited = False
        self._ended = False
        self._missed = 0
        self._next_care_ns = 0
        self._frames = self._skipped = self._copied = self._torn = self._attached = 0
        self._try_to_attach()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __iter__(self) -> "Reader":
        """Frames until the writer ends. Iterating again waits for its next session."""
        return self

    def __next__(self) -> Frame:
        frame = self.read()
        if frame is None:
            raise StopIteration
        return frame

    def read(self, timeout: Optional[float] = None) -> Optional[Frame]:
        """Waits for the next frame, at most `timeout` seconds (None: no limit, 0: not at all).

        None: the time is over, or the writer ended, which `ended` tells apart; an end is told once,
        and reading on waits for the writer's next session. Ctrl-C and other signals whose handler
        raises end the wait at once. Raises the errors of the constructor where there is nothing to
        wait for, WriterLost if that was asked for, Closed after close(), and BrokenFile once for a
        frame that contradicts itself; the next call tries again.
        """
        deadline = Deadline(timeout)
        self._check_open()
        if not self._lock.acquire(timeout=-1 if timeout is None else min(timeout, TIMEOUT_MAX)):
            return None
        try:
            while True:
                found = self._next(deadline)
                if not isinstance(found, Event):
                    self._ended = self._ended and found is None
                    return found
                if self._is_end(found):
                    self._ended = True
                    return None
        finally:
            self._lock.release()

    def close(self) -> None:
        """Gives the file back. Frames that were read stay as they are. Again: does nothing.

        A read() of another thread raises Closed, at most 100 ms later.
        """
        self._closing = True
        attachment = self._attachment
        # After fork() another thread of the parent may have had the lock for good.
        if attachment is not None and attachment.is_open:
            with self._lock:
                attachment.detach()
        self._attachment = None

    @property
    def ended(self) -> bool:
        """Did the writer end, and no frame come since? Tells why read() returned None."""
        return self._ended

    @property
    def attached(self) -> bool:
        """Is there a file, with a ring of slots?"""
        return self._attachment is not None

    @property
    def writer_alive(self) -> bool:
        """Does a writer hold the file? True also where that cannot be told."""
        attachment = self._attachment
        return attachment is not None and attachment.writer_lives() is not False

    @property
    def stats(self) -> ReaderStats:
        """Figures since it was opened."""
        attachment = self._attachment
        return ReaderStats(
            self._frames,
            self._skipped,
            self._copied,
            self._torn,
            self._attached,
            attachment.lease_count if attachment is not None else 0,
        )

    def _check_open(self) -> None:
        if self._closing:
            raise errors.Closed(f'The reader of "{self.path}" is closed.', self.path)
        if self._attachment is not None and not self._attachment.is_open:
            raise errors.Closed(
                f'The reader of "{self.path}" belongs to the process before fork(): '
                "open another one.",
                self.path,
            )

    def _is_end(self, event: Event) -> bool:
        """Does iteration end with this event? Raises WriterLost if that was asked for."""
        if self._on_disconnect == "error":
            raise errors.WriterLost(
                f'The writer of "{self.path}" is gone: {event.value}; start it again.', self.path
            )
        if self._on_disconnect == "auto":
            return event is Event.ENDED
        return self._on_disconnect == "eos"

    def _next(self, deadline: Deadline) -> Union[Frame, Event, None]:
        """None: the time is over."""
        while True:
            if self._closing:
                self._check_open()
            attachment = self._attachment
            if attachment is None and not self._try_to_attach():
                left_ns = deadline.left_ns()
                if left_ns == 0:
                    return None
                time.sleep(min(left_ns, _NOT_READY_NS) / 1e9)
                continue
            attachment = self._attachment
            if attachment is None:
                continue
            position = attachment.position
            found = attachment.look()
            if isinstance(found, Snapshot):
                frame = self._frame_of(attachment, found, found.number - position - 1)
                if frame is not None:
                    return frame
            elif found is not None:
                return found
            else:
                event = self._look_after(attachment)
                if event is not None:
                    return event
                left_ns = deadline.left_ns()
                if left_ns == 0:
                    return None
                if attachment is self._attachment:
                    attachment.sleep(min(left_ns, BOUND_NS))

    def _frame_of(
        self, attachment: Attachment, snapshot: Snapshot, gap: int
    ) -> Optional[Frame]:
        """None: the frame was rewritten meanwhile; it counts as skipped."""
        payload: Union[Lease, memoryview, Refusal] = Refusal.COPY
        if not self._copy:
            payload = attachment.lease(snapshot, self._max_leases)
        is_copy = payload is Refusal.COPY
        if is_copy:
            payload = attachment.copy(snapshot, writable=self._copy)
        if isinstance(payload, Refusal):
            self._missed += gap + 1
            self._torn += 1
            return None
        latency_ns = None
        if attachment.has_comparable_clock(snapshot.session_id):
            latency_ns = system.now_ns() - snapshot.times[_PUBLISH_TIME]
        skipped, self._missed = self._missed + gap, 0
        self._frames += 1
        self._skipped += skipped
        self._copied += is_copy
        return Frame(snapshot, payload, skipped, latency_ns, is_copy)

    def _try_to_attach(self) -> bool:
        try:
            self._use(attach(self._wishes, self._waited))
        except NotReady:
            self._waited = True
            return False
        return True

    def _use(self, attachment: Attachment) -> None:
        self._attachment = attachment
        self._attached += 1
        self._missed = 0
        self._waited = False

    def _detach(self) -> None:
        if self._attachment is not None:
            self._attachment.detach()
        self._attachment = None
        # What comes next was waited for, so that a reader of every frame has it from its start.
        self._waited = True

    def _look_after(self, attachment: Attachment) -> Optional[Event]:
        """Every 100 ms, when about to sleep (SPEC.md 8.3)."""
        now_ns = system.now_ns()
        if now_ns < self._next_care_ns:
            return None
        self._check_open()  # a signal handler may have forked
        self._next_care_ns = now_ns + BOUND_NS
        if attachment.has_lost_writer():
            return Event.LOST
        if not attachment.is_replaced() or attachment.has_news():
            return None
        try:
            other = attach(self._wishes, True)
        except (NotReady, errors.Error):
            # Nothing better there: the writer of the unnamed file may still be publishing.
            if attachment.may_be_written() or attachment.has_news():
                return None
            self._detach()
            return None
        self._detach()
        self._use(other)
        return None
