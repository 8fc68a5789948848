# SPDX-License-Identifier: MIT
"""The mapped ring of a writer: its slots, and how they are claimed (SPEC.md 4, 7.2)."""
from __future__ import annotations

import struct
from typing import Set

from mmapvideo import _layout as layout
from mmapvideo._geometry import Ring
from mmapvideo._system import File, NoLocks
from mmapvideo._turn_watch import TurnWatch
from mmapvideo._words import words_of

WRITING = 1
_NUMBER_AND_SESSION = struct.Struct("<QQ")
_NUMBER_AT = layout.SLOT_HEADER.offsets["number"]


class WriterRing:
    """A ring of `file`, mapped to write."""

    def __init__(self, file: File, ring: Ring) -> None:
        self.ring = ring
        self.region = file.map(ring.offset, ring.size, writable=True)
        self.view = self.region.view
        self.words = words_of(self.view)
        self.last_taken = ring.slot_count - 1
        # Slots that the writer's user has. Finalizers take theirs out at any moment.
        self.out: Set[int] = set()
        # Slots that were found leased or needed when last asked about.
        self.refused: Set[int] = set()

    def stamp(self, index: int) -> int:
        return self.words.load64(index * self.ring.slot_stride)

    def store_stamp(self, index: int, stamp: int) -> None:
        self.words.store64(index * self.ring.slot_stride, stamp)

    def payload_address(self, index: int) -> int:
        return self.region.address + index * self.ring.slot_stride + self.ring.payload_offset

    def payload(self, index: int, size: int) -> memoryview:
        start = index * self.ring.slot_stride + self.ring.payload_offset
        return self.view[start : start + size]

    def describe(
        self, index: int, number: int, session_id: int, info: bytes, caps: bytes, metadata: bytes
    ) -> int:
        """Writes all but payload and stamp of a slot that is being written. Returns where the
        times are in `view`, to be written at last."""
        start = index * self.ring.slot_stride
        view = self.view
        _NUMBER_AND_SESSION.pack_into(view, start + _NUMBER_AT, number, session_id)
        view[start + layout.INFO_AT : start + layout.CAPS_OFFSET] = info
        caps_at = start + layout.CAPS_OFFSET
        view[caps_at : caps_at + len(caps) + 1] = caps + b"\0"
        if metadata:
            at = start + self.ring.payload_offset + self.ring.payload_capacity
            view[at : at + len(metadata)] = metadata
        return start + layout.TIMES_AT

    def fits(self, payload_bytes: int, caps_bytes: int, metadata_bytes: int) -> bool:
        return (
            payload_bytes <= self.ring.payload_capacity
            and caps_bytes < self.ring.payload_offset - layout.CAPS_OFFSET
            and metadata_bytes <= self.ring.metadata_capacity
        )


class Claims:
    """Asks whether slots may be rewritten: nobody leases them, and nobody needs their frames."""

    def __init__(self, file: File, has_locks: bool, waits_for_turns: bool) -> None:
        self._file = file
        self._has_locks = has_locks
        self._waits_for_turns = waits_for_turns and has_locks
        self.turns = TurnWatch(file)

    def claim(self, ring: WriterRing, index: int) -> bool:
        """Makes the slot one that is being written, or leaves it as it was."""
        # An odd stamp of a frame is a claim of ours that a signal interrupted.
        former = ring.stamp(index) & ~1
        if index in ring.refused and self._is_used(ring, index, former >> 1):
            return False
        ring.store_stamp(index, former | 1)
        # The questions come after this store: that is fence G (and H), see _words.py.
        try:
            used = self._is_used(ring, index, former >> 1)
        except BaseException:
            ring.store_stamp(index, former)
            raise
        if used:
            ring.store_stamp(index, former)
            ring.refused.add(index)
            return False
        ring.refused.discard(index)
        ring.store_stamp(index, WRITING)
        ring.words.fence()
        return True

    def is_needed(self, number: int) -> bool:
        return self._waits_for_turns and number > 0 and self.turns.needs(number)

    def is_had(self, ring: WriterRing, index: int) -> bool:
        """By somebody whom this writer does not wait for: leased, or held by a turn."""
        return self._is_held(ring, ring.stamp(index) >> 1) or self.is_leased(ring, index)

    def is_leased(self, ring: WriterRing, index: int) -> bool:
        if not self._has_locks:
            return False
        slot_id = ring.ring.slot_id(index)
        where = layout.all_lanes(layout.SLOT, slot_id, slot_id)
        try:
            return self._file.find_lock(where) is not None
        except NoLocks:
            return True  # who cannot tell leaves it alone

    def _is_used(self, ring: WriterRing, index: int, number: int) -> bool:
        # In the direction in which readers hand on what keeps a frame (SPEC.md 14, I).
        return (
            self._is_held(ring, number)
            or self.is_needed(number)
            or self.is_leased(ring, index)
        )

    def _is_held(self, ring: WriterRing, number: int) -> bool:
        return self.turns.holds(number, ring.ring.slot_count // 4)
