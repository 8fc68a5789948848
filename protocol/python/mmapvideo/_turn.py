# SPDX-License-Identifier: MIT
"""The turn of a lossless reader: a lock that says which frames it still needs (SPEC.md 8.4)."""
from __future__ import annotations

from mmapvideo import _layout as layout
from mmapvideo._patience import lock_shared
from mmapvideo._released import Released
from mmapvideo._system import File


class Turn:
    """Holds at most one turn through `file`: on a number not above the lowest unfinished one."""

    def __init__(self, file: File, released: Released, lane: int) -> None:
        self._file = file
        self._released = released
        self._lane = lane
        self.number = 0  # 0: holds none

    def join(self, number: int) -> None:
        """The first turn. The caller chooses its frame afterwards: fence H, see _words.py."""
        lock_shared(self._file, self._item(number))
        self.number = number

    def move(self, number: int) -> None:
        """Locks before it unlocks, so that there is always one."""
        former, self.number = self.number, number
        lock_shared(self._file, self._item(number))
        if self._item(former) != self._item(number):
            self._file.unlock(self._item(former))
        self._released.wake()

    def leave(self) -> None:
        if self.number:
            number, self.number = self.number, 0
            self._file.unlock(self._item(number))
            self._released.wake()

    def is_late(self, number: int, slot_count: int, acknowledged: bool) -> bool:
        """Must it move to `number` now, before it is about to sleep?"""
        behind = number - self.number
        return behind > 0 and (
            acknowledged or behind >= slot_count // 4 or self._released.is_awaited()
        )

    def _item(self, number: int) -> layout.Range:
        return layout.lock_item(layout.TURN, number % layout.TURN_COUNT, self._lane)
