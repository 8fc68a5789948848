# SPDX-License-Identifier: MIT
"""kernel32.dll for one process on Linux, as far as the package calls it: stands in for
mmapvideo/_kernel32.py. Files and mappings are real ones.

It keeps to what was measured with the real functions. Locks: equal ones add up, a handle's own refuse
it as others' do (but shared over exclusive), an unlock names exactly one locked range, a refused
try is ERROR_LOCK_VIOLATION, and a closed handle drops its own. Events: manual and automatic reset,
by name, as long as somebody has a handle; a handle can do what it was opened for. A file with a
mapped view only grows. Views lie at multiples of 64 KiB of the file and of memory.
"""
import ctypes
import itertools
import mmap
import os
import stat
import threading
import time

_GENERIC_READ, _GENERIC_WRITE = 0x80000000, 0x40000000
_CREATE_NEW, _OPEN_EXISTING = 1, 3
_OPEN_REPARSE_POINT, _BACKUP_SEMANTICS = 0x00200000, 0x02000000
_DIRECTORY, _NORMAL, _REPARSE_POINT = 0x10, 0x80, 0x400
_SYNCHRONIZE, _MODIFY_STATE = 0x00100000, 0x0002
_GRANULARITY = 65536
_WAIT_TIMEOUT = 258

FILE_NOT_FOUND, PATH_NOT_FOUND, ACCESS_DENIED, INVALID_HANDLE = 2, 3, 5, 6
HANDLE_EOF, LOCK_VIOLATION, FILE_EXISTS, DISK_FULL = 38, 33, 80, 112
NOT_LOCKED, FILE_INVALID, MAPPED_ALIGNMENT, USER_MAPPED_FILE = 158, 1006, 1132, 1224

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = (
    ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64
)
_libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
_MAP_FIXED, _PROT_NONE = 0x10, 0

_error = threading.local()
_state = threading.RLock()
_numbers = itertools.count(4, 4)
_handles = {}
_events = {}  # by name
_locks = {}  # by file: list of (start, end, exclusive, handle)
_views = {}  # by address: (file, begin of the reservation, its length)

#: What to fail with next: function name -> error number. Used up by the failure.
failures = {}
#: Calls that were made, by name.
calls = []
#: Does deleting a file fail while a view of it is mapped? Wine says no; Windows may not.
keeps_mapped_files = False


def get_last_error():
    return getattr(_error, "number", 0)


def _fail(number, result=0):
    _error.number = number
    return result


def _fails(name):
    """Counts the call, and says whether it is to fail."""
    calls.append(name)
    if name in failures:
        _error.number = failures.pop(name)
        return True
    return False


def _new_handle(thing):
    number = next(_numbers)
    _handles[number] = thing
    return number


class _File:
    def __init__(self, fd, path, access):
        self.fd, self.path, self.access, self.position = fd, path, access, 0
        status = os.fstat(fd)
        self.key = (status.st_dev, status.st_ino)


class _Section:
    def __init__(self, file, writable):
        self.fd, self.key, self.writable = os.dup(file.fd), file.key, writable


class _Event:
    def __init__(self, name, manual):
        self.name, self.manual, self.signalled, self.users = name, manual, False, 0
        self.changed = threading.Condition(_state)


class _EventHandle:
    def __init__(self, event, access):
        self.event, self.access = event, access
        event.users += 1


def files_open():
    return sum(isinstance(thing, _File) for thing in _handles.values())


def events_open():
    return sum(isinstance(thing, _EventHandle) for thing in _handles.values())


def locks_held(path):
    """Sorted (start, length, exclusive) of all locks on the file."""
    status = os.stat(path)
    held = _locks.get((status.st_dev, status.st_ino), [])
    return sorted((start, end - start, exclusive) for start, end, exclusive, _ in held)


# ---- Files ----------------------------------------------------------------------------------------


def CreateFileW(path, access, share, security, disposition, flags, template):
    if _fails("CreateFileW"):
        return ctypes.c_void_p(-1).value
    invalid = ctypes.c_void_p(-1).value
    assert share == 7, "deleting and other writers must stay possible"
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        mode = None
        if not os.path.isdir(os.path.dirname(path) or "."):
            return _fail(PATH_NOT_FOUND, invalid)
    except NotADirectoryError:
        return _fail(PATH_NOT_FOUND, invalid)
    if mode is None and disposition == _OPEN_EXISTING:
        return _fail(FILE_NOT_FOUND, invalid)
    if mode is not None and disposition == _CREATE_NEW:
        return _fail(FILE_EXISTS, invalid)
    if mode is not None and stat.S_ISDIR(mode) and not flags & _BACKUP_SEMANTICS:
        return _fail(ACCESS_DENIED, invalid)
    how = os.O_RDWR if access & _GENERIC_WRITE else os.O_RDONLY
    if mode is not None and stat.S_ISLNK(mode):
        assert flags & _OPEN_REPARSE_POINT, "links are not followed"
        how = os.O_PATH | os.O_NOFOLLOW
    if disposition == _CREATE_NEW:
        how |= os.O_CREAT | os.O_EXCL
    try:
        fd = os.open(path, how | os.O_CLOEXEC, 0o600)
    except PermissionError:
        return _fail(ACCESS_DENIED, invalid)
    with _state:
        return _new_handle(_File(fd, path, access))


def CloseHandle(handle):
    with _state:
        thing = _handles.pop(handle, None)
        if thing is None:
            return _fail(INVALID_HANDLE)
        if isinstance(thing, _EventHandle):
            thing.event.users -= 1
            if thing.event.users == 0:
                del _events[thing.event.name]
            return 1
        if isinstance(thing, _File):
            held = _locks.get(thing.key, [])
            held[:] = [lock for lock in held if lock[3] != handle]
        os.close(thing.fd)
        return 1


def DeleteFileW(path):
    if _fails("DeleteFileW"):
        return 0
    try:
        status = os.lstat(path)
        key = (status.st_dev, status.st_ino)
        if keeps_mapped_files and any(view[0] == key for view in _views.values()):
            return _fail(USER_MAPPED_FILE)
        os.unlink(path)
    except FileNotFoundError:
        return _fail(FILE_NOT_FOUND)
    except PermissionError:
        return _fail(ACCESS_DENIED)
    return 1


def MoveFileExW(path, new_path, flags):
    if _fails("MoveFileExW"):
        return 0
    assert flags == 0 and not os.path.exists(new_path)
    os.rename(path, new_path)
    return 1


def GetFileType(handle):
    mode = os.fstat(_handles[handle].fd).st_mode
    return 2 if stat.S_ISCHR(mode) else 3 if stat.S_ISFIFO(mode) else 1


def _attributes(mode):
    if stat.S_ISLNK(mode):
        return _REPARSE_POINT
    return _DIRECTORY if stat.S_ISDIR(mode) else _NORMAL


def GetFileAttributesW(path):
    try:
        return _attributes(os.lstat(path).st_mode)
    except OSError:
        return _fail(FILE_NOT_FOUND, 2**32 - 1)


def GetFileInformationByHandle(handle, information):
    if _fails("GetFileInformationByHandle"):
        return 0
    status = os.fstat(_handles[handle].fd)
    result = information._obj
    assert ctypes.sizeof(result) == 52
    result.attributes = _attributes(status.st_mode)
    result.volume = status.st_dev
    result.size_high, result.size_low = status.st_size >> 32, status.st_size & 0xFFFFFFFF
    result.links = status.st_nlink
    result.index_high, result.index_low = status.st_ino >> 32, status.st_ino & 0xFFFFFFFF
    return 1


def GetDiskFreeSpaceExW(folder, free, total, total_free):
    figures = os.statvfs(folder)
    free._obj.value = figures.f_bavail * figures.f_frsize
    return 1


def _offset(overlapped):
    return overlapped._obj.offset_high << 32 | overlapped._obj.offset


def ReadFile(handle, memory, length, count, overlapped):
    if _fails("ReadFile"):
        return 0
    data = os.pread(_handles[handle].fd, length, _offset(overlapped))
    ctypes.memmove(memory, data, len(data))
    count._obj.value = len(data)
    return 1 if data else _fail(HANDLE_EOF)


def WriteFile(handle, data, length, count, overlapped):
    if _fails("WriteFile"):
        return 0
    count._obj.value = os.pwrite(_handles[handle].fd, data[:length], _offset(overlapped))
    return 1


def SetFilePointerEx(handle, offset, new_offset, origin):
    assert origin == 0
    _handles[handle].position = offset
    return 1


def SetEndOfFile(handle):
    if _fails("SetEndOfFile"):
        return 0
    file = _handles[handle]
    if file.position < os.fstat(file.fd).st_size and any(
        view[0] == file.key for view in _views.values()
    ):
        return _fail(USER_MAPPED_FILE)
    os.truncate(file.fd, file.position)
    return 1


# ---- Locks ----------------------------------------------------------------------------------------


def LockFileEx(handle, flags, reserved, low, high, overlapped):
    if _fails("LockFileEx"):
        return 0
    assert flags & 1, "nobody may wait for a lock"
    exclusive = bool(flags & 2)
    start = _offset(overlapped)
    end = start + (high << 32 | low)
    with _state:
        held = _locks.setdefault(_handles[handle].key, [])
        for other_start, other_end, other_exclusive, other in held:
            if start >= other_end or other_start >= end:
                continue
            if exclusive or (other_exclusive and other != handle):
                return _fail(LOCK_VIOLATION)
        held.append((start, end, exclusive, handle))
    return 1


def UnlockFileEx(handle, reserved, low, high, overlapped):
    start = _offset(overlapped)
    end = start + (high << 32 | low)
    with _state:
        held = _locks.get(_handles[handle].key, [])
        for lock in held:
            if lock[0] == start and lock[1] == end and lock[3] == handle:
                held.remove(lock)
                return 1
    return _fail(NOT_LOCKED)


# ---- Mappings -------------------------------------------------------------------------------------


def CreateFileMappingW(handle, security, protection, high, low, name):
    if _fails("CreateFileMappingW"):
        return None
    assert (high, low, name) == (0, 0, None), "a section may be as large as the file, no larger"
    file = _handles[handle]
    if os.fstat(file.fd).st_size == 0:
        return _fail(FILE_INVALID, None)
    writable = protection == 4
    if writable and not file.access & _GENERIC_WRITE:
        return _fail(ACCESS_DENIED, None)
    with _state:
        return _new_handle(_Section(file, writable))


def MapViewOfFile(section, access, high, low, length):
    if _fails("MapViewOfFile"):
        return None
    part, offset = _handles[section], high << 32 | low
    if offset % _GRANULARITY != 0:
        return _fail(MAPPED_ALIGNMENT, None)
    if offset + length > os.fstat(part.fd).st_size or (access & 2 and not part.writable):
        return _fail(ACCESS_DENIED, None)
    reserved = length + _GRANULARITY
    begin = _libc.mmap(None, reserved, _PROT_NONE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    address = -(-begin // _GRANULARITY) * _GRANULARITY
    protection = mmap.PROT_READ | (mmap.PROT_WRITE if access & 2 else 0)
    mapped = _libc.mmap(
        address, length, protection, mmap.MAP_SHARED | _MAP_FIXED, part.fd, offset
    )
    assert mapped == address
    with _state:
        _views[address] = (part.key, begin, reserved)
    return address


def UnmapViewOfFile(address):
    with _state:
        _, begin, reserved = _views.pop(address)
    _libc.munmap(begin, reserved)
    return 1


def views_mapped():
    return len(_views)


# ---- Events ---------------------------------------------------------------------------------------


def CreateEventW(security, manual, initial, name):
    if _fails("CreateEventW"):
        return None
    with _state:
        event = _events.get(name)
        if event is None:
            event = _events[name] = _Event(name, bool(manual))
            event.signalled = bool(initial)
        return _new_handle(_EventHandle(event, _SYNCHRONIZE | _MODIFY_STATE))


def OpenEventW(access, inherit, name):
    with _state:
        if name not in _events:
            return _fail(FILE_NOT_FOUND, None)
        return _new_handle(_EventHandle(_events[name], access))


def event_names():
    return sorted(_events)


def SetEvent(handle):
    with _state:
        opened = _handles[handle]
        if not opened.access & _MODIFY_STATE:
            return _fail(ACCESS_DENIED)
        calls.append("SetEvent")
        opened.event.signalled = True
        opened.event.changed.notify_all()
    return 1


def ResetEvent(handle):
    with _state:
        opened = _handles[handle]
        if not opened.access & _MODIFY_STATE:
            return _fail(ACCESS_DENIED)
        opened.event.signalled = False
    return 1


def WaitForSingleObject(handle, milliseconds):
    with _state:
        opened = _handles[handle]
        if not opened.access & _SYNCHRONIZE:
            return _fail(ACCESS_DENIED, 2**32 - 1)
        event = opened.event
        calls.append("WaitForSingleObject")
        if not event.changed.wait_for(lambda: event.signalled, milliseconds / 1000):
            return _WAIT_TIMEOUT
        if not event.manual:
            event.signalled = False
        return 0


# ---- The rest -------------------------------------------------------------------------------------


def QueryPerformanceFrequency(frequency):
    frequency._obj.value = 10_000_000
    return 1


def QueryPerformanceCounter(count):
    count._obj.value = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 100
    return 1


def FormatMessageW(flags, source, number, language, text, size, arguments):
    text.value = f"Windows says {number}."
    return len(text.value)


def NtQuerySystemInformation(kind, result, size, returned):
    assert (kind, size) == (3, 48)
    # A clock that was set back by 7 since the start.
    result._obj.boot_time, result._obj.boot_time_bias = 133_000_000_000_000_000 - 7, 2**64 - 7
    return 0
