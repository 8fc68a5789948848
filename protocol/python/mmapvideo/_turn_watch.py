# SPDX-License-Identifier: MIT
"""The writer's view of turns: which frames lossless readers still need (SPEC.md 7.4)."""
from __future__ import annotations

from typing import List, Optional, Set

from mmapvideo import _layout as layout
from mmapvideo._lock_list import locks_of_others
from mmapvideo._system import File, Range


class TurnWatch:
    """Knows the turns that were passed over; they count for nothing while they exist."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._passed_over: Set[Range] = set()
        self._needed_from: Optional[int] = None

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

    def pass_over(self, number: int) -> int:
        """Ignores from now on who has not finished frame `number`. Returns how many that are."""
        former = len(self._passed_over)
        for where in _turns_up_to(number):
            self._passed_over.update(locks_of_others(self._file, where))
        self.new_look()
        return len(self._passed_over) - former

    def forget_gone(self) -> None:
        """Forgets turns that do not exist any more: their places may be taken again."""
        self._passed_over = {
            turn for turn in self._passed_over if turn in locks_of_others(self._file, turn)
        }


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
