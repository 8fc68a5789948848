# SPDX-License-Identifier: MIT
"""Windows: failures of system calls as OSError, with the numbers that POSIX has for them."""
from __future__ import annotations

import ctypes
import errno

from mmapvideo import _kernel32 as kernel32

_NUMBERS = {
    2: errno.ENOENT,  # ERROR_FILE_NOT_FOUND
    3: errno.ENOENT,  # ERROR_PATH_NOT_FOUND
    4: errno.EMFILE,  # ERROR_TOO_MANY_OPEN_FILES
    5: errno.EACCES,  # ERROR_ACCESS_DENIED
    8: errno.ENOMEM,  # ERROR_NOT_ENOUGH_MEMORY
    19: errno.EROFS,  # ERROR_WRITE_PROTECT
    32: errno.EACCES,  # ERROR_SHARING_VIOLATION
    39: errno.ENOSPC,  # ERROR_HANDLE_DISK_FULL
    80: errno.EEXIST,  # ERROR_FILE_EXISTS
    112: errno.ENOSPC,  # ERROR_DISK_FULL
    123: errno.ENOENT,  # ERROR_INVALID_NAME
    183: errno.EEXIST,  # ERROR_ALREADY_EXISTS
    223: errno.EFBIG,  # ERROR_FILE_TOO_LARGE
    1224: errno.EACCES,  # ERROR_USER_MAPPED_FILE
    1295: errno.EDQUOT,  # ERROR_DISK_QUOTA_EXCEEDED
    1455: errno.ENOMEM,  # ERROR_COMMITMENT_LIMIT
}
_FROM_SYSTEM_ONE_LINE = 0x1000 | 0x200 | 0xFF


def failure(number: int, call: str, path: str) -> OSError:
    """What `call` failed with, as the subclass of OSError that Python has for it."""
    return OSError(_NUMBERS.get(number, errno.EIO), f"{call}: {_words(number)}", path)


def last_error(call: str, path: str) -> OSError:
    return failure(kernel32.get_last_error(), call, path)


def _words(number: int) -> str:
    text = ctypes.create_unicode_buffer(512)
    kernel32.FormatMessageW(_FROM_SYSTEM_ONE_LINE, None, number, 0, text, len(text), None)
    return f"{text.value.strip() or 'no words for it'} (error {number})"
