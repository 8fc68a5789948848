# SPDX-License-Identifier: MIT
"""Rings that come and go while the file lives (SPEC.md 11)."""
from __future__ import annotations

from typing import NamedTuple, Optional, Set

from mmapvideo import _layout as layout
from mmapvideo._geometry import Ring
from mmapvideo._writer_file import WriterFile
from mmapvideo._writer_ring import Claims, WriterRing

_USUAL_BYTES = 48 << 20
_FEWEST, _MOST = 6, 16
_LEAST_METADATA_BYTES = 1024


class Sizes(NamedTuple):
    """What a frame needs, in bytes."""

    payload: int
    caps: int
    metadata: int


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step


def next_ring(sizes: Sizes, slot_count: int, file_bytes: int, former: Optional[Ring]) -> Ring:
    """A ring at the end of the file whose slots hold such frames. `slot_count` 0: as usual."""
    payload_offset = _round_up(layout.CAPS_OFFSET + sizes.caps + 1, layout.PAYLOAD_ALIGNMENT)
    capacity = _round_up(sizes.payload, layout.METADATA_ALIGNMENT)
    # Metadata may come with a later frame: what is left of the slot is for it.
    metadata = max(_round_up(sizes.metadata, layout.METADATA_ALIGNMENT), _LEAST_METADATA_BYTES)
    stride = _round_up(payload_offset + capacity + metadata, layout.SLOT_ALIGNMENT)
    return Ring(
        generation=former.generation + 1 if former else 1,
        offset=_round_up(max(file_bytes, layout.SLOT_ALIGNMENT), layout.SLOT_ALIGNMENT),
        slot_stride=stride,
        payload_offset=payload_offset,
        payload_capacity=capacity,
        metadata_capacity=stride - payload_offset - capacity,
        slot_count=slot_count or min(max(_USUAL_BYTES // stride, _FEWEST), _MOST),
        first_slot_id=former.slot_id(former.slot_count) if former else 0,
    )


class FormerRing:
    """A ring that is not in use any more and has to be given back, slot by slot."""

    def __init__(self, ring: WriterRing) -> None:
        self.slots = ring
        self._left: Set[int] = set(range(ring.ring.slot_count))

    def give_back(self, file: WriterFile, claims: Claims) -> bool:
        """What nobody uses. Is nothing left? Otherwise to be called again after a round."""
        ring, slots = self.slots.ring, self.slots
        for index in sorted(self._left - slots.out):
            if not claims.claim(slots, index):
                continue
            slots.store_stamp(index, 0)
            slots.words.fence()
            start = ring.offset + index * ring.slot_stride
            file.file.give_back(
                start + ring.payload_offset, ring.slot_stride - ring.payload_offset
            )
            self._left.discard(index)
        return not self._left
