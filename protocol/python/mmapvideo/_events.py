# SPDX-License-Identifier: MIT
"""Windows: waking other processes through events with names (SPEC.md 6).

`published`: a ring of manual-reset events. Who saw the value v sleeps on event v + 1, which the
writer sets when v + 1 is there; before, it has reset event v + 2. A sleeper that is so late that the
ring went round sleeps until its time limit, so every sleep has one.

`released`: one auto-reset event, on which the one writer sleeps.

Names carry the file's id, and `Local\\` makes them those of this logon session. The writer creates
the events. A reader that finds none (no writer yet, or one of another session or system) sleeps
for a moment instead.
"""
from __future__ import annotations

import ctypes
import time
from typing import Any, List, Optional

from mmapvideo import _kernel32 as kernel32
from mmapvideo import _layout as layout
from mmapvideo._windows_error import last_error

EVENT_COUNT = 16

_SYNCHRONIZE, _MODIFY_STATE = 0x00100000, 0x0002
_PUBLISHED = layout.FILE_HEADER.offsets["published"]
_FILE_ID = layout.FILE_HEADER.offsets["file_id"]
_FILE_ID_BYTES = 16
_CLOCK_ID = layout.FILE_HEADER.offsets["clock_id"]
_MS = 1_000_000
_UNWOKEN_NS = 5 * _MS


class Events:
    """Those of one file, whose header is mapped at `header_address` as long as this lives."""

    def __init__(self, header_address: int, is_writer: bool) -> None:
        self._header = header_address
        self._is_writer = is_writer
        self._ring: List[int] = []
        self._released: Optional[int] = None
        self._close_handle = kernel32.CloseHandle  # module globals may be gone at the end
        if is_writer:
            self._create()

    def __del__(self) -> None:
        for handle in [*self._ring, self._released]:
            if handle:
                self._close_handle(handle)

    def sleep(self, word: int, value: int, limit_ns: int) -> None:
        """Until the 32-bit word at this offset of the header is woken, or is not `value`."""
        if self._load(word) != value:
            return
        event = self._event_after(value) if word == _PUBLISHED else self._released_event()
        if event is None:
            time.sleep(min(limit_ns, _UNWOKEN_NS) / 1e9)
            return
        outcome = kernel32.WaitForSingleObject(event, -(-limit_ns // _MS))
        # Set, though nothing was published: by a writer that was killed between two steps.
        if outcome == 0 and word == _PUBLISHED and self._load(word) == value:
            time.sleep(min(limit_ns, _MS) / 1e9)

    def _event_after(self, value: int) -> Optional[int]:
        # The writer of another system changes the word and sets no event.
        if not self._is_writer and self._load(_CLOCK_ID) != layout.CLOCK_QPC:
            return None
        ring = self._published_ring()
        return ring[(value + 1) % EVENT_COUNT] if ring else None

    def before_change(self) -> None:
        """The writer's, before `published` gets its next value."""
        kernel32.ResetEvent(self._ring[(self._load(_PUBLISHED) + 2) % EVENT_COUNT])

    def wake(self, word: int) -> None:
        """After the word has its new value; `published` is woken by its writer only."""
        if word == _PUBLISHED:
            kernel32.SetEvent(self._ring[self._load(word) % EVENT_COUNT])
        else:
            event = self._released_event()
            if event is not None:
                kernel32.SetEvent(event)

    def _load(self, word: int) -> int:
        return ctypes.c_uint32.from_address(self._header + word).value

    def _name(self, suffix: object) -> str:
        file_id = ctypes.string_at(self._header + _FILE_ID, _FILE_ID_BYTES)
        return f"Local\\mmapvideo-{file_id.hex()}-{suffix}"

    def _create(self) -> None:
        """What a former writer made and readers still have open are the same ones."""
        for index in range(EVENT_COUNT):
            self._ring.append(self._created(str(index), manual=True))
        self._released = self._created("released", manual=False)
        self._bring_into_step()

    def _created(self, suffix: str, manual: bool) -> int:
        handle: Any = kernel32.CreateEventW(None, manual, False, self._name(suffix))
        if not handle:
            raise last_error("CreateEvent", self._name(suffix))
        return int(handle)

    def _published_ring(self) -> List[int]:
        """Empty while no writer of this session has made all of it."""
        if not self._ring:
            handles: List[int] = []
            for index in range(EVENT_COUNT):
                handle = self._opened(str(index), _SYNCHRONIZE)
                if handle is None:
                    for other in handles:
                        kernel32.CloseHandle(other)
                    return []
                handles.append(handle)
            self._ring = handles
        return self._ring

    def _opened(self, suffix: str, access: int) -> Optional[int]:
        handle: Any = kernel32.OpenEventW(access, False, self._name(suffix))
        return int(handle) if handle else None

    def _bring_into_step(self) -> None:
        """A former writer of this file may have been killed between two steps."""
        after = (self._load(_PUBLISHED) + 1) % EVENT_COUNT
        for index, event in enumerate(self._ring):
            if index == after:
                kernel32.ResetEvent(event)
            else:
                kernel32.SetEvent(event)

    def _released_event(self) -> Optional[int]:
        if self._released is None:
            self._released = self._opened("released", _MODIFY_STATE)
        return self._released
