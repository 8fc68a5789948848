# SPDX-License-Identifier: MIT
"""Payload bytes as arrays: numpy's where it is installed, shaped memoryviews otherwise."""
from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

from mmapvideo._geometry import Plane
from mmapvideo.formats import COMPONENTS, Component

_numpy: Any = None
_looked_for_numpy = False


def numpy() -> Any:
    """The module, or None. Imported when first needed: not all readers look at pixels."""
    global _numpy, _looked_for_numpy
    if not _looked_for_numpy:
        try:
            import numpy as found

            _numpy = found
        except ImportError:
            _numpy = None
        _looked_for_numpy = True
    return _numpy


def components_of(
    format_name: str, width: int, planes: Sequence[Plane]
) -> List[Optional[Component]]:
    """How the pixels of each plane lie; None where the plane is not what its format says."""
    known = COMPONENTS.get(format_name, ())
    if len(known) != len(planes):
        return [None] * len(planes)
    return [
        component if component.row_bytes(width) <= plane.row_bytes else None
        for component, plane in zip(known, planes)
    ]


def _shape(plane: Plane, component: Optional[Component], width: int) -> Tuple[Tuple[int, ...], int]:
    """Rows, pixels, channels (if there are several), and the bytes of an item."""
    if component is None:
        return (plane.rows, plane.row_bytes), 1
    shape: Tuple[int, ...] = (plane.rows, component.columns(width))
    if component.channels > 1:
        shape += (component.channels,)
    return shape, component.item_bytes


def array_of(
    payload: memoryview, plane: Plane, component: Optional[Component], width: int
) -> Any:
    """One plane of `payload` in place: rows x pixels, or rows x pixels x channels.

    Without numpy a plane whose rows are not directly one after the other is a flat view from its
    first byte to its last. A plane that is not what its format says is rows x bytes.
    """
    shape, item_bytes = _shape(plane, component, width)
    np = numpy()
    if np is None:
        return _view_of(payload, plane, shape, item_bytes)
    strides = [plane.stride if plane.rows > 1 else plane.row_bytes, item_bytes]
    if len(shape) == 3:
        strides[1:] = [shape[2] * item_bytes, item_bytes]
    return np.ndarray(
        shape,
        dtype="<u2" if item_bytes == 2 else np.uint8,
        # frombuffer() keeps the view itself; of a read-only one nobody can then make a writable
        # array, which the bare exporter behind the view would allow.
        buffer=np.frombuffer(payload, np.uint8),
        offset=plane.offset,
        strides=strides,
    )


def _view_of(
    payload: memoryview, plane: Plane, shape: Tuple[int, ...], item_bytes: int
) -> memoryview:
    row_bytes = item_bytes
    for length in shape[1:]:
        row_bytes *= length
    size = row_bytes * plane.rows
    if size and (plane.stride == row_bytes or plane.rows == 1):
        flat = payload[plane.offset : plane.offset + size]
        return flat.cast("H" if item_bytes == 2 else "B", list(shape))
    if not size:
        return payload[:0]
    last = plane.offset + plane.stride * (plane.rows - 1)
    return payload[min(plane.offset, last) : max(plane.offset, last) + row_bytes]
