# SPDX-License-Identifier: MIT
"""The words that a writer and readers of other processes use at the same time.

No other module touches a field that SPEC.md 3 marks atomic, so the argument why Python may do this
at all stands here.

One machine word. `memoryview.cast("Q")[i]` and `cast("I")[i]`, and their assignments, copy 8 or 4
aligned bytes by a memcpy of constant size, which compilers turn into one load or store.
(`struct.unpack_from("<Q")` assembles single bytes, and slices copy any number of bytes: neither
would do.) That needs a 64-bit, little-endian machine, which _platform.py checks.

Compiler. Each access is a call through the interpreter into a C function of another translation
unit; nothing is moved across it.

x86. Loads are acquires and stores are releases by themselves, and fences of these kinds cost
nothing: pairs A to F of SPEC.md 14 hold as they are.

Other machines. `fence()` lets go of a lock that it holds and takes it again. The first is an atomic
operation with release order, the second one with acquire order, and a release that is followed by
an acquire is not reordered with it (ARMv8: RCsc); so what was before stays before, and what comes
after stays after: a full fence. Each load is followed by one and each releasing store preceded.

Store before load, which x86 does not keep in order either (pairs G and H). CPython has no
instruction for that, and needs none: on both sides it is a question to the kernel's lock table that
comes after the store or before the load. Linux keeps all locks of one file under one spin lock,
which `F_OFD_SETLK` always takes, and `F_OFD_GETLK` whenever the file has any lock; a writer's own
WRITER lock is one. If the writer's question has the spin lock first, its release there and the
reader's acquire make the claimed stamp (or the odd `released`) visible to the reader's load; if the
reader's lock or unlock is first, the question finds it. That holds on every architecture. Hence
"lock, then load" and "store, then ask" in the other modules need no more than to be in that order.
The same holds for Windows, whose kernel changes a file's list of locks under one lock of its own;
there a question is a lock as well.
"""
from __future__ import annotations

import platform
import threading
from typing import List, Protocol


class Loads(Protocol):
    """A sequence of words whose items are loaded with acquire order."""

    def __getitem__(self, index: int) -> int: ...


_X86 = ("x86_64", "AMD64", "amd64", "i386", "i686")


class Words:
    """Loads with acquire order and stores in one mapped range; x86.

    `view` is the range as bytes, its start aligned to 8. Offsets are bytes from its start.
    `longs[i]` loads the i-th 64-bit word: what load64() does, without its call, for those who are
    in a hurry.
    """

    __slots__ = ("longs", "_longs", "_ints")

    longs: "Loads"

    def __init__(self, view: memoryview) -> None:
        self.longs = self._longs = view.cast("Q")
        self._ints = view.cast("I")

    def load64(self, offset: int) -> int:
        return self._longs[offset >> 3]

    def load32(self, offset: int) -> int:
        return self._ints[offset >> 2]

    def load_every(self, first: int, step: int) -> List[int]:
        """The 64-bit words at `first`, `first + step`, and so on to the end of the range."""
        return self._longs[first >> 3 :: step >> 3].tolist()

    def store64(self, offset: int, value: int) -> None:
        self._longs[offset >> 3] = value

    def store32(self, offset: int, value: int) -> None:
        self._ints[offset >> 2] = value

    def fence(self) -> None:
        """An acquire and release fence."""


class _Fence:
    """A full fence, see above."""

    def __init__(self) -> None:
        self._lock = threading.local()

    def __call__(self) -> None:
        # One lock for each thread, so that it is always free and held by who asks.
        lock = getattr(self._lock, "held", None)
        if lock is None:
            lock = self._lock.held = threading.Lock()
            lock.acquire()
        lock.release()
        lock.acquire()


class _FencedLoads:
    """`longs` of FencedWords."""

    def __init__(self, longs: memoryview, fence: _Fence) -> None:
        self._longs = longs
        self._fence = fence

    def __getitem__(self, index: int) -> int:
        value = self._longs[index]
        self._fence()
        return value


class FencedWords(Words):
    """The same where plain loads and stores have no order."""

    __slots__ = ("_fence",)

    def __init__(self, view: memoryview) -> None:
        super().__init__(view)
        self._fence = _Fence()
        self.longs = _FencedLoads(self._longs, self._fence)

    def load64(self, offset: int) -> int:
        value = super().load64(offset)
        self._fence()
        return value

    def load32(self, offset: int) -> int:
        value = super().load32(offset)
        self._fence()
        return value

    def load_every(self, first: int, step: int) -> List[int]:
        values = super().load_every(first, step)
        self._fence()
        return values

    def store64(self, offset: int, value: int) -> None:
        self._fence()
        super().store64(offset, value)

    def store32(self, offset: int, value: int) -> None:
        self._fence()
        super().store32(offset, value)

    def fence(self) -> None:
        self._fence()


def words_of(view: memoryview) -> Words:
    """The class that this machine needs."""
    return Words(view) if platform.machine() in _X86 else FencedWords(view)
