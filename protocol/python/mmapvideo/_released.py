# SPDX-License-Identifier: MIT
"""The word `released`: a writer that waits for readers sleeps on it (SPEC.md 7.4, 8.4)."""
from __future__ import annotations

from mmapvideo import _layout as layout
from mmapvideo._platform import system
from mmapvideo._system import Region
from mmapvideo._words import Words

_AT = layout.FILE_HEADER.offsets["released"]


class Released:
    """The reader's side; `header` stays mapped."""

    def __init__(self, header: Region, words: Words) -> None:
        self._header = header
        self._words = words

    def is_awaited(self) -> bool:
        return bool(self._words.load32(_AT) & 1)

    def wake(self) -> None:
        """To be called after an unlock or a lock, which is fence H (see _words.py)."""
        if self.is_awaited():
            system.wake_all(self._header.address + _AT)
