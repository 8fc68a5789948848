# SPDX-License-Identifier: MIT
"""The functions of kernel32.dll (and one of ntdll.dll) that _windows.py calls, with their types; imports on Windows only.

Handles are integers. After a failure `get_last_error()` is the number of the reason.
"""
from __future__ import annotations

import ctypes
from ctypes import c_int, c_int64, c_size_t, c_uint32, c_void_p, c_wchar_p
from typing import Any

# By name, so that type checkers of other systems can look at this package.
_library: Any = getattr(ctypes, "WinDLL")("kernel32", use_last_error=True)
_native: Any = getattr(ctypes, "WinDLL")("ntdll")
get_last_error: Any = getattr(ctypes, "get_last_error")


def _function(name: str, result: Any, *arguments: Any, library: Any = _library) -> Any:
    function = getattr(library, name)
    function.restype = result
    function.argtypes = arguments
    return function


CreateFileW = _function(
    "CreateFileW", c_void_p, c_wchar_p, c_uint32, c_uint32, c_void_p, c_uint32, c_uint32, c_void_p
)
CloseHandle = _function("CloseHandle", c_int, c_void_p)
DeleteFileW = _function("DeleteFileW", c_int, c_wchar_p)
MoveFileExW = _function("MoveFileExW", c_int, c_wchar_p, c_wchar_p, c_uint32)
GetFileType = _function("GetFileType", c_uint32, c_void_p)
GetFileAttributesW = _function("GetFileAttributesW", c_uint32, c_wchar_p)
GetFileInformationByHandle = _function("GetFileInformationByHandle", c_int, c_void_p, c_void_p)
GetDiskFreeSpaceExW = _function(
    "GetDiskFreeSpaceExW", c_int, c_wchar_p, c_void_p, c_void_p, c_void_p
)
ReadFile = _function("ReadFile", c_int, c_void_p, c_void_p, c_uint32, c_void_p, c_void_p)
WriteFile = _function("WriteFile", c_int, c_void_p, c_void_p, c_uint32, c_void_p, c_void_p)
SetFilePointerEx = _function("SetFilePointerEx", c_int, c_void_p, c_int64, c_void_p, c_uint32)
SetEndOfFile = _function("SetEndOfFile", c_int, c_void_p)
LockFileEx = _function(
    "LockFileEx", c_int, c_void_p, c_uint32, c_uint32, c_uint32, c_uint32, c_void_p
)
UnlockFileEx = _function("UnlockFileEx", c_int, c_void_p, c_uint32, c_uint32, c_uint32, c_void_p)
CreateFileMappingW = _function(
    "CreateFileMappingW", c_void_p, c_void_p, c_void_p, c_uint32, c_uint32, c_uint32, c_wchar_p
)
MapViewOfFile = _function(
    "MapViewOfFile", c_void_p, c_void_p, c_uint32, c_uint32, c_uint32, c_size_t
)
UnmapViewOfFile = _function("UnmapViewOfFile", c_int, c_void_p)
CreateEventW = _function("CreateEventW", c_void_p, c_void_p, c_int, c_int, c_wchar_p)
OpenEventW = _function("OpenEventW", c_void_p, c_uint32, c_int, c_wchar_p)
SetEvent = _function("SetEvent", c_int, c_void_p)
ResetEvent = _function("ResetEvent", c_int, c_void_p)
WaitForSingleObject = _function("WaitForSingleObject", c_uint32, c_void_p, c_uint32)
QueryPerformanceCounter = _function("QueryPerformanceCounter", c_int, c_void_p)
QueryPerformanceFrequency = _function("QueryPerformanceFrequency", c_int, c_void_p)
NtQuerySystemInformation = _function(
    "NtQuerySystemInformation", c_int, c_int, c_void_p, c_uint32, c_void_p, library=_native
)
FormatMessageW = _function(
    "FormatMessageW", c_uint32, c_uint32, c_void_p, c_uint32, c_uint32, c_void_p, c_uint32,
    c_void_p,
)
