# SPDX-License-Identifier: MIT
"""Payload bytes as arrays: numpy's where it is installed, shaped memoryviews otherwise."""
from __future__ import annotations

import functools
from typing import Any, NamedTuple, Optional, Sequence, Tuple

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


class PlaneView(NamedTuple):
    """How a plane is seen in its payload, in numpy's words."""

    shape: Tuple[int, ...]  # rows, pixels, and channels if there are several
    item_bytes: int
    offset: int
    strides: Tuple[int, ...]


@functools.lru_cache(maxsize=64)
def views_of(
    format_name: str, width: int, planes: Tuple[Plane, ...]
) -> Tuple[PlaneView, ...]:
    """How to see these planes: rows x pixels, or rows x pixels x channels.

    One that is not what its format says is rows x bytes.
    """
    known: Tuple[Optional[Component], ...] = COMPONENTS.get(format_name, ())
    if len(known) != len(planes):
        known = (None,) * len(planes)
    return tuple(_view(plane, component, width) for plane, component in zip(planes, known))


def _view(plane: Plane, component: Optional[Component], width: int) -> PlaneView:
    row_stride = plane.stride if plane.rows > 1 else plane.row_bytes
    if component is None or component.row_bytes(width) > plane.row_bytes:
        return PlaneView((plane.rows, plane.row_bytes), 1, plane.offset, (row_stride, 1))
    item_bytes, channels = component.item_bytes, component.channels
    shape: Tuple[int, ...] = (plane.rows, component.columns(width))
    strides: Tuple[int, ...] = (row_stride, channels * item_bytes)
    if channels > 1:
        shape, strides = shape + (channels,), strides + (item_bytes,)
    return PlaneView(shape, item_bytes, plane.offset, strides)


class _ReadOnlyArray:
    """What numpy makes an array of: a place in memory, and what keeps it."""

    __slots__ = ("__array_interface__", "_keep")

    def __init__(self, address: int, keep: object, view: PlaneView) -> None:
        self._keep = keep
        self.__array_interface__ = {
            "version": 3,
            "shape": view.shape,
            "strides": view.strides,
            "typestr": "|u1" if view.item_bytes == 1 else "<u2",
            "data": (address + view.offset, True),
        }


def arrays_at(address: int, keep: object, views: Sequence[PlaneView]) -> Tuple[Any, ...]:
    """As arrays_of(), of the payload there, for numpy: without a view on the way, which takes time.

    They keep `keep`, and nobody can make them writable.
    """
    asarray = numpy().asarray
    return tuple([asarray(_ReadOnlyArray(address, keep, view)) for view in views])


def arrays_of(payload: memoryview, views: Sequence[PlaneView]) -> Tuple[Any, ...]:
    """These planes of `payload` in place.

    Without numpy a plane whose rows are not directly one after the other is a flat view from its
    first byte to its last.
    """
    np = numpy()
    if np is None:
        return tuple(_view_of(payload, view) for view in views)
    # frombuffer() keeps the view itself; of a read-only one nobody can then make a writable array,
    # which the bare exporter behind the view would allow.
    data = np.frombuffer(payload, np.uint8)
    return tuple(
        np.ndarray(
            view.shape,
            np.uint8 if view.item_bytes == 1 else "<u2",
            data,
            view.offset,
            view.strides,
        )
        for view in views
    )


def _view_of(payload: memoryview, view: PlaneView) -> memoryview:
    rows, stride = view.shape[0], view.strides[0]
    row_bytes = view.shape[1] * view.strides[1]
    size = row_bytes * rows
    if not size:
        return payload[:0]
    if stride == row_bytes or rows == 1:
        flat = payload[view.offset : view.offset + size]
        return flat.cast("H" if view.item_bytes == 2 else "B", list(view.shape))
    last = view.offset + stride * (rows - 1)
    return payload[min(view.offset, last) : max(view.offset, last) + row_bytes]
