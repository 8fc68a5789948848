# SPDX-License-Identifier: MIT
"""A frame that was read."""
from __future__ import annotations

from typing import Any, List, Optional, Tuple, Union

from mmapvideo import _arrays as arrays
from mmapvideo import _layout as layout
from mmapvideo import _to_bgr as to_bgr
from mmapvideo import errors
from mmapvideo._geometry import Description, Plane
from mmapvideo._lease import Lease
from mmapvideo._reader_ring import Snapshot
from mmapvideo.formats import COMPONENTS, layout_of
from mmapvideo.metadata import Record, records

_PTS, _DTS, _DURATION, _FLAGS, _CLOCK_TIME, _PUBLISH_TIME, _WALL_TIME = 0, 1, 2, 5, 6, 8, 9


class Frame:
    """One frame: pixels, and what its writer said about them.

    The pixels are the shared memory itself, read-only, unless they were copied: in a reader with
    copy=True, which gives memory of the caller's own that may be written to, or where no more
    frames could be leased (then read-only as well). They do not change as long as the frame, one of
    its arrays, or anything derived from these is referenced, also after Reader.close() and after
    the writer's end; the writer has one slot less to write to meanwhile. Keep copy() of a frame
    that is to stay.

    Times are nanoseconds. `with frame:` releases it at the end of the block. Nothing here waits.
    May be used from any thread.
    """

    __slots__ = {
        "skipped": "How many frames of this file the reader missed since the frame before.",
        "latency_ns": "From publication until this reader had it; None: clocks do not compare, as "
        "those of another machine or boot.",
        "is_copy": "False: the pixels are the shared memory itself.",
        "_snapshot": None,
        "_pixels": None,
        "_planes": None,
    }

    def __init__(
        self,
        snapshot: Snapshot,
        pixels: Union[Lease, memoryview],
        skipped: int,
        latency_ns: Optional[int],
        is_copy: bool,
    ) -> None:
        self._snapshot = snapshot
        self._pixels: Union[Lease, memoryview, None] = pixels
        self._planes: Optional[Tuple[Plane, ...]] = None
        self.skipped = skipped
        self.latency_ns = latency_ns
        self.is_copy = is_copy

    def __enter__(self) -> "Frame":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<mmapvideo.Frame {self.number}: {self.format} {self.width}x{self.height}>"

    @property
    def _info(self) -> Description:
        return self._snapshot.description

    @property
    def number(self) -> int:
        """Frame number, from 1; increases through all sessions of a file."""
        return self._snapshot.number

    @property
    def session_id(self) -> int:
        """Which start of a writer published it."""
        return self._snapshot.session_id

    @property
    def pts_ns(self) -> Optional[int]:
        """Presentation time in the writer's stream, or None."""
        return self._time(_PTS)

    @property
    def dts_ns(self) -> Optional[int]:
        """Decoding time in the writer's stream, or None."""
        return self._time(_DTS)

    @property
    def duration_ns(self) -> Optional[int]:
        """How long it is to be shown, or None."""
        return self._time(_DURATION)

    @property
    def clock_time_ns(self) -> Optional[int]:
        """The instant of `pts_ns` on the writer's CLOCK_MONOTONIC, or None."""
        return self._time(_CLOCK_TIME)

    @property
    def publish_time_ns(self) -> int:
        """When it was published, on the writer's CLOCK_MONOTONIC."""
        return self._snapshot.times[_PUBLISH_TIME]

    @property
    def publish_wall_time_ns(self) -> int:
        """The same as nanoseconds since 1970-01-01 UTC."""
        return self._snapshot.times[_WALL_TIME]

    @property
    def flags(self) -> int:
        """The bits of SPEC.md 3.6."""
        return self._snapshot.times[_FLAGS]

    @property
    def caps(self) -> str:
        """The format as GStreamer writes it."""
        return self._snapshot.caps

    @property
    def metadata(self) -> bytes:
        """What the writer put beside the pixels, often nothing."""
        return self._snapshot.metadata

    @property
    def metadata_records(self) -> List[Record]:
        """The records in `metadata`, as mmapsink writes them; empty for bytes of another kind."""
        return records(self._snapshot.metadata)

    @property
    def format(self) -> str:
        """GStreamer's name of the pixel format, for example "NV12"."""
        return self._info.format

    @property
    def width(self) -> int:
        """Pixels."""
        return self._info.width

    @property
    def height(self) -> int:
        """Pixels of the picture, also when the frame is one field of it."""
        return self._info.height

    @property
    def framerate(self) -> Tuple[int, int]:
        """Numerator and denominator; (0, 1): variable."""
        return self._info.framerate

    @property
    def fps(self) -> float:
        """Frames per second; 0.0: variable."""
        numerator, denominator = self._info.framerate
        return numerator / denominator if denominator else 0.0

    @property
    def colorimetry(self) -> str:
        """GStreamer's colorimetry string, or ""."""
        return self._info.colorimetry

    @property
    def chroma_site(self) -> str:
        """GStreamer's chroma-site string, or ""."""
        return self._info.chroma_site

    @property
    def layout(self) -> Tuple[Plane, ...]:
        """Where each plane lies in `payload`. Empty: nobody said, look at `caps`."""
        if self._planes is None:
            self._planes = self._info.planes or self._usual_planes()
        return self._planes

    @property
    def payload(self) -> memoryview:
        """All bytes of the frame, planes and what is between them: a flat view of bytes.

        Raises Closed after release().
        """
        pixels = self._pixels
        if isinstance(pixels, Lease):
            pixels = self._pixels = pixels.view()
        if pixels is None:
            raise errors.Closed(f"Frame {self.number} was released.")
        return pixels

    @property
    def planes(self) -> Tuple[Any, ...]:
        """The planes, in place: arrays of rows x pixels, or rows x pixels x channels.

        uint8, and for formats of more than 8 bits uint16. A plane of chroma has the size that it
        has in memory. Planes of a format that this package does not know are rows x bytes. Without
        numpy they are memoryviews of the same shape where rows follow each other directly, and flat
        ones otherwise. Empty where `layout` is. Raises Closed after release().
        """
        info = self._snapshot.description
        views = arrays.views_of(info.format, info.width, info.planes or self.layout)
        pixels = self._pixels
        if isinstance(pixels, Lease) and arrays.numpy() is not None:
            return arrays.arrays_at(pixels.address, pixels, views)
        return arrays.arrays_of(self.payload, views)

    @property
    def array(self) -> Any:
        """The picture in place: height x width x channels, or height x width for grey.

        YUY2 and UYVY are height x width x 2. For formats of several planes the same as `planes`;
        where these are unknown, `payload`. Raises Closed after release().
        """
        planes = self.planes
        if len(planes) == 1:
            return planes[0]
        if planes:
            return planes
        np = arrays.numpy()
        return self.payload if np is None else np.frombuffer(self.payload, np.uint8)

    def to_bgr(self) -> Any:
        """A new height x width x 3 array of uint8, blue first, as OpenCV has it; the caller's own.

        YUV is converted by the matrix and range that the writer named (BT.601 up to 576 rows and
        BT.709 above if it named none). Needs numpy; uses OpenCV where that does the same. Raises
        ValueError for a format it does not know, and Closed after release().
        """
        return to_bgr.convert(
            self.format, self.width, self.height, self.colorimetry, self.planes
        )

    def copy(self) -> "Frame":
        """The same frame in memory of the caller's own, which may be written to.

        Raises Closed after release().
        """
        data = memoryview(bytearray(self.payload))
        return Frame(self._snapshot, data, self.skipped, self.latency_ns, True)

    def release(self) -> None:
        """Lets go of the pixels now; arrays that still exist keep them. Again: does nothing."""
        self._pixels = None

    def _time(self, index: int) -> Optional[int]:
        value = self._snapshot.times[index]
        return None if value == layout.NONE else value

    def _usual_planes(self) -> Tuple[Plane, ...]:
        if self.format not in COMPONENTS:
            return ()
        usual = layout_of(self.format, self.width, self.height)
        return usual.planes if usual.payload_bytes <= self._info.payload_bytes else ()
