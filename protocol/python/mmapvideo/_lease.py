# SPDX-License-Identifier: MIT
"""Leases: frames that the writer leaves alone while somebody looks at them (SPEC.md 5, 8.2)."""
from __future__ import annotations

from typing import Dict, Optional

from mmapvideo import _layout as layout
from mmapvideo._memory import export
from mmapvideo._reader_ring import Place, ReaderRing
from mmapvideo._released import Released
from mmapvideo._system import File, NoLocks

# While the writer looks at a slot, its stamp is odd; so often is looked again before giving up.
_LOOKS = 5


class Leases:
    """The leases taken through one file. They outlive the reader, and keep file and header."""

    def __init__(self, file: File, released: Released, lane: int) -> None:
        self._file = file
        self._released = released
        self._lane = lane
        self._held: Dict[int, object] = {}

    def __len__(self) -> int:
        return len(self._held)

    def take(self, ring: ReaderRing, place: Place, size: int) -> "Taken":
        """Leases the first `size` bytes of a frame's payload.

        The view keeps its lease as long as anything refers to its memory.
        """
        index, number = place
        slot_id = ring.ring.slot_id(index)
        # One lease for each slot: locks do not count. A second one can only be asked for where a
        # writer rewrote a leased slot; such a frame is copied.
        if slot_id in self._held:
            return Taken(None, True)
        lease = _Lease(self, slot_id, ring)
        self._held[slot_id] = lease.name
        if not self._file.try_lock(layout.lock_item(layout.SLOT, slot_id, self._lane), False):
            return Taken(None, False)
        # The lock comes before these loads: that is fence G, see _words.py.
        for _ in range(_LOOKS):
            stamp = ring.stamp(index)
            if stamp == 2 * number:
                view = export(ring.address_of(index), size, lease)
                return Taken(view.toreadonly(), True)
            if stamp >> 1 != number:
                return Taken(None, False)
        return Taken(None, True)

    def end(self, slot_id: int, name: object) -> None:
        # Takes no lock: it may run anywhere, in a finalizer, and in any thread. pop() decides
        # which of several calls unlocks.
        if self._held.get(slot_id) is not name or self._held.pop(slot_id, None) is not name:
            return
        if not self._file.is_open():
            return
        try:
            self._file.unlock(layout.lock_item(layout.SLOT, slot_id, self._lane))
        except NoLocks:
            return
        self._released.wake()


class Taken:
    """How taking a lease ended: a view, or none and whether the frame is still there to copy."""

    __slots__ = ("view", "still_there")

    def __init__(self, view: Optional[memoryview], still_there: bool) -> None:
        self.view = view
        self.still_there = still_there


class _Lease:
    """Ends its lease when nothing refers to it any more, however far the taking of it came."""

    def __init__(self, leases: Leases, slot_id: int, ring: ReaderRing) -> None:
        self.name = object()
        self._leases = leases
        self._slot_id = slot_id
        self._region = ring.region  # stays mapped

    def __del__(self) -> None:
        self._leases.end(self._slot_id, self.name)
