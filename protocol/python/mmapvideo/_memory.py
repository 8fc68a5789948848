# SPDX-License-Identifier: MIT
"""Memory that keeps something alive as long as anybody looks at it."""
from __future__ import annotations

import ctypes
import functools
from typing import Any


@functools.lru_cache(maxsize=64)
def _block_type(size: int) -> Any:
    return type("Block", (ctypes.Array,), {"_type_": ctypes.c_ubyte, "_length_": size})


def export(address: int, size: int, keep: object) -> memoryview:
    """The bytes at `address` as a writable view.

    `keep` lives as long as the view, what was sliced or cast from it, and the numpy arrays over
    any of these and those derived from them: all of them refer to one exporter, which refers to
    `keep`. The mapping itself may be read-only; then the caller adds `toreadonly()`.
    """
    block = _block_type(size).from_address(address)
    block.keep = keep
    return memoryview(block).cast("B")
