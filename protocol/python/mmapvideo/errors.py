# SPDX-License-Identifier: MIT
"""What can go wrong. Every message is one sentence that names the path and the remedy."""
from __future__ import annotations

from typing import Optional


class Error(Exception):
    """The base of all failures of this package.

    `path` is the file it is about; `errno` the operating system's error number, or None.
    """

    def __init__(self, message: str, path: str = "", errno: Optional[int] = None) -> None:
        super().__init__(message)
        self.path = path
        self.errno = errno


class NotFound(Error):
    """A writer's directory does not exist."""


class PermissionDenied(Error):
    """The file or its directory may not be opened, created or used by this process."""


class NotARegularFile(Error):
    """The path names a directory, FIFO, socket, device or symbolic link."""


class NotAVideoFile(Error):
    """The path names a file of another kind, which was left as it is."""


class VersionError(Error):
    """The file is of another version, or uses features that this package does not know."""


class BrokenFile(Error):
    """The file or a frame in it contradicts the specification."""


class AlreadyWriting(Error):
    """Another live process writes this file."""


class NoSpace(Error):
    """The file system has no room for the frames."""


class WriterLost(Error):
    """The writer is gone, and the reader was opened with on_disconnect="error"."""


class Closed(Error):
    """The reader, writer or frame was closed, or belongs to the process before fork()."""


class SystemFailure(Error):
    """Any other failure of the operating system."""
