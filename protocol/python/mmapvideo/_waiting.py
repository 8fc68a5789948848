# SPDX-License-Identifier: MIT
"""Time limits of waits, and arguments that several classes have."""
from __future__ import annotations

import os
from typing import Optional, Union

from mmapvideo import _layout as layout
from mmapvideo._platform import system

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]

# No wait is longer than this before its surroundings are looked at again.
BOUND_NS = 100_000_000
_FOREVER_NS = 2**62

DELIVERIES = {
    "latest": layout.LATEST,
    "every-frame": layout.EVERY_FRAME,
    "acknowledged": layout.ACKNOWLEDGED,
}


class Deadline:
    """`seconds` from now; None: never."""

    def __init__(self, seconds: Optional[float]) -> None:
        if seconds is not None and not seconds >= 0:
            raise ValueError(f"a time limit of {seconds} seconds")
        limit_ns = _FOREVER_NS if seconds is None else min(int(seconds * 1e9), _FOREVER_NS)
        self._end_ns = system.now_ns() + limit_ns

    def left_ns(self) -> int:
        """0 when it has passed."""
        return max(self._end_ns - system.now_ns(), 0)


def path_of(path: Path) -> str:
    return os.fsdecode(path)


def delivery_of(name: str, *allowed: str) -> int:
    if name not in allowed:
        raise ValueError(f'delivery is "{name}", not one of {", ".join(allowed)}')
    return DELIVERIES[name]
