# SPDX-License-Identifier: MIT
"""Raw video frames from one process to many others, through one memory-mapped file.

    with mmapvideo.Reader("/dev/shm/cam0") as reader:
        for frame in reader:
            print(frame.number, frame.array.shape)

    with mmapvideo.Writer("/dev/shm/out", format="BGR", width=1280, height=720, fps=30) as writer:
        writer.write(picture)
"""
from mmapvideo._geometry import Plane
from mmapvideo.capture import VideoCapture
from mmapvideo.errors import (
    AlreadyWriting,
    BrokenFile,
    Closed,
    Error,
    NoSpace,
    NotARegularFile,
    NotAVideoFile,
    NotFound,
    PermissionDenied,
    SystemFailure,
    VersionError,
    WriterLost,
)
from mmapvideo.frame import Frame
from mmapvideo.reader import Reader, ReaderStats
from mmapvideo.writer import FrameInPlace, Writer, WriterStats

__version__ = "0.1.0"

__all__ = [
    "AlreadyWriting",
    "BrokenFile",
    "Closed",
    "Error",
    "Frame",
    "FrameInPlace",
    "NoSpace",
    "NotARegularFile",
    "NotAVideoFile",
    "NotFound",
    "PermissionDenied",
    "Plane",
    "Reader",
    "ReaderStats",
    "SystemFailure",
    "VersionError",
    "VideoCapture",
    "Writer",
    "WriterLost",
    "WriterStats",
]
