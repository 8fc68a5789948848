# SPDX-License-Identifier: MIT
"""Windows: the locks that one handle holds, which the system does not tell apart from others'."""
from __future__ import annotations

from typing import Dict, Iterator

from mmapvideo._system import Range


class OwnLocks:
    """Ranges, each locked once. Used from several threads, one call at a time being whole."""

    def __init__(self) -> None:
        self._held: Dict[Range, None] = {}

    def holds(self, where: Range) -> bool:
        return where in self._held

    def add(self, where: Range) -> None:
        self._held[where] = None

    def remove(self, where: Range) -> bool:
        """Was it held? True for one of several callers."""
        return self._held.pop(where, self) is None

    def without(self, where: Range) -> Iterator[Range]:
        """The parts of a range that hold no lock of this handle, from low to high."""
        start, end = where[0], where[0] + where[1]
        for held, length in sorted(self._held.copy()):
            if held + length <= start or held >= end:
                continue
            if held > start:
                yield start, held - start
            start = held + length
        if start < end:
            yield start, end - start
