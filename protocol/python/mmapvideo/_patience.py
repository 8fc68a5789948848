# SPDX-License-Identifier: MIT
"""Locks that are refused for a moment only (SPEC.md 5): a process that cannot ask about a lock, as on
Windows, takes it and lets go of it at once.
"""
from __future__ import annotations

import time
from typing import Callable

from mmapvideo._system import File, Range

_TRIES = 500
_PAUSE_SECONDS = 0.001


def lock_shared(file: File, where: Range, worth: Callable[[], bool] = lambda: True) -> bool:
    """Tries again while it is `worth` it, for half a second at most. Raises NoLocks."""
    for _ in range(_TRIES):
        if file.try_lock(where, exclusive=False):
            return True
        if not worth():
            return False
        time.sleep(_PAUSE_SECONDS)
    return False


def lock_exclusive(file: File, where: Range) -> bool:
    """As a writer; gives up where another one has it. Who only asks has it shared."""
    for _ in range(_TRIES):
        if file.try_lock(where, exclusive=True):
            return True
        if file.has_exclusive_lock(where):
            return False
        time.sleep(_PAUSE_SECONDS)
    return False
