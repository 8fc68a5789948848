# SPDX-License-Identifier: MIT
"""Linux: open-file-description locks, futexes and mappings. Does what _system.py asks for."""
from __future__ import annotations

import ctypes
import errno
import fcntl
import functools
import os
import platform
import stat
import struct
import time
from typing import Any, Optional, Tuple

from mmapvideo import _layout as layout
from mmapvideo._lifetime import close_in_child
from mmapvideo._memory import export
from mmapvideo._system import Bytes, NoLocks, Range, Region

CLOCK_ID = layout.CLOCK_MONOTONIC
HOW_TO_ALLOW = "with chmod, or start the writer with other perms"

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = (
    ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64,
)
_libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
_libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
_libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
_libc.syscall.restype = ctypes.c_long
_libc.syscall.argtypes = (
    ctypes.c_long, ctypes.c_void_p, ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p,
    ctypes.c_long,
)

_PROT_READ, _PROT_WRITE, _MAP_SHARED = 1, 2, 1
_MAP_FAILED = ctypes.c_void_p(-1).value
_MADV_POPULATE_WRITE = 23
_KEEP_SIZE_AND_PUNCH_HOLE = 1 | 2
_FUTEX_WAIT, _FUTEX_WAKE = 0, 1
_EVERYBODY = 2**31 - 1
_FUTEX_NUMBERS = {
    "x86_64": 202, "aarch64": 98, "riscv64": 98, "loongarch64": 98, "ppc64le": 221,
    "mips64": 5194,
}
_FUTEX = _FUTEX_NUMBERS.get(platform.machine())
_PAGE_BYTES = 4096

# struct flock: type, whence, start, length, and a process id that is 0 for these locks.
_FLOCK = struct.Struct("@hhqqi4x")
_WITHOUT_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
_OPEN_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class _Mapped:
    """Unmaps its range when nothing refers to it any more."""

    def __init__(self, fd: int, offset: int, length: int, writable: bool) -> None:
        self._length = 0
        protection = _PROT_READ | _PROT_WRITE if writable else _PROT_READ
        address = _libc.mmap(None, length, protection, _MAP_SHARED, fd, offset)
        if address == _MAP_FAILED:
            number = ctypes.get_errno()
            raise OSError(number, f"mmap of {length} bytes: {os.strerror(number)}")
        self.address: int = address
        self._length = length

    # munmap is an argument: module globals may be gone at the end of the interpreter.
    def __del__(self, munmap: Any = _libc.munmap) -> None:
        if self._length:
            munmap(self.address, self._length)


class MappedRegion:
    """A mapped part of a file, as _system.Region."""

    def __init__(self, fd: int, offset: int, length: int, writable: bool) -> None:
        mapped = _Mapped(fd, offset, length, writable)
        self.address = mapped.address
        view = export(mapped.address, length, mapped)
        self.view = view if writable else view.toreadonly()


class OpenFile:
    """One open file description, as _system.File."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._status = os.fstat(fd)
        close_in_child(self)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        fd, self._fd = getattr(self, "_fd", -1), -1
        if fd >= 0:
            os.close(fd)

    # The child's descriptor shares its locks with the parent's: closing it ends none of them.
    forget = close

    def is_open(self) -> bool:
        return self._fd >= 0

    def try_lock(self, where: Range, exclusive: bool) -> bool:
        try:
            self._lock(fcntl.F_OFD_SETLK, fcntl.F_WRLCK if exclusive else fcntl.F_RDLCK, where)
        except OSError as problem:
            if problem.errno in (errno.EAGAIN, errno.EACCES):
                return False
            raise
        return True

    def unlock(self, where: Range) -> None:
        try:
            if self._fd >= 0:
                self._lock(fcntl.F_OFD_SETLK, fcntl.F_UNLCK, where)
        except (NoLocks, OSError):
            pass  # it ends with the descriptor

    def is_lasting(self, where: Range) -> bool:
        return True

    def find_lock(self, where: Range) -> Optional[Range]:
        try:
            found = self._lock(fcntl.F_OFD_GETLK, fcntl.F_WRLCK, where)
        except OSError as problem:
            raise NoLocks from problem
        kind, _, start, length, _ = _FLOCK.unpack(found)
        if kind == fcntl.F_UNLCK:
            return None
        return start, length if length > 0 else 2**63 - start

    def has_exclusive_lock(self, where: Range) -> bool:
        found = self._lock(fcntl.F_OFD_GETLK, fcntl.F_RDLCK, where)
        return int(_FLOCK.unpack(found)[0]) != fcntl.F_UNLCK

    def _lock(self, command: int, kind: int, where: Range) -> bytes:
        try:
            return fcntl.fcntl(self._fd, command, _FLOCK.pack(kind, 0, where[0], where[1], 0))
        except OSError as problem:
            if problem.errno in _WITHOUT_LOCKS:
                raise NoLocks from problem
            raise

    def identity(self) -> Tuple[int, int]:
        return self._status.st_dev, self._status.st_ino

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def is_regular(self) -> bool:
        return stat.S_ISREG(self._status.st_mode)

    def is_unlinked(self) -> bool:
        return os.fstat(self._fd).st_nlink == 0

    def is_someone_elses(self) -> bool:
        return self._status.st_uid != os.geteuid()

    def read(self, length: int, offset: int) -> bytes:
        return os.pread(self._fd, length, offset)

    def read_into(self, target: memoryview, offset: int) -> bool:
        at = 0
        while at < len(target):
            count = os.preadv(self._fd, [target[at:]], offset + at)
            if count == 0:
                return False
            at += count
        return True

    def write(self, data: Bytes, offset: int) -> None:
        if os.pwrite(self._fd, data, offset) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def map(self, offset: int, length: int, writable: bool) -> MappedRegion:
        # A mapping keeps its open file description, and that its locks, after the descriptor is
        # closed, also in a forked child. So it gets another one of the same file. (Without /proc
        # the locks of a process that forked live as long as its child.)
        flags = (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC
        try:
            fd = os.open(f"/proc/self/fd/{self._fd}", flags)
        except OSError:
            return MappedRegion(self._fd, offset, length, writable)
        try:
            return MappedRegion(fd, offset, length, writable)
        finally:
            os.close(fd)

    def reserve(self, offset: int, length: int) -> None:
        os.posix_fallocate(self._fd, offset, length)

    def give_back(self, offset: int, length: int) -> None:
        # Where the file system cannot, the space stays: nothing depends on it.
        _libc.fallocate(self._fd, _KEEP_SIZE_AND_PUNCH_HOLE, offset, length)


def open_to_read(path: str) -> OpenFile:
    return OpenFile(os.open(path, os.O_RDONLY | _OPEN_FLAGS))


def open_to_write(path: str, permissions: int) -> Tuple[OpenFile, bool]:
    while True:
        try:
            return OpenFile(os.open(path, os.O_RDWR | _OPEN_FLAGS)), False
        except FileNotFoundError:
            pass
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _OPEN_FLAGS, 0o600)
        except FileExistsError:
            continue
        os.fchmod(fd, permissions)
        return OpenFile(fd), True


def identity_at(path: str) -> Optional[Tuple[int, int]]:
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino


def remove(path: str) -> None:
    os.unlink(path)


def is_shared_directory(path: str) -> bool:
    mode = os.stat(os.path.dirname(path) or ".").st_mode
    return bool(mode & stat.S_ISVTX) and bool(mode & stat.S_IWOTH)


def free_bytes(path: str) -> int:
    figures = os.statvfs(os.path.dirname(path) or ".")
    return figures.f_bavail * figures.f_frsize


def touch(region: Region) -> None:
    view = region.view
    if _libc.madvise(region.address, len(view), _MADV_POPULATE_WRITE) != 0:
        view[::_PAGE_BYTES] = view[::_PAGE_BYTES].tobytes()


def before_change(address: int) -> None:
    """A futex needs no preparation."""


def sleep_on(address: int, value: int, limit_ns: int) -> None:
    if _FUTEX is None:
        time.sleep(min(limit_ns, 1_000_000) / 1e9)
        return
    limit = (ctypes.c_long * 2)(*divmod(limit_ns, 1_000_000_000))
    _libc.syscall(_FUTEX, address, _FUTEX_WAIT, value, ctypes.addressof(limit), None, 0)


def wake_all(address: int) -> None:
    if _FUTEX is not None:
        _libc.syscall(_FUTEX, address, _FUTEX_WAKE, _EVERYBODY, None, None, 0)


def now_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


@functools.lru_cache(maxsize=None)
def clock_namespace() -> int:
    try:
        return os.stat("/proc/self/ns/time").st_ino
    except OSError:
        return 0


@functools.lru_cache(maxsize=None)
def boot_id() -> bytes:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return bytes.fromhex(file.read().strip().replace("-", ""))
    except (OSError, ValueError):
        return bytes(16)
