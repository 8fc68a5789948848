# SPDX-License-Identifier: MIT
"""A writer at work: sessions, slots, publishing, and waiting for readers (SPEC.md 7)."""
from __future__ import annotations

import contextlib
import os
import random
import struct
import time
from typing import Iterator, List, NamedTuple, Optional, Tuple

from mmapvideo import _layout as layout
from mmapvideo import _opening as opening
from mmapvideo import errors
from mmapvideo._growth import FormerRing, Sizes, next_ring
from mmapvideo._lock_list import count_readers
from mmapvideo._memory import export
from mmapvideo._patience import lock_shared
from mmapvideo._platform import system
from mmapvideo._waiting import Deadline
from mmapvideo._writer_file import WriterFile
from mmapvideo._writer_ring import Claims, WriterRing

_AT = layout.FILE_HEADER.offsets
_STATE, _PUBLISHED, _RELEASED = _AT["state"], _AT["published"], _AT["released"]
_HEAD_NUMBER, _HEAD_SLOT_ID = _AT["head_number"], _AT["head_slot_id"]
_WAIT_NS = 1_000_000
_MAX_PASSES = 16
_random = random.SystemRandom()
_TIMES = struct.Struct(f"<{layout.TIME_COUNT}Q")
_PAYLOAD_BYTES_AT = layout.FRAME_INFO.offsets["payload_bytes"]
_METADATA_BYTES_AT = layout.FRAME_INFO.offsets["metadata_bytes"]


class Slot(NamedTuple):
    """A slot that is being written."""

    ring: WriterRing
    slot_index: int

    def payload(self, size: int) -> memoryview:
        return self.ring.payload(self.slot_index, size)


class Times(NamedTuple):
    """Nanoseconds, or layout.NONE."""

    pts: int
    duration: int
    clock_time: int


class WriterSession:
    """From taking the file until giving it back. Used by one thread at a time."""

    def __init__(
        self,
        path: str,
        permissions: int,
        slot_count: int,
        delivery: int,
        wait_timeout: Optional[float],
    ) -> None:
        self._file = WriterFile(path, permissions)
        self._words = self._file.words
        self._slot_count = slot_count
        self._delivery = delivery
        self._wait_timeout = wait_timeout
        self._ring: Optional[WriterRing] = None
        self._former: List[FormerRing] = []
        self._round = 0
        self._waited_for = 0
        self.cancelled = False
        self._held_at_end: List[Tuple[WriterRing, int]] = []
        has_locks = self._file.has_locks
        self._waits = delivery != layout.LATEST and has_locks
        self._claims = Claims(self._file.file, has_locks, self._waits)
        self._take_over()

    @property
    def path(self) -> str:
        return self._file.path

    @property
    def created(self) -> bool:
        """Was there no file before?"""
        return self._file.created

    @property
    def is_open(self) -> bool:
        """False after close(), and in the child after fork()."""
        return self._file.file.is_open()

    # Start and end of a session (7.1, 7.3).

    def _take_over(self) -> None:
        file, words = self._file, self._words
        rings: List[WriterRing] = []
        if file.ring_in_use is not None:
            file.reserve(file.ring_in_use.offset, file.ring_in_use.size)
            self._ring = file.map_ring(file.ring_in_use)
            system.touch(self._ring.region)
            rings.append(self._ring)
        former = file.former_ring()
        if former is not None:
            rings.append(file.map_ring(former))
        if file.highest_number(rings) >= layout.MAX_FRAME_NUMBER:
            raise opening.broken(self.path, "no frame numbers are left")
        former_state = words.load32(_STATE)
        words.store32(_STATE, layout.FORMING)
        words.fence()
        former_delivery = words.load32(_AT["delivery"])
        self._claims.turns.former_head = words.load64(_HEAD_NUMBER)
        try:
            if not self._waits:
                self._ignore_turns()
            self._number = file.repair(rings)
        except BaseException:
            # What was repaired is as good as before, and readers may go on with it.
            words.store32(_AT["delivery"], former_delivery)
            words.store32(_STATE, former_state)
            raise
        self._first_in_ring = self._number + 1  # or a lower one, which nobody remembers
        if former is not None:
            self._former.append(FormerRing(rings[-1]))
            self._give_back()
        self._begin()

    def _ignore_turns(self) -> None:
        """Leaves alone what the turns hold that were taken while `delivery` said that it counts."""
        self._words.store32(_AT["delivery"], layout.LATEST)
        self._words.fence()
        self._claims.turns.pass_over_all(self._words.load64(_HEAD_NUMBER))

    def _begin(self) -> None:
        words, header = self._words, self._file.header.view
        locked = self._file.has_locks
        session_id = 0
        while session_id == 0:
            session_id = _random.getrandbits(64)
        self._session_id = session_id
        words.store64(_AT["incompatible_flags"], 0)
        words.store64(_AT["compatible_flags"], 0 if locked else layout.UNLOCKED)
        words.store32(_AT["clock_id"], system.CLOCK_ID)
        words.store64(_AT["clock_namespace"], system.clock_namespace())
        header[_AT["boot_id"] : _AT["boot_id"] + 16] = system.boot_id()
        count = words.load64(_AT["session_count"]) + 1
        words.store64(_AT["session_count"], count % 2**64)
        words.store64(_AT["session_start_time_ns"], system.now_ns())
        words.store64(_AT["session_first_number"], self._number + 1)
        words.store64(_AT["writer_process_id"], os.getpid())
        words.store32(_AT["delivery"], self._delivery)
        for counter in (
            "frame_count", "dropped_count", "byte_count", "wait_count", "passed_over_count"
        ):
            words.store64(_AT[counter], 0)
        words.store64(_AT["session_id"], session_id)
        words.store32(_STATE, layout.EMPTY)
        self._announce()

    def _announce(self) -> None:
        words = self._words
        system.before_change(self._file.header.address + _PUBLISHED)
        words.store32(_PUBLISHED, (words.load32(_PUBLISHED) + 1) % 2**32)
        system.wake_all(self._file.header.address + _PUBLISHED)

    def _count(self, counter: str, by: int = 1) -> None:
        self._words.store64(_AT[counter], self._words.load64(_AT[counter]) + by)

    def figure(self, counter: str) -> int:
        """One of the header's counters."""
        return self._words.load64(_AT[counter])

    @property
    def slot_count(self) -> int:
        return self._ring.ring.slot_count if self._ring is not None else 0

    def close(self, keep_file: bool) -> None:
        """Ends the session. The file stays open while slots are in somebody's hands."""
        self._words.store32(_STATE, layout.ENDED)
        self._announce()
        if not keep_file:
            self._file.remove()
        rings = [former.slots for former in self._former]
        if self._ring is not None:
            rings.append(self._ring)
        # What is in somebody's hands stays locked for him, and the file open (by his references).
        self._held_at_end = [(ring, index) for ring in rings for index in list(ring.out)]
        if not self._held_at_end:
            self._file.file.close()
            return
        for ring, index in self._held_at_end:
            if self._file.has_locks:
                lock_shared(self._file.file, self._item_0(ring, index))
        self._file.unlock_writer()
        for ring, index in self._held_at_end:
            if index not in ring.out:
                self._unlock_slot(ring, index)  # let go of meanwhile

    def _item_0(self, ring: WriterRing, index: int) -> layout.Range:
        return layout.lock_item(layout.SLOT, ring.ring.slot_id(index), 0)

    def _unlock_slot(self, ring: WriterRing, index: int) -> None:
        if self._file.has_locks and self._file.file.is_open():
            self._file.file.unlock(self._item_0(ring, index))

    # Slots (7.2).

    def reserve(self, sizes: Sizes) -> None:
        """Makes sure that such frames fit, and that the ring has the depth asked for."""
        ring = self._ring
        fits = ring is not None and ring.fits(*sizes)
        other_depth = (
            ring is not None
            and self._slot_count != 0
            and ring.ring.slot_count != self._slot_count
        )
        if not fits or other_depth:
            self._wait_until_former_ring_is_read()
            self._grow(sizes)

    def _wait_until_former_ring_is_read(self) -> None:
        """The next descriptor takes the place of the former ring's."""
        last = self._first_in_ring - 1
        if self._ring is None or self._ring.ring.generation < 2 or not self._waits:
            return
        if self._number + 1 - last <= layout.TURN_WINDOW:
            self._wait_until_finished(last, self._number + 1)

    def _grow(self, sizes: Sizes) -> None:
        file, former = self._file, self._ring
        ring = next_ring(
            sizes, self._slot_count, file.size(), former.ring if former else None
        )
        file.reserve(ring.offset, ring.size)
        mapped = file.map_ring(ring)
        system.touch(mapped.region)
        self._give_back()
        file.store_descriptor(ring)
        self._announce()
        self._ring, self._round = mapped, 0
        self._first_in_ring = self._number + 1
        if former is not None:
            self._former.append(FormerRing(former))

    def _give_back(self) -> None:
        self._claims.turns.new_look()
        self._former = [
            former for former in self._former if not former.give_back(self._file, self._claims)
        ]

    def take(self, sizes: Sizes) -> Optional[Slot]:
        """A slot for a frame of these sizes. None: all are in use; the frame is dropped.

        Waits for readers if that was asked for.
        """
        if self._number >= layout.MAX_FRAME_NUMBER:
            raise opening.broken(self.path, "no frame numbers are left")
        self.reserve(sizes)
        ring = self._ring
        assert ring is not None
        self._look_around(ring)
        index = self._find_slot(ring)
        if index is None and self._waits and ring.refused:
            index = self._wait_for_slot(ring)
        if index is None:
            self._number += 1
            self._count("dropped_count")
            return None
        return Slot(ring, index)

    def _look_around(self, ring: WriterRing) -> None:
        """Once a round: what was passed over, and what may be given back."""
        self._round += 1
        if self._round % ring.ring.slot_count == 0:
            self._claims.turns.forget_gone()
            if self._former:
                self._give_back()

    def _candidates(self, ring: WriterRing) -> Iterator[int]:
        head = -1
        if self._words.load64(_HEAD_NUMBER):
            head = ring.ring.index_of(self._words.load64(_HEAD_SLOT_ID))
        count = ring.ring.slot_count
        for step in range(1, count + 1):
            index = (ring.last_taken + step) % count
            if index != head and index not in ring.out:
                yield index

    def _find_slot(self, ring: WriterRing) -> Optional[int]:
        self._claims.turns.new_look()
        ring.refused.intersection_update(self._candidates(ring))
        for index in self._candidates(ring):
            if self._claims.claim(ring, index):
                ring.last_taken = index
                return index
        return None

    def _wait_for_slot(self, ring: WriterRing) -> Optional[int]:
        """Together at most the time limit for one frame; then passes over who is in the way."""
        self._note_wait(self._number + 1)
        deadline = Deadline(self._wait_timeout)
        with self._waiting():
            while True:
                index = self._find_slot(ring)
                if index is not None:
                    return index
                if deadline.left_ns() == 0:
                    break
                self._sleep(deadline)
        return self._pass_over_for_slot(ring)

    def _pass_over_for_slot(self, ring: WriterRing) -> Optional[int]:
        """Those who need the oldest frame that nobody has, until there is a slot or nobody more is
        in the way: what a turn holds stays, and others may need what comes after it."""
        for _ in range(_MAX_PASSES):
            free = [i for i in self._candidates(ring) if not self._claims.is_had(ring, i)]
            if not free or not self._pass_over(min(ring.stamp(index) >> 1 for index in free)):
                break
            index = self._find_slot(ring)
            if index is not None:
                return index
        return self._find_slot(ring)

    def _pass_over(self, number: int) -> int:
        if number == 0:
            return 0
        passed = self._claims.turns.pass_over(number, self._number)
        self._count("passed_over_count", passed)
        return passed

    # Publishing.

    def publish(
        self, slot: Slot, info: bytearray, times: Times, caps: bytes, metadata: bytes = b""
    ) -> Optional[int]:
        """Publishes a slot with its payload written, and returns the frame's number.

        None: a larger ring is in use by now, and has no slot for a copy: the frame is dropped.
        `info` is a frame info without times and metadata's size, which are filled in. With
        acknowledged delivery it waits until all readers of every frame have finished it.
        """
        payload_bytes = int.from_bytes(info[_PAYLOAD_BYTES_AT : _PAYLOAD_BYTES_AT + 8], "little")
        if slot.ring is not self._ring:
            copy = self._copy_to_ring_in_use(slot, Sizes(payload_bytes, len(caps), len(metadata)))
            if copy is None:
                return None
            slot = copy
        info[_METADATA_BYTES_AT : _METADATA_BYTES_AT + 8] = len(metadata).to_bytes(8, "little")
        number = self._number = self._number + 1
        ring, index = slot
        times_at = ring.describe(index, number, self._session_id, info, caps, metadata)
        slot_id, words = ring.ring.slot_id(index), self._words
        # From here on readers wait for what follows.
        _TIMES.pack_into(
            ring.view, times_at, times.pts, layout.NONE, times.duration, layout.NONE, layout.NONE,
            0, times.clock_time, 0, system.now_ns(), time.time_ns(),
        )
        ring.store_stamp(index, 2 * number)
        words.store64(_HEAD_SLOT_ID, slot_id)
        words.store64(_HEAD_NUMBER, number)
        if words.load32(_STATE) == layout.EMPTY:
            words.store32(_STATE, layout.STREAMING)
        self._announce()
        self._count("frame_count")
        self._count("byte_count", payload_bytes)
        if self._delivery == layout.ACKNOWLEDGED and self._waits:
            self._wait_until_finished(number, number)
        return number

    def _copy_to_ring_in_use(self, slot: Slot, sizes: Sizes) -> Optional[Slot]:
        copy = self.take(sizes)
        if copy is not None:
            copy.payload(sizes.payload)[:] = slot.payload(sizes.payload)
        self.abort(slot)
        return copy

    def abort(self, slot: Slot) -> None:
        slot.ring.store_stamp(slot.slot_index, 0)

    def _wait_until_finished(self, number: int, who_waits: int) -> None:
        """At most the time limit for frame `who_waits`; then who needs `number` is passed over."""
        turns = self._claims.turns
        turns.new_look()
        if not self._claims.is_needed(number):
            return
        self._note_wait(who_waits)
        deadline = Deadline(self._wait_timeout)
        with self._waiting():
            while True:
                turns.new_look()
                if not self._claims.is_needed(number):
                    return
                if deadline.left_ns() == 0:
                    break
                self._sleep(deadline)
        self._pass_over(number)

    # Waiting (7.4).

    @contextlib.contextmanager
    def _waiting(self) -> Iterator[None]:
        """`released` is odd meanwhile; looks come after that: fence H, see _words.py."""
        words, at = self._words, _RELEASED
        words.store32(at, (words.load32(at) | 1) % 2**32)
        try:
            yield
        finally:
            words.store32(at, (words.load32(at) + 1) % 2**32)

    def _sleep(self, deadline: Deadline) -> None:
        """Until a reader lets go of something; at most a millisecond."""
        if self.cancelled or not self.is_open:
            raise errors.Closed(f'The writer of "{self.path}" was closed.', self.path)
        at = _RELEASED
        system.sleep_on(
            self._file.header.address + at,
            self._words.load32(at),
            min(deadline.left_ns(), _WAIT_NS),
        )

    def _note_wait(self, number: int) -> None:
        if self._waited_for != number:
            self._waited_for = number
            self._count("wait_count")

    def reader_count(self, enough: int = 2**32) -> int:
        """Readers that are attached; 0 where they cannot be counted."""
        return count_readers(self._file.file, enough) if self._file.has_locks else 0

    def wait_for_readers(self, count: int, deadline: Deadline) -> bool:
        with self._waiting():
            while self.reader_count(count) < count:
                if deadline.left_ns() == 0:
                    return False
                self._sleep(deadline)
        return True

    # Slots in a user's hands.

    def lend_memory(self, slot: Slot, size: int) -> memoryview:
        """The payload's memory. As long as anybody refers to it, nobody rewrites the slot."""
        ring, index = slot
        ring.out.add(index)
        return export(ring.payload_address(index), size, _Hold(self, ring, index))

    def let_go(self, ring: WriterRing, index: int) -> None:
        # May run anywhere, in a finalizer, and in any thread.
        ring.out.discard(index)
        if self._held_at_end:
            self._unlock_slot(ring, index)


class _Hold:
    """Keeps the slot's user alive in the writer's books, the memory mapped, the file open."""

    def __init__(self, session: WriterSession, ring: WriterRing, index: int) -> None:
        self._session, self._ring, self._index = session, ring, index

    def __del__(self) -> None:
        self._session.let_go(self._ring, self._index)
