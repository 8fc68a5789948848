# SPDX-License-Identifier: MIT
"""The writer's view of turns: which frames lossless readers still need (SPEC.md 7.4)."""
from __future__ import annotations

from typing import Dict, List, Optional

from mmapvideo import _layout as layout
from mmapvideo._lock_list import locks_of_others
from mmapvideo._system import File, NoLocks, Range


class TurnWatch:
    """Knows the turns that were passed over: nobody waits for them, but they hold frames."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._passed_over: Dict[Range, int] = {}  # and the number each is on
        self._needed_from: Optional[int] = None
        #: A former writer's frames end with this number: of a turn on one of those the lock table
        #: tells the number mod TURN_COUNT only.
        self.former_head = 0

    def new_look(self) -> None:
        """Forgets what needs() found; within one look a turn stands in the way of all frames that
        are newer than one it was found to stand in the way of."""
        self._needed_from = None

    def needs(self, number: int) -> bool:
        """Has a reader that was not passed over not finished frame `number`?"""
        if self._needed_from is not None and self._needed_from <= number:
            return True
        for where in _turns_up_to(number):
            for turn in locks_of_others(self._file, where):
                if turn not in self._passed_over:
                    self._needed_from = number
                    return True
        return False

    def holds(self, number: int, frames: int) -> bool:
        """Does a turn that was passed over, and is there still, hold frame `number`? It holds
        `frames` of them, from the one it is on."""
        return any(
            self._may_hold(turn, number - first, number, frames) and self._is_there(turn)
            for turn, first in self._passed_over.items()
        )

    def _may_hold(self, turn: Range, behind: int, number: int, frames: int) -> bool:
        if turn[1] > layout.ITEM_BYTES:
            return True  # somebody who wants to be in the way; others' turns may lie below it
        if number <= self.former_head:
            behind %= layout.TURN_COUNT
        return 0 <= behind < frames

    def pass_over(self, number: int, head: int) -> int:
        """Waits no more for who has not finished frame `number`. Returns how many that are."""
        lanes = {
            _lane(turn)
            for where in _turns_up_to(number)
            for turn in locks_of_others(self._file, where)
            if turn not in self._passed_over
        }
        # A reader that was stopped while it moved has two.
        for turn in locks_of_others(self._file, _ALL_TURNS):
            if _lane(turn) in lanes:
                self._passed_over.setdefault(turn, _number(turn, head))
        self.new_look()
        return len(lanes)

    def pass_over_all(self, head: int) -> None:
        """The same for all turns there are."""
        self._passed_over = {
            turn: _number(turn, head) for turn in locks_of_others(self._file, _ALL_TURNS)
        }

    def forget_gone(self) -> None:
        """Forgets turns that do not exist any more: their places may be taken again."""
        self._passed_over = {
            turn: first for turn, first in self._passed_over.items() if self._is_there(turn)
        }

    def _is_there(self, turn: Range) -> bool:
        try:
            return self._file.find_lock(turn) is not None
        except NoLocks:
            return True  # who cannot tell leaves frames alone


_ALL_TURNS = layout.all_lanes(layout.TURN, 0, layout.TURN_COUNT - 1)


def _lane(turn: Range) -> int:
    return turn[0] % layout.INDEX_BYTES


def _number(turn: Range, head: int) -> int:
    """The highest one it can be on: the lock table tells it mod TURN_COUNT."""
    index = (turn[0] - _ALL_TURNS[0]) // layout.INDEX_BYTES
    highest = head + 1
    number = highest - (highest - index) % layout.TURN_COUNT
    return number if number > 0 else index


def _turns_up_to(number: int) -> List[Range]:
    """Where the turns are that keep frame `number`: one range of items, or two; older first."""
    first = max(number - layout.TURN_WINDOW + 1, 1) % layout.TURN_COUNT
    last = number % layout.TURN_COUNT
    if first <= last:
        return [layout.all_lanes(layout.TURN, first, last)]
    return [
        layout.all_lanes(layout.TURN, first, layout.TURN_COUNT - 1),
        layout.all_lanes(layout.TURN, 0, last),
    ]
