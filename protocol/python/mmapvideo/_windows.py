# SPDX-License-Identifier: MIT
"""Windows: LockFileEx, named events and mapped views. Does what _system.py asks for.

What differs from Linux, and is made up for here:

Locks. Equal locks of one handle add up, and a handle's own locks refuse it as others' do. So each
file knows what it holds (_own_locks.py): an item is locked once, and questions leave own items out.
There is no way to ask about a lock: the question is a try-lock and its unlock (_patience.py).

Waking. Nothing like a futex reaches another process: events with names do (_events.py).
"""
from __future__ import annotations

import ctypes
import errno
import functools
import os
import time
from typing import Any, Dict, Optional, Tuple

from mmapvideo import _kernel32 as kernel32
from mmapvideo import _layout as layout
from mmapvideo._events import Events
from mmapvideo._lifetime import close_in_child
from mmapvideo._memory import export
from mmapvideo._own_locks import OwnLocks
from mmapvideo._system import Bytes, NoLocks, Range, Region
from mmapvideo._windows_error import failure, last_error

CLOCK_ID = layout.CLOCK_QPC
HOW_TO_ALLOW = "with icacls, or choose a folder whose access list allows it"

_GENERIC_READ, _GENERIC_WRITE, _READ_ATTRIBUTES = 0x80000000, 0x40000000, 0x80
_SHARE_EVERYTHING = 1 | 2 | 4
_CREATE_NEW, _OPEN_EXISTING = 1, 3
_NOT_THROUGH_LINKS, _DIRECTORIES_AS_WELL = 0x00200000, 0x02000000
_STAYS_IN_MEMORY = 0x100  # FILE_ATTRIBUTE_TEMPORARY: while there is some, nothing goes to disk
_DIRECTORY, _REPARSE_POINT = 0x10, 0x400
_NO_ATTRIBUTES = 2**32 - 1
_DISK_FILE = 1
_INVALID_HANDLE = ctypes.c_void_p(-1).value
_PAGE_READONLY, _PAGE_READWRITE = 2, 4
_MAP_WRITE, _MAP_READ = 2, 4
_FAIL_IMMEDIATELY, _EXCLUSIVE = 1, 2
_FROM_START = 0

_ERROR_LOCK_VIOLATION, _ERROR_HANDLE_EOF = 33, 38
_WITHOUT_LOCKS = (1, 50)  # ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED
_MOST_AT_ONCE = 2**30
# Readers draw their lanes from 2^32, and do not come to lie side by side.
_ITEMS_OF_ONE_LOCK = 8
_LOOKS_AT_A_LASTING_LOCK = 3
_PAGE_BYTES = 4096


class _Overlapped(ctypes.Structure):
    """Where in the file, for calls that take no offset otherwise."""

    _fields_ = [
        ("internal", ctypes.c_void_p),
        ("internal_high", ctypes.c_void_p),
        ("offset", ctypes.c_uint32),
        ("offset_high", ctypes.c_uint32),
        ("event", ctypes.c_void_p),
    ]


class _Information(ctypes.Structure):
    """BY_HANDLE_FILE_INFORMATION."""

    _fields_ = [
        ("attributes", ctypes.c_uint32),
        ("times", ctypes.c_uint32 * 6),
        ("volume", ctypes.c_uint32),
        ("size_high", ctypes.c_uint32),
        ("size_low", ctypes.c_uint32),
        ("links", ctypes.c_uint32),
        ("index_high", ctypes.c_uint32),
        ("index_low", ctypes.c_uint32),
    ]


def _halves(value: int) -> Tuple[int, int]:
    """Low and high 32 bits."""
    return value & 0xFFFFFFFF, value >> 32


def _at(offset: int) -> _Overlapped:
    low, high = _halves(offset)
    return _Overlapped(offset=low, offset_high=high)


def _information(handle: int, path: str) -> _Information:
    information = _Information()
    if not kernel32.GetFileInformationByHandle(handle, ctypes.byref(information)):
        raise last_error("GetFileInformationByHandle", path)
    return information


def _identity(information: _Information) -> Tuple[int, int]:
    return information.volume, information.index_high << 32 | information.index_low


# Events of the headers that are mapped now, by the header's address.
_events: Dict[int, Events] = {}


class _Mapped:
    """Unmaps its range when nothing refers to it any more."""

    def __init__(self, handle: int, path: str, where: Range, writable: bool) -> None:
        self.address = 0
        protection = _PAGE_READWRITE if writable else _PAGE_READONLY
        # Of the file's present size: that of the caller's range would grow the file.
        section = kernel32.CreateFileMappingW(handle, None, protection, 0, 0, None)
        if not section:
            raise last_error("CreateFileMapping", path)
        offset_low, offset_high = _halves(where[0])
        access = _MAP_WRITE if writable else _MAP_READ
        address = kernel32.MapViewOfFile(section, access, offset_high, offset_low, where[1])
        problem = None if address else last_error(f"MapViewOfFile of {where[1]} bytes", path)
        kernel32.CloseHandle(section)  # the view keeps what it needs
        if problem:
            raise problem
        self.address = address
        if where[0] == 0:
            _events[address] = Events(address, is_writer=writable)

    # The functions are arguments: module globals may be gone at the end of the interpreter.
    def __del__(
        self, unmap: Any = kernel32.UnmapViewOfFile, events: Dict[int, Events] = _events
    ) -> None:
        if self.address:
            events.pop(self.address, None)
            unmap(self.address)


class MappedRegion:
    """A mapped part of a file, as _system.Region."""

    def __init__(self, handle: int, path: str, where: Range, writable: bool) -> None:
        mapped = _Mapped(handle, path, where, writable)
        self.address = mapped.address
        view = export(mapped.address, where[1], mapped)
        self.view = view if writable else view.toreadonly()


class OpenFile:
    """One handle of a file, as _system.File."""

    def __init__(self, handle: int, path: str) -> None:
        self._handle = handle
        self._path = path
        self._own = OwnLocks()
        self._close_handle = kernel32.CloseHandle  # module globals may be gone at the end
        information = _information(handle, path)
        self._identity = _identity(information)
        self._regular = kernel32.GetFileType(handle) == _DISK_FILE and not (
            information.attributes & (_DIRECTORY | _REPARSE_POINT)
        )
        close_in_child(self)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        handle, self._handle = getattr(self, "_handle", 0), 0
        if handle:
            self._close_handle(handle)

    forget = close

    def is_open(self) -> bool:
        return self._handle != 0

    # Locks

    def try_lock(self, where: Range, exclusive: bool) -> bool:
        if self._own.holds(where):
            return True
        if not self._lock(where, exclusive):
            return False
        self._own.add(where)
        return True

    def unlock(self, where: Range) -> None:
        if self._handle and self._own.remove(where):
            self._unlock(where)

    def find_lock(self, where: Range) -> Optional[Range]:
        for part in self._own.without(where):
            while self._is_locked(part):
                item = self._first_item(part)
                if item is not None:
                    return self._whole_lock(item, part[0] + part[1])
        return None

    def is_lasting(self, where: Range) -> bool:
        for _ in range(_LOOKS_AT_A_LASTING_LOCK):
            time.sleep(0.001)
            if not self._is_locked(where):
                return False
        return True

    def has_exclusive_lock(self, where: Range) -> bool:
        return any(self._is_locked(part, by_shared=False) for part in self._own.without(where))

    def _first_item(self, where: Range) -> Optional[Range]:
        """The lowest locked item of a range where something is locked; None if it goes meanwhile."""
        start, size = where
        while size > layout.ITEM_BYTES:
            half = size // 2 // layout.ITEM_BYTES * layout.ITEM_BYTES
            if self._is_locked((start, half)):
                size = half
            elif self._is_locked((start + half, size - half)):
                start, size = start + half, size - half
            else:
                return None
        return start, size

    def _whole_lock(self, item: Range, end: int) -> Range:
        """The lock that begins with a locked item: the item itself, or, where those behind it are
        locked as well, all up to the first that is not, by halving."""
        start = item[0]

        def is_locked(index: int) -> bool:
            return self._is_locked((start + index * layout.ITEM_BYTES, layout.ITEM_BYTES))

        unlocked = (end - start) // layout.ITEM_BYTES
        for index in range(1, _ITEMS_OF_ONE_LOCK):
            if index >= unlocked or not is_locked(index):
                return item
        locked = _ITEMS_OF_ONE_LOCK
        while locked < unlocked:
            middle = (locked + unlocked) // 2
            if is_locked(middle):
                locked = middle + 1
            else:
                unlocked = middle
        return start, locked * layout.ITEM_BYTES

    def _is_locked(self, where: Range, by_shared: bool = True) -> bool:
        if not self._lock(where, exclusive=by_shared):
            return True
        self._unlock(where)
        return False

    def _lock(self, where: Range, exclusive: bool) -> bool:
        flags = _FAIL_IMMEDIATELY | (_EXCLUSIVE if exclusive else 0)
        low, high = _halves(where[1])
        if kernel32.LockFileEx(self._handle, flags, 0, low, high, ctypes.byref(_at(where[0]))):
            return True
        number = kernel32.get_last_error()
        if number == _ERROR_LOCK_VIOLATION:
            return False
        if number in _WITHOUT_LOCKS:
            raise NoLocks
        raise failure(number, "LockFileEx", self._path)

    def _unlock(self, where: Range) -> None:
        low, high = _halves(where[1])
        if not kernel32.UnlockFileEx(self._handle, 0, low, high, ctypes.byref(_at(where[0]))):
            raise last_error("UnlockFileEx", self._path)

    # The file

    def identity(self) -> Tuple[int, int]:
        return self._identity

    def size(self) -> int:
        information = _information(self._handle, self._path)
        return int(information.size_high) << 32 | int(information.size_low)

    def is_regular(self) -> bool:
        return self._regular

    def is_unlinked(self) -> bool:
        return bool(_information(self._handle, self._path).links == 0)

    def is_someone_elses(self) -> bool:
        # Who may create and replace files is said by the directory's access list; there are no
        # directories like /dev/shm, which is_shared_directory() is about.
        return False

    def read(self, length: int, offset: int) -> bytes:
        target = bytearray(length)
        return bytes(target[: self._read(memoryview(target), offset)])

    def read_into(self, target: memoryview, offset: int) -> bool:
        at = 0
        while at < len(target):
            count = self._read(target[at : at + _MOST_AT_ONCE], offset + at)
            if count == 0:
                return False
            at += count
        return True

    def _read(self, target: memoryview, offset: int) -> int:
        if len(target) == 0:
            return 0
        memory = (ctypes.c_ubyte * len(target)).from_buffer(target)
        count = ctypes.c_uint32()
        if not kernel32.ReadFile(
            self._handle, memory, len(target), ctypes.byref(count), ctypes.byref(_at(offset))
        ):
            if kernel32.get_last_error() != _ERROR_HANDLE_EOF:
                raise last_error("ReadFile", self._path)
        return count.value

    def write(self, data: Bytes, offset: int) -> None:
        content = bytes(data)
        count = ctypes.c_uint32()
        if not kernel32.WriteFile(
            self._handle, content, len(content), ctypes.byref(count), ctypes.byref(_at(offset))
        ):
            raise last_error("WriteFile", self._path)
        if count.value != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def map(self, offset: int, length: int, writable: bool) -> MappedRegion:
        return MappedRegion(self._handle, self._path, (offset, length), writable)

    def reserve(self, offset: int, length: int) -> None:
        # A file that is not sparse has space behind all its bytes. A mapped one may only grow.
        if offset + length <= self.size():
            return
        if not kernel32.SetFilePointerEx(self._handle, offset + length, None, _FROM_START):
            raise last_error("SetFilePointerEx", self._path)
        if not kernel32.SetEndOfFile(self._handle):
            raise last_error("SetEndOfFile", self._path)

    def give_back(self, offset: int, length: int) -> None:
        # Only a sparse file can have holes, and in a sparse file nothing is reserved.
        pass


def _open(path: str, access: int, disposition: int) -> int:
    handle: Optional[int] = kernel32.CreateFileW(
        path, access, _SHARE_EVERYTHING, None, disposition, _NOT_THROUGH_LINKS | _STAYS_IN_MEMORY,
        None,
    )
    if handle is not None and handle != _INVALID_HANDLE:
        return handle
    problem = last_error("CreateFile", path)
    if problem.errno == errno.EACCES:
        attributes = kernel32.GetFileAttributesW(path)
        if attributes != _NO_ATTRIBUTES and attributes & _DIRECTORY:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise problem


def open_to_read(path: str) -> OpenFile:
    return OpenFile(_open(path, _GENERIC_READ, _OPEN_EXISTING), path)


def open_to_write(path: str, permissions: int) -> Tuple[OpenFile, bool]:
    # `permissions` are the directory's: a new file inherits its access list.
    access = _GENERIC_READ | _GENERIC_WRITE
    while True:
        try:
            return OpenFile(_open(path, access, _OPEN_EXISTING), path), False
        except FileNotFoundError:
            pass
        try:
            return OpenFile(_open(path, access, _CREATE_NEW), path), True
        except FileExistsError:
            continue


def identity_at(path: str) -> Optional[Tuple[int, int]]:
    handle = kernel32.CreateFileW(
        path, _READ_ATTRIBUTES, _SHARE_EVERYTHING, None, _OPEN_EXISTING,
        _NOT_THROUGH_LINKS | _DIRECTORIES_AS_WELL, None,
    )
    if handle is None or handle == _INVALID_HANDLE:
        return None
    try:
        return _identity(_information(handle, path))
    except OSError:
        return None
    finally:
        kernel32.CloseHandle(handle)


def remove(path: str) -> None:
    # Another name first: a file that others have open may keep its own until they close it.
    aside = f"{path}.removed-{int.from_bytes(os.urandom(8), 'little')}"
    name = aside if kernel32.MoveFileExW(path, aside, 0) else path
    if not kernel32.DeleteFileW(name):
        raise last_error("DeleteFile", name)


def is_shared_directory(path: str) -> bool:
    return False


def free_bytes(path: str) -> int:
    free = ctypes.c_uint64()
    folder = os.path.dirname(path) or "."
    if not kernel32.GetDiskFreeSpaceExW(folder, ctypes.byref(free), None, None):
        raise last_error("GetDiskFreeSpaceEx", folder)
    return int(free.value)


def touch(region: Region) -> None:
    view = region.view
    view[::_PAGE_BYTES] = view[::_PAGE_BYTES].tobytes()


def before_change(address: int) -> None:
    header = address - address % layout.SLOT_ALIGNMENT
    _events[header].before_change()


def sleep_on(address: int, value: int, limit_ns: int) -> None:
    header = address - address % layout.SLOT_ALIGNMENT
    _events[header].sleep(address - header, value, limit_ns)


def wake_all(address: int) -> None:
    header = address - address % layout.SLOT_ALIGNMENT
    _events[header].wake(address - header)


@functools.lru_cache(maxsize=None)
def _frequency() -> int:
    frequency = ctypes.c_int64()
    kernel32.QueryPerformanceFrequency(ctypes.byref(frequency))
    return frequency.value


def now_ns() -> int:
    count = ctypes.c_int64()
    kernel32.QueryPerformanceCounter(ctypes.byref(count))
    return int(count.value) * 1_000_000_000 // _frequency()


def clock_namespace() -> int:
    return 0


class _TimeOfDay(ctypes.Structure):
    """SYSTEM_TIMEOFDAY_INFORMATION, in units of 100 ns."""

    _fields_ = [
        ("boot_time", ctypes.c_uint64),
        ("current_time", ctypes.c_uint64),
        ("time_zone_bias", ctypes.c_uint64),
        ("time_zone_id", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("boot_time_bias", ctypes.c_uint64),  # how far the clock was set since, and boot_time moved
        ("sleep_time_bias", ctypes.c_uint64),
    ]


_TIME_OF_DAY = 3


@functools.lru_cache(maxsize=None)
def boot_id() -> bytes:
    """When the system started, by its clock of then."""
    time_of_day = _TimeOfDay()
    if kernel32.NtQuerySystemInformation(
        _TIME_OF_DAY, ctypes.byref(time_of_day), ctypes.sizeof(time_of_day), None
    ) < 0:
        return bytes(16)
    instant: int = (time_of_day.boot_time - time_of_day.boot_time_bias) % 2**64
    return instant.to_bytes(16, "little")
