# SPDX-License-Identifier: MIT
"""What the start of a file says (the table of SPEC.md 9), and failures in words."""
from __future__ import annotations

import enum
import errno

from mmapvideo import _layout as layout
from mmapvideo import errors
from mmapvideo._platform import system
from mmapvideo._system import File

_NOT_REGULAR = (errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENODEV)
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Start(enum.Enum):
    """How much of a header is there. All of it that is there is right so far."""

    NOTHING = "no byte yet"
    BEGUN = "less than the header"
    WHOLE = "as much as a header"


# The preamble up to the flags, which follow the same rule but are not constant.
_CONSTANTS = (
    layout.MAGIC
    + layout.VERSION.to_bytes(4, "little")
    + layout.HEADER_BYTES.to_bytes(4, "little")
    + layout.KNOWN_INCOMPATIBLE.to_bytes(8, "little")
)


def look_at_start(file: File, path: str) -> Start:
    """Raises NotARegularFile, NotAVideoFile, VersionError or BrokenFile."""
    if not file.is_regular():
        raise not_regular(path)
    size = file.size()
    if size == 0:
        return Start.NOTHING
    data = file.read(layout.PREAMBLE_BYTES, 0)
    if _differs(data, 0, 8):
        raise errors.NotAVideoFile(
            f'"{path}" is a file of another kind and was left as it is: choose another path.', path
        )
    if _differs(data, 8, 12) or _differs(data, 16, 24):
        raise errors.VersionError(
            f'"{path}" was written by another version of mmapvideo: use the same on both sides, '
            "or remove the file.",
            path,
        )
    if _differs(data, 12, 16):
        raise broken(path, "a header of another size")
    return Start.WHOLE if size >= layout.HEADER_BYTES else Start.BEGUN


def _differs(data: bytes, start: int, end: int) -> bool:
    """Do those of these bytes that are there differ from what they have to be?"""
    there = data[start:end]
    return there != _CONSTANTS[start:end][: len(there)]


def broken(path: str, what: str) -> errors.BrokenFile:
    return errors.BrokenFile(
        f'"{path}" is broken ({what}): remove it, and start its writer again.', path
    )


def not_regular(path: str) -> errors.NotARegularFile:
    return errors.NotARegularFile(
        f'"{path}" is a directory, a device, a pipe or a symbolic link, which is not followed: '
        "give the path of a regular file.",
        path,
    )


def means_no_space(problem: OSError) -> bool:
    return problem.errno in _NO_SPACE


def failure(problem: OSError, path: str) -> errors.Error:
    """What the operating system said, as one of this package's errors."""
    number = problem.errno
    if number in _NOT_REGULAR:
        return not_regular(path)
    if number in (errno.ENOENT, errno.ENOTDIR):
        return errors.NotFound(
            f'The directory of "{path}" does not exist: create it, or choose another path.',
            path,
            number,
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return errors.PermissionDenied(
            f'"{path}": permission denied ({problem.strerror}): its owner can allow it '
            f"{system.HOW_TO_ALLOW}.",
            path,
            number,
        )
    if means_no_space(problem):
        return errors.NoSpace(f'No room for "{path}": {problem.strerror}.', path, number)
    return errors.SystemFailure(f'"{path}": {problem.strerror or problem}.', path, number)
