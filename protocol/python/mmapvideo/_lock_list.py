# SPDX-License-Identifier: MIT
"""Listing the locks that others hold (SPEC.md 5)."""
from __future__ import annotations

from typing import Iterator

from mmapvideo import _layout as layout
from mmapvideo._system import File, NoLocks, Range


def locks_of_others(file: File, where: Range) -> Iterator[Range]:
    """Every lock in this range, from low to high offsets as far as one question can tell."""
    parts = [where]
    while parts:
        start, length = parts.pop()
        try:
            found = file.find_lock((start, length))
        except NoLocks:
            continue
        if found is None:
            continue
        yield found
        end, found_end = start + length, found[0] + found[1]
        if found_end < end:
            parts.append((found_end, end - found_end))
        if found[0] > start:
            parts.append((start, found[0] - start))


def count_readers(file: File, enough: int) -> int:
    """Readers that are attached; stops counting at `enough`."""
    count = 0
    for lock in locks_of_others(file, layout.all_lanes(layout.READER, 0, 0)):
        count += file.is_lasting(lock)
        if count >= enough:
            break
    return count
