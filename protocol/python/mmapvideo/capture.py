# SPDX-License-Identifier: MIT
"""Frames for programs that were written for OpenCV's VideoCapture."""
from __future__ import annotations

from typing import Any, Optional, Tuple

from mmapvideo._waiting import Path
from mmapvideo.frame import Frame
from mmapvideo.reader import Reader

# OpenCV's numbers.
CAP_PROP_POS_MSEC = 0
CAP_PROP_POS_FRAMES = 1
CAP_PROP_FRAME_WIDTH = 3
CAP_PROP_FRAME_HEIGHT = 4
CAP_PROP_FPS = 5
CAP_PROP_FOURCC = 6
CAP_PROP_CONVERT_RGB = 16
CAP_PROP_OPEN_TIMEOUT_MSEC = 53
CAP_PROP_READ_TIMEOUT_MSEC = 54

_FOURCC = {
    "BGR": "BGR3", "RGB": "RGB3", "BGRA": "BGRA", "RGBA": "RGBA", "BGRx": "BGR4", "RGBx": "RGB4",
    "GRAY8": "GREY", "GRAY16_LE": "Y16 ", "NV12": "NV12", "I420": "I420", "YUY2": "YUY2",
    "UYVY": "UYVY", "P010_10LE": "P010",
}


def _seconds(milliseconds: float) -> Optional[float]:
    return milliseconds / 1000 if milliseconds > 0 else None


def _milliseconds(seconds: Optional[float]) -> float:
    return 0.0 if seconds is None else seconds * 1000


class VideoCapture:
    """The newest frames of the file at `path`, as cv2.VideoCapture gives those of a camera.

    read() waits for a frame that was not read yet: `read_timeout` seconds at most, if that is not
    None. The file need not exist yet. Other than OpenCV it raises an Error where the path names
    something that never will be ready. To be used from one thread.
    """

    def __init__(self, path: Optional[Path] = None, read_timeout: Optional[float] = None) -> None:
        self._reader: Optional[Reader] = None
        self._frame: Optional[Frame] = None
        self._is_ahead = False
        self._convert = True
        self._read_timeout = read_timeout
        self._open_timeout: Optional[float] = 5.0
        if path is not None:
            self.open(path)

    def __enter__(self) -> "VideoCapture":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def open(self, path: Path) -> bool:
        """Reads from this path from now on. Does not wait."""
        self.release()
        self._reader = Reader(path)
        return True

    def isOpened(self) -> bool:
        """Is there a path to read from? True before a writer is there."""
        return self._reader is not None

    def grab(self) -> bool:
        """Waits for the next frame, as Reader.read(). False: the time is over, the writer ended, or
        this is closed."""
        if self._is_ahead:
            self._is_ahead = False
            return self._frame is not None
        self._frame = None  # not to hold two
        if self._reader is not None:
            self._frame = self._reader.read(self._read_timeout)
        return self._frame is not None

    def retrieve(self, image: Any = None, flag: int = 0) -> Tuple[bool, Any]:
        """The frame that was grabbed, as a new height x width x 3 array of blue, green, red.

        With CAP_PROP_CONVERT_RGB set to 0: a copy in its own format, as Frame.array. `image` and
        `flag` are ignored. Raises ValueError for a format that cannot be converted.
        """
        if self._frame is None or self._is_ahead:
            return False, None
        return True, self._frame.to_bgr() if self._convert else self._frame.copy().array

    def read(self, image: Any = None) -> Tuple[bool, Any]:
        """grab() and retrieve(): True and a new picture, or False and None."""
        return self.retrieve() if self.grab() else (False, None)

    def get(self, prop: int) -> float:
        """A property by OpenCV's number; 0.0 for one that there is not.

        What describes the frame waits for the first one, 5 seconds at most (OPEN_TIMEOUT_MSEC).
        """
        if prop == CAP_PROP_CONVERT_RGB:
            return float(self._convert)
        if prop == CAP_PROP_OPEN_TIMEOUT_MSEC:
            return _milliseconds(self._open_timeout)
        if prop == CAP_PROP_READ_TIMEOUT_MSEC:
            return _milliseconds(self._read_timeout)
        frame = self._look_ahead()
        if frame is None:
            return 0.0
        if prop == CAP_PROP_FOURCC:
            code = _FOURCC.get(frame.format, "\0\0\0\0").encode()
            return float(int.from_bytes(code, "little"))
        values = {
            CAP_PROP_POS_MSEC: (frame.pts_ns or 0) / 1e6,
            CAP_PROP_POS_FRAMES: float(frame.number),
            CAP_PROP_FRAME_WIDTH: float(frame.width),
            CAP_PROP_FRAME_HEIGHT: float(frame.height),
            CAP_PROP_FPS: frame.fps,
        }
        return values.get(prop, 0.0)

    def set(self, prop: int, value: float) -> bool:
        """CONVERT_RGB, OPEN_TIMEOUT_MSEC and READ_TIMEOUT_MSEC (0: no limit). The rest is the
        writer's: False."""
        if prop == CAP_PROP_CONVERT_RGB:
            self._convert = bool(value)
        elif prop == CAP_PROP_OPEN_TIMEOUT_MSEC:
            self._open_timeout = _seconds(value)
        elif prop == CAP_PROP_READ_TIMEOUT_MSEC:
            self._read_timeout = _seconds(value)
        else:
            return False
        return True

    def getBackendName(self) -> str:
        """As OpenCV names what is behind it: MMAPVIDEO."""
        return "MMAPVIDEO"

    def release(self) -> None:
        """Gives the file back. Again: does nothing."""
        self._frame = None
        self._is_ahead = False
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _look_ahead(self) -> Optional[Frame]:
        """The frame that was grabbed; before the first one, that which the next grab() gives."""
        if self._frame is None and self._reader is not None:
            self._frame = self._reader.read(self._open_timeout)
            self._is_ahead = self._frame is not None
        return self._frame
