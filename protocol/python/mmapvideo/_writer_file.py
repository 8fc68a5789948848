# SPDX-License-Identifier: MIT
"""A writer's file: getting hold of it, creating it or taking it over (SPEC.md 7.1, 9, 10)."""
from __future__ import annotations

import os
from typing import List, Optional

from mmapvideo import _geometry as geometry
from mmapvideo import _layout as layout
from mmapvideo import _opening as opening
from mmapvideo import errors
from mmapvideo._geometry import Invalid, Ring
from mmapvideo._opening import Start
from mmapvideo._patience import lock_exclusive
from mmapvideo._platform import system
from mmapvideo._system import File, NoLocks
from mmapvideo._words import Words, words_of
from mmapvideo._writer_ring import WriterRing

_AT = layout.FILE_HEADER.offsets
_WRITER_ITEM = layout.lock_item(layout.WRITER, 0, 0)
_TRIES = 10
_MIB = 1 << 20


class WriterFile:
    """The file at `path`, with the WRITER lock and a valid header, mapped to write.

    Raises an Error, and then has left an existing file as it was.
    """

    file: File
    words: Words

    def __init__(self, path: str, permissions: int) -> None:
        self.path = path
        self.has_locks = True
        try:
            self.created = self._get_hold(permissions)
        except OSError as problem:
            raise opening.failure(problem, path) from problem
        try:
            self._open_header()
        except OSError as problem:
            if self.created:
                self.remove()
            raise opening.failure(problem, path) from problem
        except BaseException:
            if self.created:
                self.remove()
            raise

    def _get_hold(self, permissions: int) -> bool:
        for _ in range(_TRIES):
            self.file, created = system.open_to_write(self.path, permissions)
            if not self.file.is_regular():
                raise opening.not_regular(self.path)
            if self.file.is_someone_elses() and system.is_shared_directory(self.path):
                raise errors.PermissionDenied(
                    f'"{self.path}" belongs to another user, in a directory where everybody may '
                    "create files: remove it, or use a directory of your own.",
                    self.path,
                )
            try:
                if not lock_exclusive(self.file, _WRITER_ITEM):
                    raise errors.AlreadyWriting(
                        f'"{self.path}" is already being written by another process: end that, '
                        "or choose another path.",
                        self.path,
                    )
            except NoLocks:
                self.has_locks = False
            # A former writer may have removed it meanwhile.
            if self.is_at_path():
                return created
            self.file.close()
        raise errors.SystemFailure(f'"{self.path}" is replaced again and again.', self.path)

    def is_at_path(self) -> bool:
        return system.identity_at(self.path) == self.file.identity()

    def remove(self) -> None:
        """Unless the path names another file by now."""
        try:
            if self.is_at_path():
                system.remove(self.path)
        except OSError:
            pass  # somebody else was faster, or forbids it: the file stays, and says its end

    # The header.

    def _open_header(self) -> None:
        start = opening.look_at_start(self.file, self.path)
        is_new = start is not Start.WHOLE
        if is_new:
            preamble = layout.FILE_HEADER.pack(
                magic=int.from_bytes(layout.MAGIC, "little"),
                version=layout.VERSION,
                header_bytes=layout.HEADER_BYTES,
                file_id=os.urandom(16),
            )[: layout.PREAMBLE_BYTES]
            try:
                self.file.write(preamble, 0)
            except OSError as problem:
                raise opening.failure(problem, self.path) from problem
            self.reserve(0, layout.HEADER_BYTES)
        try:
            self.header = self.file.map(0, layout.HEADER_BYTES, writable=True)
        except OSError as problem:
            raise opening.failure(problem, self.path) from problem
        self.words = words_of(self.header.view)
        if is_new:
            rest = layout.HEADER_BYTES - layout.PREAMBLE_BYTES
            self.header.view[layout.PREAMBLE_BYTES :] = bytes(rest)
        self.ring_in_use = self._check_header()

    def _check_header(self) -> Optional[Ring]:
        """The ring in use, if there is one."""
        words = self.words
        state = words.load32(_AT["state"])
        if state > layout.ENDED:
            raise opening.broken(self.path, f"state {state}")
        if words.load64(_AT["head_number"]) > layout.MAX_FRAME_NUMBER:
            raise opening.broken(self.path, "a frame number out of range")
        if state != layout.FORMING and words.load64(_AT["session_id"]) == 0:
            raise opening.broken(self.path, "no session")
        generation = words.load64(_AT["ring_generation"])
        if generation == 0:
            return None
        try:
            ring = geometry.check_ring(self._descriptor(generation), self.file.size())
            if ring.generation != generation:
                raise Invalid("a ring of another generation")
        except Invalid as problem:
            raise opening.broken(self.path, str(problem)) from None
        return ring

    def _descriptor(self, generation: int) -> bytes:
        at = _AT["rings"] + generation % 2 * layout.RING.size
        return bytes(self.header.view[at : at + layout.RING.size])

    def store_descriptor(self, ring: Ring) -> None:
        at = _AT["rings"] + ring.generation % 2 * layout.RING.size
        # The generation, which is the first word, guards the rest (E).
        self.words.store64(at, 0)
        self.words.fence()
        self.header.view[at + 8 : at + layout.RING.size] = ring.pack()[8:]
        self.words.store64(at, ring.generation)
        self.words.store64(_AT["ring_generation"], ring.generation)

    def former_ring(self) -> Optional[Ring]:
        """The ring before the one in use, if its descriptor is still there and makes sense."""
        in_use = self.ring_in_use
        if in_use is None:
            return None
        try:
            ring = geometry.check_ring(self._descriptor(in_use.generation + 1), self.size())
        except Invalid:
            return None
        return ring if ring.end <= in_use.offset else None

    # Space.

    def size(self) -> int:
        try:
            return self.file.size()
        except OSError as problem:
            raise opening.failure(problem, self.path) from problem

    def reserve(self, offset: int, length: int) -> None:
        """Raises NoSpace, with the figures."""
        try:
            self.file.reserve(offset, length)
        except OSError as problem:
            if opening.means_no_space(problem):
                raise self._no_space(length, problem) from problem
            raise opening.failure(problem, self.path) from problem

    def _no_space(self, length: int, problem: OSError) -> errors.NoSpace:
        needed, free = length / _MIB, system.free_bytes(self.path) / _MIB
        directory = os.path.dirname(self.path) or "."
        return errors.NoSpace(
            f'No room for "{self.path}": it needs {needed:.1f} MiB, {free:.1f} MiB is free in '
            f'"{directory}": free some, take fewer slots, or give a container more (Docker: '
            "--shm-size).",
            self.path,
            problem.errno,
        )

    def map_ring(self, ring: Ring) -> WriterRing:
        try:
            return WriterRing(self.file, ring)
        except OSError as problem:
            raise opening.failure(problem, self.path) from problem

    # Repair (10), with state = forming.

    def highest_number(self, rings: List[WriterRing]) -> int:
        """Of all frames that count: the head, and those of the ring in use. Changes nothing."""
        numbers = [self.words.load64(_AT["head_number"])]
        for ring in rings[:1]:
            numbers += [ring.stamp(index) >> 1 for index in range(ring.ring.slot_count)]
        return max(number for number in numbers if number <= layout.MAX_FRAME_NUMBER)

    def repair(self, rings: List[WriterRing]) -> int:
        """Ends what a former writer had begun, and returns the highest frame number there is.

        `rings`: the one in use first, and the former one, if it was not given back. Nothing is
        published in that one any more, so the head is not in it.
        """
        words = self.words
        head = words.load64(_AT["head_number"])
        for ring in rings:
            for index in range(ring.ring.slot_count):
                stamp = ring.stamp(index)
                number = stamp >> 1
                if number > layout.MAX_FRAME_NUMBER:  # no frame has it
                    number = 0
                if stamp != 2 * number:
                    ring.store_stamp(index, 2 * number)
                if ring is rings[0] and head < number:
                    head = number
                    words.store64(_AT["head_slot_id"], ring.ring.slot_id(index))
                    words.store64(_AT["head_number"], head)
        # A writer that died while it waited for readers left this word odd.
        released = words.load32(_AT["released"])
        if released & 1:
            words.store32(_AT["released"], (released + 1) % 2**32)
        end = max((ring.ring.end for ring in rings), default=layout.SLOT_ALIGNMENT)
        file_bytes = self.size()
        if file_bytes > end:
            self.file.give_back(end, file_bytes - end)
        return head

    def unlock_writer(self) -> None:
        if self.has_locks and self.file.is_open():
            self.file.unlock(_WRITER_ITEM)
