# SPDX-License-Identifier: MIT
"""What is asked of the operating system. _platform.py chooses the module that does it."""
from __future__ import annotations

from typing import Optional, Protocol, Tuple, Union

Range = Tuple[int, int]
Bytes = Union[bytes, bytearray, memoryview]


class NoLocks(Exception):
    """The file system has no byte-range locks."""


class Region(Protocol):
    """A mapped part of a file. It stays mapped while this or any part of `view` is referenced."""

    address: int
    view: memoryview


class File(Protocol):
    """One open file description: the file and the locks that are held through it.

    Closed by close() or with the last reference. Locks are asked for and never waited for; that
    raises NoLocks where the file system has none. Ranges are (offset, length).
    """

    def try_lock(self, where: Range, exclusive: bool) -> bool: ...

    def unlock(self, where: Range) -> None:
        """Raises nothing: what cannot be unlocked ends with the descriptor."""

    def is_lasting(self, where: Range) -> bool:
        """Is it a lock that was found there, or did that meet another's question?"""

    def find_lock(self, where: Range) -> Optional[Range]:
        """One lock that somebody else holds in this range. Raises NoLocks if that cannot be told."""

    def has_exclusive_lock(self, where: Range) -> bool:
        """Does somebody else hold an exclusive lock in this range?"""

    def is_open(self) -> bool:
        """False after close(), and in the child after fork()."""

    def identity(self) -> Tuple[int, int]:
        """What tells this file from every other one."""

    def size(self) -> int: ...

    def is_regular(self) -> bool: ...

    def is_unlinked(self) -> bool: ...

    def is_someone_elses(self) -> bool: ...

    def read(self, length: int, offset: int) -> bytes: ...

    def read_into(self, target: memoryview, offset: int) -> bool:
        """Fills `target`. False: the file ends before."""

    def write(self, data: Bytes, offset: int) -> None: ...

    def map(self, offset: int, length: int, writable: bool) -> Region: ...

    def reserve(self, offset: int, length: int) -> None:
        """Makes sure that there is space behind these bytes; the file grows to hold them."""

    def give_back(self, offset: int, length: int) -> None:
        """Frees the space behind these bytes, where the file system can."""

    def close(self) -> None: ...


class System(Protocol):
    """The functions of such a module."""

    CLOCK_ID: int  #: of now_ns(), as in the file header
    HOW_TO_ALLOW: str  #: how a file's owner lets others at it; goes on after "can allow it"

    def open_to_read(self, path: str) -> File:
        """Follows no symbolic link and does not wait, here and below. Raises OSError."""

    def open_to_write(self, path: str, permissions: int) -> Tuple[File, bool]:
        """Was it created? Then with exactly these permissions."""

    def identity_at(self, path: str) -> Optional[Tuple[int, int]]:
        """Of the file that has this name now, or None. Raises OSError if that cannot be told."""

    def remove(self, path: str) -> None: ...

    def is_shared_directory(self, path: str) -> bool:
        """May everybody create files beside this one, as in /dev/shm?"""

    def free_bytes(self, path: str) -> int:
        """Room for files beside this one."""

    def touch(self, region: Region) -> None:
        """Has every page of a writable region ready, contents unchanged."""

    def before_change(self, address: int) -> None:
        """To be called before `published` gets its next value, which wake_all() then tells."""

    def sleep_on(self, address: int, value: int, limit_ns: int) -> None:
        """Until the 32-bit word there is woken or is not `value`, or a signal comes: a hint."""

    def wake_all(self, address: int) -> None:
        """Ends the sleeps of all processes on this word of the file."""

    def now_ns(self) -> int:
        """The clock that publications are stamped with."""

    def clock_namespace(self) -> int:
        """What tells this process's clock from others of the same boot, or 0."""

    def boot_id(self) -> bytes:
        """16 bytes that tell the running boot from others, or zeros."""
