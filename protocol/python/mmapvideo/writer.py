# SPDX-License-Identifier: MIT
"""Writing frames for other processes to read."""
from __future__ import annotations

import threading
from typing import Any, NamedTuple, Optional, Tuple

from mmapvideo import _arrays as arrays
from mmapvideo import _layout as layout
from mmapvideo import errors
from mmapvideo import formats
from mmapvideo._filling import fill
from mmapvideo._growth import Sizes
from mmapvideo._lifetime import close_at_exit
from mmapvideo._platform import system
from mmapvideo._waiting import Deadline, Path, delivery_of, path_of
from mmapvideo._writer_session import Slot, Times, WriterSession
from mmapvideo.formats import Layout, Rate


class WriterStats(NamedTuple):
    """Figures of a writer since it was opened."""

    frames: int  #: published
    dropped: int  #: for which no slot was free
    bytes: int  #: payload bytes published
    waits: int  #: frames that waited for a reader of every frame
    passed_over: int  #: times such a reader was too late and not waited for any longer
    readers: int  #: attached now
    slots: int  #: depth of the ring in use


class _Picture(NamedTuple):
    """A format, prepared to be written."""

    layout: Layout
    caps: bytes
    info: bytearray
    duration_ns: int

    def sizes(self, metadata: bytes) -> Sizes:
        return Sizes(self.layout.payload_bytes, len(self.caps), len(metadata))


class Writer:
    """Publishes frames of one format at a time into the file at `path`, one writer for each file.

    format, width, height, fps: as GStreamer names them; fps may be a fraction, a pair or a float,
        0 is a variable rate. See set_format().
    delivery: "latest" never waits for readers; "every-frame" waits for those that read every frame
        before it overwrites what they have not finished; "acknowledged" waits for them after each
        frame.
    wait_timeout: how many seconds one frame waits at most (None: no limit). Who is late is then
        passed over, and finds a gap.
    slots: depth of the ring, 2 to 1024; 0: 6 to 16, about 48 MiB.
    perms: the mode of a file that is created.
    keep_file: leave the file in place when the writer is closed.

    A file that a former writer left is taken over, and its readers go on. Raises AlreadyWriting,
    NotFound (its directory), NotAVideoFile, NotARegularFile, VersionError, BrokenFile, NoSpace,
    PermissionDenied or SystemFailure, and an existing file then is as it was; ValueError: an
    argument is wrong. Does not wait.

    `with` closes it, and so does the end of the interpreter. May be used from several threads, one
    of which writes at a time. After fork() only the parent may use it.
    """

    def __init__(
        self,
        path: Path,
        format: str = "BGR",
        width: int = 0,
        height: int = 0,
        fps: Rate = 0,
        delivery: str = "latest",
        wait_timeout: Optional[float] = 1.0,
        slots: int = 0,
        perms: int = 0o600,
        keep_file: bool = False,
    ) -> None:
        self._session: Optional[WriterSession] = None
        self.path = path_of(path)
        self._keep_file = keep_file
        self._picture = _picture(format, width, height, fps)
        self._lock = threading.RLock()
        self._first_ns = 0
        if slots != 0 and not layout.MIN_SLOTS <= slots <= layout.MAX_SLOTS:
            raise ValueError(f"slots is {slots}, not 0 or {layout.MIN_SLOTS} to {layout.MAX_SLOTS}")
        if not 0 <= perms <= 0o777:
            raise ValueError(f"perms is {perms:#o}, which is no mode of a file")
        if wait_timeout is not None and not wait_timeout >= 0:
            raise ValueError(f"wait_timeout is {wait_timeout}")
        chosen = delivery_of(delivery, "latest", "every-frame", "acknowledged")
        session = WriterSession(self.path, perms, slots, chosen, wait_timeout)
        try:
            session.reserve(self._picture.sizes(b""))
        except BaseException:
            session.close(keep_file=not session.created)
            raise
        self._session = session
        close_at_exit(self)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def set_format(self, format: str, width: int, height: int, fps: Rate = 0) -> None:
        """What the next frames are. Readers follow by themselves; larger frames take new memory.

        Raises ValueError for a format or size that there is not, and NoSpace; then nothing changes.
        Raises Closed after close().
        """
        picture = _picture(format, width, height, fps)
        with self._lock:
            self._open_session().reserve(picture.sizes(b""))
            self._picture = picture

    def write(
        self, data: Any, pts_ns: Optional[int] = None, metadata: bytes = b""
    ) -> Optional[int]:
        """Publishes a copy of `data`, wakes the readers, and returns the frame's number.

        `data` is an array of height x width x channels (height x width for grey), a tuple of the
        planes, or the bytes of all planes, with rows padded to multiples of 4 bytes or not at all.
        `pts_ns` is the presentation time in nanoseconds; None: the frame is of now, and its time
        counts from the writer's first. `metadata`: bytes that readers find in Frame.metadata.

        Does not wait with delivery="latest"; otherwise for readers, at most `wait_timeout`.

        None: all slots are in use, by readers or by frames in somebody's hands; the frame was
        dropped, and readers see the gap. Raises ValueError if `data` is no such frame, which says
        what was expected and what it got; NoSpace, if `metadata` needs a larger ring and there is
        no room; Closed after close(). Then nothing was published.
        """
        with self._lock:
            session, picture = self._open_session(), self._picture
            times = self._times(pts_ns)
            slot = session.take(picture.sizes(metadata))
            if slot is None:
                return None
            try:
                fill(slot.payload(picture.layout.payload_bytes), picture.layout, data)
            except BaseException:
                session.abort(slot)
                raise
            return session.publish(slot, picture.info, times, picture.caps, metadata)

    def frame(self, pts_ns: Optional[int] = None, metadata: bytes = b"") -> "FrameInPlace":
        """For `with`: the memory of the next frame, published at the end of the block.

        Gives what write() takes, to be filled in place: an array, or a tuple of one for each plane;
        without numpy a flat memoryview of all bytes. What is in there before is undefined. If the
        block raises, nothing is published. The memory is to read only after the block, and the slot
        is not used again as long as it is referenced. Entering and leaving the block wait and raise
        as write() does.
        """
        return FrameInPlace(self, pts_ns, metadata)

    def wait_for_readers(self, count: int, timeout: Optional[float] = None) -> bool:
        """Waits until `count` readers are attached, at most `timeout` seconds. Were there so many?

        Always false where the file system has no locks, as readers cannot be counted there. Signals
        end the wait as that of Reader.read(). Raises Closed after close().
        """
        deadline = Deadline(timeout)
        with self._lock:
            return self._open_session().wait_for_readers(count, deadline)

    def close(self) -> None:
        """Tells readers the end, and removes the file unless keep_file. Again: does nothing.

        Does not wait. Waits of other threads raise Closed.
        """
        session = self._session
        if session is None:
            return
        if session.is_open:  # otherwise it is the parent's, and so may the lock be
            session.cancelled = True
            with self._lock:
                if self._session is not None:
                    session.close(self._keep_file)
        self._session = None

    @property
    def stats(self) -> WriterStats:
        """Figures since it was opened. Raises Closed after close()."""
        session = self._open_session()
        return WriterStats(
            session.figure("frame_count"),
            session.figure("dropped_count"),
            session.figure("byte_count"),
            session.figure("wait_count"),
            session.figure("passed_over_count"),
            session.reader_count(),
            session.slot_count,
        )

    @property
    def caps(self) -> str:
        """The present format as GStreamer writes it."""
        return self._picture.caps.decode()

    def _open_session(self) -> WriterSession:
        session = self._session
        if session is None:
            raise errors.Closed(f'The writer of "{self.path}" is closed.', self.path)
        if not session.is_open:
            raise errors.Closed(
                f'The writer of "{self.path}" belongs to the process before fork(): '
                "write from there.",
                self.path,
            )
        return session

    def _times(self, pts_ns: Optional[int]) -> Times:
        duration_ns = self._picture.duration_ns
        if pts_ns is not None:
            if not 0 <= pts_ns < layout.NONE:
                raise ValueError(f"pts_ns is {pts_ns}, which is no time")
            return Times(pts_ns, duration_ns, layout.NONE)
        now_ns = system.now_ns()
        self._first_ns = self._first_ns or now_ns
        return Times(now_ns - self._first_ns, duration_ns, now_ns)

    def _begin(self, metadata: bytes) -> Tuple[_Picture, Optional[Slot], memoryview]:
        with self._lock:
            session, picture = self._open_session(), self._picture
            size = picture.layout.payload_bytes
            slot = session.take(picture.sizes(metadata))
            if slot is None:
                return picture, None, memoryview(bytearray(size))
            return picture, slot, session.lend_memory(slot, size)

    def _commit(
        self, picture: _Picture, slot: Slot, times: Times, metadata: bytes
    ) -> Optional[int]:
        with self._lock:
            return self._open_session().publish(slot, picture.info, times, picture.caps, metadata)

    def _abort(self, slot: Slot) -> None:
        with self._lock:
            if self._session is not None:
                self._session.abort(slot)


class FrameInPlace:
    """What Writer.frame() returns. `number` is the frame's after the block; None: it was dropped,
    or the block raised."""

    def __init__(self, writer: Writer, pts_ns: Optional[int], metadata: bytes) -> None:
        self._writer = writer
        self._pts_ns = pts_ns
        self._metadata = metadata
        self._arrays: Tuple[Any, ...] = ()
        self.number: Optional[int] = None

    def __enter__(self) -> Any:
        self._picture, self._slot, memory = self._writer._begin(self._metadata)
        picture_layout = self._picture.layout
        if arrays.numpy() is None:
            self._arrays = (memory,)
            return memory
        views = arrays.views_of(
            picture_layout.format, picture_layout.width, picture_layout.planes
        )
        self._arrays = arrays.arrays_of(memory, views)
        return self._arrays if len(self._arrays) > 1 else self._arrays[0]

    def __exit__(self, kind: object, *_: object) -> None:
        slot, views, self._arrays = self._slot, self._arrays, ()
        self._slot = None
        if arrays.numpy() is not None:
            for view in views:
                view.flags.writeable = False
        if slot is None:
            return
        if kind is not None:
            self._writer._abort(slot)
            return
        times = self._writer._times(self._pts_ns)
        self.number = self._writer._commit(self._picture, slot, times, self._metadata)


def _picture(format_name: str, width: int, height: int, fps: Rate) -> _Picture:
    if format_name not in formats.COMPONENTS:
        raise ValueError(
            f'The format is "{format_name}", not one of {", ".join(formats.COMPONENTS)}.'
        )
    if not (0 < width < 2**15 and 0 < height < 2**15):
        raise ValueError(f"The size is {width}x{height}; width and height are 1 to 32767 pixels.")
    picture_layout = formats.layout_of(format_name, width, height)
    framerate = formats.framerate_of(fps)
    caps = formats.caps_of(picture_layout, framerate).encode()
    planes = b"".join(layout.PLANE.pack(**plane._asdict()) for plane in picture_layout.planes)
    info = layout.FRAME_INFO.pack(
        payload_bytes=picture_layout.payload_bytes,
        caps_bytes=len(caps),
        width=width,
        height=height,
        fps_numerator=framerate[0],
        fps_denominator=framerate[1],
        par_numerator=1,
        par_denominator=1,
        plane_count=len(picture_layout.planes),
        view_count=1,
        format=format_name.encode(),
        colorimetry=formats.colorimetry_of(format_name, height).encode(),
        chroma_site=formats.chroma_site_of(format_name, height).encode(),
        planes=planes,
    )
    duration_ns = layout.NONE
    if framerate[0]:
        duration_ns = 1_000_000_000 * framerate[1] // framerate[0]
    return _Picture(picture_layout, caps, bytearray(info), duration_ns)
