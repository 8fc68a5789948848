# SPDX-License-Identifier: MIT
"""Leases: frames that the writer leaves alone while somebody looks at them (SPEC.md 5, 8.2)."""
from __future__ import annotations

import enum
from typing import Dict, Union

from mmapvideo import _layout as layout
from mmapvideo._memory import export
from mmapvideo._patience import lock_shared
from mmapvideo._reader_ring import Place, ReaderRing
from mmapvideo._released import Released
from mmapvideo._system import File

# While the writer looks at a slot, its stamp is odd; so often is looked again before giving up.
_LOOKS = 5


class Refusal(enum.Enum):
    """Why there is no lease."""

    COPY = "not to be had, but the frame is there to be copied"
    GONE = "the frame is being rewritten"


class Leases:
    """The leases taken through one file. They outlive the reader, and keep file and header."""

    def __init__(self, file: File, released: Released, lane: int) -> None:
        self._file = file
        self._released = released
        self._first = layout.lock_item(layout.SLOT, 0, lane)[0]
        self.held: Dict[int, object] = {}  #: slot ids, and what names the lease

    def take(self, ring: ReaderRing, place: Place, size: int) -> Union[Lease, Refusal]:
        """Leases the first `size` bytes of a frame's payload."""
        index, number = place
        slot_id = ring.ring.slot_id(index)
        # One lease for each slot: locks do not count. A second one can only be asked for where a
        # writer rewrote a leased slot; such a frame is copied.
        if slot_id in self.held:
            return Refusal.COPY
        lease = Lease(self, slot_id, ring, ring.address_of(index), size)
        self.held[slot_id] = lease.name
        def is_unclaimed() -> bool:
            return ring.stamp(index) == 2 * number

        if not lock_shared(self._file, self._item(slot_id), worth=is_unclaimed):
            # Claimed, it can still be copied.
            return Refusal.COPY if ring.stamp(index) == 2 * number + 1 else Refusal.GONE
        # The lock comes before these loads: that is fence G, see _words.py.
        for _ in range(_LOOKS):
            stamp = ring.stamp(index)
            if stamp == 2 * number:
                return lease
            if stamp >> 1 != number:
                return Refusal.GONE
        return Refusal.COPY

    def end(self, slot_id: int, name: object) -> None:
        # Takes no lock: it may run anywhere, in a finalizer, and in any thread. pop() decides
        # which of several calls unlocks.
        if self.held.get(slot_id) is not name or self.held.pop(slot_id, None) is not name:
            return
        if not self._file.is_open():
            return
        self._file.unlock(self._item(slot_id))
        self._released.wake()


    def _item(self, slot_id: int) -> layout.Range:
        return self._first + slot_id * layout.INDEX_BYTES, layout.ITEM_BYTES


class Lease:
    """Memory that stays as it is. Ends when nothing refers to it any more: neither its holder, nor
    views and arrays of it, nor what is derived from these."""

    __slots__ = ("address", "size", "name", "_leases", "_slot_id", "_region")

    def __init__(
        self, leases: Leases, slot_id: int, ring: ReaderRing, address: int, size: int
    ) -> None:
        self.address = address
        self.size = size
        self.name = object()
        self._leases = leases
        self._slot_id = slot_id
        self._region = ring.region  # stays mapped

    def view(self) -> memoryview:
        return export(self.address, self.size, self).toreadonly()

    def __del__(self) -> None:
        self._leases.end(self._slot_id, self.name)
