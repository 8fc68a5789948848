# SPDX-License-Identifier: MIT
"""Locks as everybody can see and hold them (SPEC.md 5), by the numbers of the specification."""
import fcntl
import os
import struct

WRITER, READER, SLOT, TURN = range(4)
_FLOCK = struct.Struct("hhqqi4x")


def offset_of(family, index=0, lane=0):
    return (1 << 62) + (family << 60) + (index << 36) + lane * 16


class LockFile:
    """A descriptor of its own, which sees everybody else's locks."""

    def __init__(self, path, flags=os.O_RDONLY):
        self.fd = os.open(path, flags | os.O_CLOEXEC)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def shared(self, family, index, lane):
        self._call(fcntl.F_OFD_SETLK, fcntl.F_RDLCK, offset_of(family, index, lane), 16)

    def exclusive(self, family, index, lane):
        self._call(fcntl.F_OFD_SETLK, fcntl.F_WRLCK, offset_of(family, index, lane), 16)

    def unlock(self, family, index, lane):
        self._call(fcntl.F_OFD_SETLK, fcntl.F_UNLCK, offset_of(family, index, lane), 16)

    def list(self, family):
        """Index and lane of each lock of a family."""
        found, parts = [], [(offset_of(family), 1 << 60)]
        while parts:
            start, length = parts.pop()
            answer = self._call(fcntl.F_OFD_GETLK, fcntl.F_WRLCK, start, length)
            kind, _, at, size, _ = _FLOCK.unpack(answer)
            if kind == fcntl.F_UNLCK:
                continue
            relative = at - offset_of(family)
            found.append((relative >> 36, (relative & ((1 << 36) - 1)) // 16))
            parts += [(at + size, start + length - at - size)] if at + size < start + length else []
            parts += [(start, at - start)] if at > start else []
        return sorted(found)

    def _call(self, command, kind, start, length):
        return fcntl.fcntl(self.fd, command, _FLOCK.pack(kind, 0, start, length, 0))


def locks_in(path, family):
    with LockFile(path) as file:
        return file.list(family)
