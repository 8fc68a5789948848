# SPDX-License-Identifier: MIT
"""A reader on one file: attaching to it and looking for frames (SPEC.md 8.1, 8.2, 8.4)."""
from __future__ import annotations

import enum
from typing import NamedTuple, Optional, Union

from mmapvideo import _geometry as geometry
from mmapvideo import _layout as layout
from mmapvideo import _opening as opening
from mmapvideo._geometry import Invalid, Ring
from mmapvideo._lane import draw_lane
from mmapvideo._lease import Lease, Leases, Refusal
from mmapvideo._platform import system
from mmapvideo._reader_ring import Place, ReaderRing, Snapshot
from mmapvideo._released import Released
from mmapvideo._system import File, NoLocks
from mmapvideo._turn import Turn
from mmapvideo._words import words_of

_AT = layout.FILE_HEADER.offsets
_BOOT_ID, _RINGS = _AT["boot_id"], _AT["rings"]
_STATE, _SESSION_ID, _DELIVERY = _AT["state"], _AT["session_id"], _AT["delivery"]
_FIRST_NUMBER, _FLAGS = _AT["session_first_number"], _AT["compatible_flags"]
_CLOCK_ID, _CLOCK_NAMESPACE = _AT["clock_id"], _AT["clock_namespace"]
_GENERATION, _PUBLISHED = _AT["ring_generation"], _AT["published"]
_HEAD_NUMBER, _HEAD_SLOT_ID = _AT["head_number"], _AT["head_slot_id"]
_RETRIES = 100


class Event(enum.Enum):
    """What a reader is told besides frames."""

    ENDED = "it ended its session"
    LOST = "it died without ending its session"


class Wishes(NamedTuple):
    """What the reader's user asked for."""

    path: str
    every_frame: bool
    accept_leftover: bool


class _Session(NamedTuple):
    session_id: int
    state: int
    head: int
    head_stamp: Optional[int]  # None: not in the mapped ring
    head_session_id: int
    first_number: int
    writer_lives: bool

    def is_fresh(self) -> bool:
        """Is the newest frame of this session, and not what a dead writer left?"""
        if not self.writer_lives and self.state != layout.ENDED:
            return False
        if self.head_stamp is None:
            return self.head >= self.first_number
        return self.head_session_id == self.session_id


class Attachment:
    """One file that a reader is attached to. Used by one thread at a time."""

    def __init__(self, wishes: Wishes, file: File, waited: bool) -> None:
        """`file` has a whole header. `waited`: the reader was there before the file was ready.

        Raises NotReady, or BrokenFile.
        """
        self._wishes = wishes
        self._file = file
        self._header = file.map(0, layout.HEADER_BYTES, writable=False)
        self._words = words_of(self._header.view)
        self._check_header()
        self._locked = True
        self._reader_item: Optional[layout.Range] = None
        self._released = Released(self._header, self._words)
        self._told_ended = self._told_lost = 0
        self._seen_head = 0
        self._seen_published = 0
        self._clock_checked, self._comparable = 0, False
        self._last_index = -1
        self.position = 0

        self._turn = Turn(file, self._released, 0)
        try:
            self._set_position(waited, self._join(waited))
        except BaseException:
            self.detach()
            raise

    # Attaching (8.1).

    def _check_header(self) -> None:
        words = self._words
        state = words.load32(_STATE)
        if state == layout.FORMING:
            raise NotReady
        if state > layout.ENDED:
            raise opening.broken(self._wishes.path, f"state {state}")
        if words.load64(_HEAD_NUMBER) > layout.MAX_FRAME_NUMBER:
            raise opening.broken(self._wishes.path, "a frame number out of range")
        # The writer may begin anew in between; then the next look finds out.
        if words.load64(_SESSION_ID) == 0 and words.load32(_STATE) != layout.FORMING:
            raise opening.broken(self._wishes.path, "no session")
        if words.load64(_GENERATION) == 0:
            raise NotReady

    def _join(self, waited: bool) -> int:
        """Locks a first turn, if there are turns, and then READER, in a lane of its own.

        Returns the head in between: from this frame on the turn keeps all, and a writer that waits
        for readers has not begun yet. The ring of that moment is mapped: such a writer may grow
        before this reader comes to its first look.
        """
        words = self._words
        head = first = words.load64(_HEAD_NUMBER)
        if waited:
            first = min(first, words.load64(_FIRST_NUMBER))

        def before(lane: int) -> None:
            nonlocal head
            self._turn = Turn(self._file, self._released, lane)
            if self._has_turns():
                self._turn.join(max(first, 1))
            head = words.load64(_HEAD_NUMBER)
            if self._turn.number and not waited:
                head = self._move_first_turn(head)
            self._ring = self._map_ring_in_use()

        try:
            lane = draw_lane(self._file, before, lambda: self._turn.leave())
            self._reader_item = layout.lock_item(layout.READER, 0, lane)
            self._released.wake()
        except NoLocks:
            self._locked, lane = False, 1
            self._turn = Turn(self._file, self._released, lane)
            self._ring = self._map_ring_in_use()
        self._leases = Leases(self._file, self._released, lane)
        return head

    def _move_first_turn(self, head: int) -> int:
        """Where a fast writer published more, before the first turn, than a turn keeps, it is taken
        anew (8.4.1). Takes the head that was seen after it, returns the one of the last look."""
        for _ in range(_RETRIES):
            if head - self._turn.number < layout.TURN_WINDOW:
                break
            self._turn.move(head)
            head = self._words.load64(_HEAD_NUMBER)
        return head

    def _map_ring_in_use(self, after: int = 0) -> ReaderRing:
        """The ring in use; or the one before it, if it comes after generation `after`."""
        for _ in range(_RETRIES):
            generation = self._words.load64(_GENERATION)
            between = generation - 1 if 0 < after < generation - 1 else 0
            # Another growth may take the older one away, and leaves the other one.
            ring = (self._described(between) if between else None) or self._described(generation)
            if ring is not None:
                return self._map(ring)
        raise opening.broken(self._wishes.path, "ring_generation does not settle")

    def _described(self, generation: int) -> Optional[Ring]:
        """A ring by its descriptor. None: it is of another one by now (E)."""
        at = _RINGS + generation % 2 * layout.RING.size
        if self._words.load64(at) != generation:
            return None
        data = bytes(self._header.view[at : at + layout.RING.size])
        self._words.fence()
        if self._words.load64(at) != generation:
            return None
        try:
            return geometry.check_ring(data, self._file.size())
        except OSError as problem:
            raise opening.failure(problem, self._wishes.path) from problem
        except Invalid as problem:
            if self._words.load64(_GENERATION) != generation:
                return None
            raise opening.broken(self._wishes.path, str(problem)) from None

    def _map(self, ring: Ring) -> ReaderRing:
        try:
            return ReaderRing(self._file, self._wishes.path, ring)
        except OSError as problem:
            raise opening.failure(problem, self._wishes.path) from problem

    def _set_position(self, waited: bool, head_before: int) -> None:
        for _ in range(_RETRIES):
            session = self._look_at_session()
            if session is None:
                continue
            # The newest frame may be in a newer ring by now. All frames are read from this one on.
            if session.head_stamp is not None or self._wishes.every_frame:
                break
            if session.head == 0 or not self._follow_growth():
                break
        else:
            raise NotReady
        self._seen_head = session.head
        fresh = session.is_fresh()
        if session.head == 0:
            self.position = 0
        elif fresh and self._wishes.every_frame:
            # From the head that it saw before it was known, or the session's first frame if it
            # was waiting for it; but no frame of a former session.
            first = session.first_number
            wanted = first if waited else max(head_before, first)
            self.position = min(max(wanted, 1), session.head) - 1
        elif session.head_stamp is not None and (fresh or self._wishes.accept_leftover):
            self.position = session.head - 1
        else:
            self.position = session.head

    def _look_at_session(self) -> Optional[_Session]:
        """What belongs together, or None: it changed meanwhile (F)."""
        words = self._words
        session_id = words.load64(_SESSION_ID)
        state = words.load32(_STATE)
        lives = self.writer_lives() is not False
        head = words.load64(_HEAD_NUMBER)
        index = self._ring.ring.index_of(words.load64(_HEAD_SLOT_ID))
        reachable = head > 0 and index < self._ring.ring.slot_count
        stamp = self._ring.stamp(index) if reachable else None
        found = _Session(
            session_id,
            state,
            head,
            stamp,
            self._ring.session_id(index) if reachable else 0,
            words.load64(_FIRST_NUMBER),
            lives,
        )
        words.fence()
        same = (
            state != layout.FORMING
            and words.load32(_STATE) != layout.FORMING
            and words.load64(_SESSION_ID) == session_id
            and (not reachable or self._ring.stamp(index) == stamp)
        )
        return found if same else None

    # What the file says.

    def writer_lives(self) -> Optional[bool]:
        """None: that cannot be told here."""
        if not self.has_locks():
            return None
        try:
            return self._file.has_exclusive_lock(layout.lock_item(layout.WRITER, 0, 0))
        except NoLocks:
            return None

    def may_be_written(self) -> bool:
        """May frames still come into this file from the writer that has it?"""
        lives = self.writer_lives()
        return self._words.load32(_STATE) != layout.ENDED if lives is None else lives

    def has_locks(self) -> bool:
        return self._locked and not self._words.longs[_FLAGS >> 3] & layout.UNLOCKED

    def _has_turns(self) -> bool:
        return (
            self._wishes.every_frame
            and self._words.load32(_DELIVERY) != layout.LATEST
            and self.has_locks()
        )

    def has_comparable_clock(self, session_id: int) -> bool:
        """Are the times of this session those of this machine's running clock?"""
        if self._clock_checked == session_id:
            return self._comparable
        words = self._words
        comparable = (
            words.load32(_CLOCK_ID) == system.CLOCK_ID
            and bytes(self._header.view[_BOOT_ID : _BOOT_ID + 16]) == system.boot_id()
            and words.load64(_CLOCK_NAMESPACE) == system.clock_namespace()
        )
        words.fence()
        # Another session is there or begins (F): nothing is known about that of this frame.
        if words.load32(_STATE) == layout.FORMING:
            return False
        if words.load64(_SESSION_ID) != session_id:
            return False
        self._clock_checked, self._comparable = session_id, comparable
        return comparable

    @property
    def is_open(self) -> bool:
        return self._file.is_open()

    @property
    def lease_count(self) -> int:
        return len(self._leases.held)

    @property
    def slot_count(self) -> int:
        return self._ring.ring.slot_count

    # Looking for a frame (8.2).

    def look(self) -> Union[Snapshot, Event, None]:
        """The next frame, an event, or None: nothing new, sleep(). Raises BrokenFile, once."""
        words, longs = self._words, self._words.longs
        if self._wishes.every_frame:
            self._take_turn(self.position + 1)
        self._seen_published = words.load32(_PUBLISHED)
        for _ in range(_RETRIES):
            session_id = longs[_SESSION_ID >> 3]
            state = words.load32(_STATE)
            head = longs[_HEAD_NUMBER >> 3]
            if longs[_SESSION_ID >> 3] != session_id:
                continue
            if state == layout.FORMING:
                return None
            self._seen_head = head
            if head <= self.position:
                if state == layout.ENDED and self._told_ended != session_id:
                    self._told_ended = session_id
                    return Event.ENDED
                return None
            snapshot = self._find_frame()
            if snapshot is not None:
                self.position = snapshot.number
                self._last_index = snapshot.slot_index
                return snapshot
        return None

    def _find_frame(self) -> Optional[Snapshot]:
        choose = self._next_in_order if self._wishes.every_frame else self._newest
        place = choose()
        if place is None and self._follow_growth():
            place = choose()
        if place is None and self._is_in_use():
            self._give_up_until(self._seen_head)
        if place is None or place[1] <= self.position:
            return None
        if self._turn.number and place[1] > max(self._turn.number, self.position + 1):
            self._turn.move(place[1])
        try:
            return self._ring.take_snapshot(place, self._is_in_use)
        except Invalid as problem:
            self._last_index, self.position = place
            raise opening.broken(self._wishes.path, str(problem)) from None

    def _give_up_until(self, head: int) -> None:
        """Nothing up to this head, loaded before the ring in use was searched, is within reach."""
        if self._wishes.every_frame and 0 < self._turn.number <= head:
            self._turn.move(head + 1)

    def _newest(self) -> Optional[Place]:
        return self._ring.newest(self._words.longs[_HEAD_SLOT_ID >> 3])

    def _next_in_order(self) -> Optional[Place]:
        return self._ring.next_in_order(
            self.position, self._last_index, keeps_all=self._turn.number > 0
        )

    def _is_in_use(self) -> bool:
        return self._words.load64(_GENERATION) == self._ring.ring.generation

    def _follow_growth(self) -> bool:
        if self._is_in_use():
            return False
        # A reader of every frame goes through the ring between, if there is one.
        after = self._ring.ring.generation if self._wishes.every_frame else 0
        self._ring = self._map_ring_in_use(after)
        self._last_index = -1
        return True

    def _take_turn(self, number: int) -> None:
        """Before a look: `number` is the lowest unfinished frame."""
        if not self._has_turns():
            self._turn.leave()
        elif not self._turn.number:
            self._turn.join(number)
            # A former ring may be on its way out, by a writer that has not seen the turn.
            if not self._is_in_use():
                self._ring, self._last_index = self._map_ring_in_use(), -1
        elif self._turn.is_late(number, self.slot_count, self._delivery() == layout.ACKNOWLEDGED):
            self._turn.move(number)

    def _delivery(self) -> int:
        return self._words.load32(_DELIVERY)

    # Payloads.

    def lease(self, snapshot: Snapshot, max_leases: int) -> Union[Lease, Refusal]:
        """The payload in place, if this is not one more than `max_leases`, or than the ring bears."""
        ring, leases = self._ring, self._leases
        if len(leases.held) >= min(max_leases, ring.slot_count - 2) or not self.has_locks():
            return Refusal.COPY
        place = (snapshot.slot_index, snapshot.number)
        try:
            return leases.take(ring, place, snapshot.description.payload_bytes)
        except NoLocks:
            self._locked = False
            return Refusal.COPY

    def copy(self, snapshot: Snapshot, writable: bool) -> Union[memoryview, Refusal]:
        """The payload in memory of its own."""
        data = memoryview(bytearray(snapshot.description.payload_bytes))
        place = (snapshot.slot_index, snapshot.number)
        if not self._ring.copy_payload(place, data, self._is_in_use()):
            return Refusal.GONE
        return data if writable else data.toreadonly()

    # Sleeping, and looking after the file (8.3).

    def sleep(self, limit_ns: int) -> None:
        """Until something was published since the last look, at most `limit_ns`."""
        if self._turn.number and self._turn.number != self.position + 1:
            self._turn.move(self.position + 1)
        system.sleep_on(self._header.address + _PUBLISHED, self._seen_published, limit_ns)

    def has_lost_writer(self) -> bool:
        """Told once a session: the writer is gone, and nothing of it is left to be read."""
        session_id = self._words.load64(_SESSION_ID)
        if self._told_lost == session_id or self.writer_lives() is not False:
            return False
        if self._words.load32(_STATE) == layout.ENDED:
            return False
        if self._words.load64(_HEAD_NUMBER) != self._seen_head:
            return False
        self._told_lost = session_id
        return True

    def has_news(self) -> bool:
        """Does the file hold anything that was not looked at and told yet?"""
        session_id = self._words.load64(_SESSION_ID)
        if self._words.load64(_HEAD_NUMBER) > self.position:
            return True
        return self._words.load32(_STATE) == layout.ENDED and self._told_ended != session_id

    def is_replaced(self) -> bool:
        """Has the file no name any more, or does its path name another one?"""
        try:
            if self._file.is_unlinked():
                return True
            return system.identity_at(self._wishes.path) != self._file.identity()
        except OSError:
            return False  # what cannot be told is neither, and asked again next time

    def detach(self) -> None:
        """Gives up all locks but those of leases."""
        if not self._file.is_open():
            return
        self._turn.leave()
        if self._reader_item is not None:
            self._file.unlock(self._reader_item)
            self._reader_item = None
            self._released.wake()


class NotReady(Exception):
    """There is no file yet that could be attached to."""


def attach(wishes: Wishes, waited: bool) -> Attachment:
    """Raises NotReady, and what errors.py has for files that never will be ready."""
    try:
        file = system.open_to_read(wishes.path)
    except FileNotFoundError:
        raise NotReady from None
    except OSError as problem:
        raise opening.failure(problem, wishes.path) from problem
    try:
        if opening.look_at_start(file, wishes.path) is not opening.Start.WHOLE:
            raise NotReady
        return Attachment(wishes, file, waited)
    except OSError as problem:
        raise opening.failure(problem, wishes.path) from problem
