# SPDX-License-Identifier: MIT
"""The mapped ring of a reader: finding frames and copying them out (SPEC.md 8.2)."""
from __future__ import annotations

import struct
from typing import Callable, List, NamedTuple, Optional, Tuple

from mmapvideo import _geometry as geometry
from mmapvideo import _layout as layout
from mmapvideo import _opening as opening
from mmapvideo._geometry import Description, Invalid, Ring
from mmapvideo._system import File
from mmapvideo._words import words_of

Times = Tuple[int, ...]
# Index of a slot and the number of the frame in it.
Place = Tuple[int, int]

_SESSION_ID_AT = layout.SLOT_HEADER.offsets["session_id"]
# Number and session id of a slot header, and the times of its frame info.
_NUMBERS = struct.Struct(f"<8x2Q{layout.TIMES_AT - 24}x{layout.TIME_COUNT}Q")


class Snapshot(NamedTuple):
    """What a slot says about its frame: a validated private copy."""

    slot_index: int
    number: int
    session_id: int
    times: Times
    description: Description
    caps: str
    metadata: bytes


class ReaderRing:
    """A ring of `file`, mapped to read. Frames are told by their numbers: a claimed slot still
    holds its frame (SPEC.md 4), so the lowest bit of a stamp does not count here."""

    def __init__(self, file: File, path: str, ring: Ring) -> None:
        self._file, self._path = file, path
        self.ring = ring
        # Beside the descriptor, for the way of every frame.
        self.slot_count, self._slot_stride = ring.slot_count, ring.slot_stride
        self._first_slot_id = ring.first_slot_id
        self.region = file.map(ring.offset, ring.size, writable=False)
        self._payloads_at = self.region.address + ring.payload_offset
        self._view = self.region.view
        self._words = words_of(self._view)
        # The last description and caps, since they rarely change: as bytes, and what they say.
        self._described = b""
        self._copied_bytes = layout.CAPS_OFFSET
        self._description: Optional[Description] = None
        self._caps = ""

    def stamp(self, index: int) -> int:
        return self._words.longs[index * self._slot_stride >> 3]

    def session_id(self, index: int) -> int:
        return self._words.longs[index * self._slot_stride + _SESSION_ID_AT >> 3]

    def holds(self, place: Place) -> bool:
        """Are the bytes of this slot still those of this frame? An acquire fence comes first."""
        self._words.fence()
        return self._words.longs[place[0] * self._slot_stride >> 3] >> 1 == place[1]

    def address_of(self, index: int) -> int:
        """Of its payload."""
        return self._payloads_at + index * self._slot_stride

    def newest(self, head_slot_id: int) -> Optional[Place]:
        index = (head_slot_id - self._first_slot_id) % layout.SLOT_ID_COUNT
        if index >= self.slot_count:
            return None
        number = self._words.longs[index * self._slot_stride >> 3] >> 1
        return (index, number) if number else None

    def next_in_order(self, position: int, last_index: int, keeps_all: bool) -> Optional[Place]:
        """The frame after `position`; without it the one to go on with; None: there is none.

        `last_index`: of the slot that was taken last. `keeps_all`: the reader holds a turn, so
        what is there stays.
        """
        count = self.slot_count
        expected = (last_index + 1) % count
        if self.stamp(expected) >> 1 == position + 1:
            return expected, position + 1
        numbers = [stamp >> 1 for stamp in self._words.load_every(0, self._slot_stride)]
        fresh: List[Place] = [
            (index, number) for index, number in enumerate(numbers) if number > position
        ]
        if not fresh:
            return None
        fresh.sort(key=lambda place: place[1])
        oldest = fresh[0][1]
        if oldest == position + 1 or keeps_all:
            return fresh[0]
        if any(oldest - count < number < oldest for number in numbers):
            return fresh[0]  # not overrun: the numbers between were spent on dropped frames
        return fresh[len(fresh) // 2]

    def take_snapshot(self, place: Place, in_use: Callable[[], bool]) -> Optional[Snapshot]:
        """None: the slot was rewritten meanwhile. Raises Invalid if what it holds is not valid.

        `in_use()`: the file still uses this ring; otherwise its pages may have been given back.
        """
        index, number = place
        start = index * self._slot_stride
        if self._words.longs[start >> 3] >> 1 != number:
            return None
        copied = bytes(self._view[start : start + self._copied_bytes])
        metadata = b""
        try:
            description = self._description
            if description is None or copied[layout.DESCRIPTION_AT :] != self._described:
                description = self._describe(start, copied[: layout.CAPS_OFFSET])
            if description.metadata_bytes:
                metadata = self._copy_metadata(start, description.metadata_bytes, in_use())
        except Invalid:
            if self.holds(place):
                raise
            return None
        if not self.holds(place):
            return None
        values = _NUMBERS.unpack_from(copied)
        if values[0] != number or number > layout.MAX_FRAME_NUMBER:
            raise Invalid(f"a slot that disagrees with its stamp about frame {number}")
        return Snapshot(index, number, values[1], values[2:], description, self._caps, metadata)

    def _describe(self, start: int, header: bytes) -> Description:
        """Raises Invalid, and keeps the former description then."""
        description = geometry.check_description(header, self.ring)
        at = start + layout.CAPS_OFFSET
        raw_caps = bytes(self._view[at : at + description.caps_bytes])
        self._caps = geometry.check_caps(raw_caps)
        self._described = header[layout.DESCRIPTION_AT :] + raw_caps
        self._copied_bytes = layout.CAPS_OFFSET + len(raw_caps)
        self._description = description
        return description

    def _copy_metadata(self, start: int, length: int, in_use: bool) -> bytes:
        at = start + self.ring.payload_offset + self.ring.payload_capacity
        if in_use:
            return bytes(self._view[at : at + length])
        try:
            return self._file.read(length, self.ring.offset + at)
        except OSError as problem:
            raise opening.failure(problem, self._path) from problem

    def copy_payload(self, place: Place, target: memoryview, in_use: bool) -> bool:
        """Fills `target` from the payload's start. False: the frame is gone, `target` is rubbish."""
        start = place[0] * self._slot_stride + self.ring.payload_offset
        if in_use:
            target[:] = self._view[start : start + len(target)]
        elif not self._read_into(target, self.ring.offset + start):
            return False
        return self.holds(place)

    def _read_into(self, target: memoryview, offset: int) -> bool:
        try:
            return self._file.read_into(target, offset)
        except OSError as problem:
            raise opening.failure(problem, self._path) from problem
