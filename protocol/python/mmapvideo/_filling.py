# SPDX-License-Identifier: MIT
"""Copies what a user brings into the payload of a slot."""
from __future__ import annotations

from typing import Any, Sequence, Tuple

from mmapvideo import _arrays as arrays
from mmapvideo._geometry import Plane
from mmapvideo.formats import COMPONENTS, Component, Layout


def fill(payload: memoryview, layout: Layout, data: Any) -> None:
    """`data` as Writer.write() takes it. Raises ValueError if it is no such frame."""
    if isinstance(data, (tuple, list)):
        _fill_planes(payload, layout, data)
        return
    source = _bytes_of(data)
    components = COMPONENTS[layout.format]
    if len(components) == 1:
        _check_shape(data, layout.planes[0], components[0], layout)
    elif memoryview(data).itemsize not in (1, components[0].item_bytes):
        raise ValueError(_expected(layout, len(source)))
    if len(source) == layout.payload_bytes:
        payload[:] = source
    elif len(source) == layout.tight_bytes:
        at = 0
        for plane in layout.planes:
            size = plane.rows * plane.row_bytes
            _fill_rows(payload, plane, source[at : at + size])
            at += size
    else:
        raise ValueError(_expected(layout, len(source)))


def _bytes_of(data: Any) -> memoryview:
    """All bytes of anything that has a buffer, rows one after the other."""
    view = memoryview(data)
    return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())


def _fill_planes(payload: memoryview, layout: Layout, data: Sequence[Any]) -> None:
    components = COMPONENTS[layout.format]
    if len(data) != len(components):
        raise ValueError(f"{layout.format} has {len(components)} planes, not {len(data)}.")
    for plane, component, part in zip(layout.planes, components, data):
        _check_shape(part, plane, component, layout)
        source = _bytes_of(part)
        if len(source) != plane.rows * plane.row_bytes:
            raise ValueError(_expected(layout, len(source)))
        _fill_rows(payload, plane, source)


def _check_shape(data: Any, plane: Plane, component: Component, layout: Layout) -> None:
    """Flat data may be of bytes; other data has the shape of the plane, and items of its size."""
    view = memoryview(data)
    if view.ndim == 1 and view.itemsize == 1:
        return
    shape: Tuple[int, ...] = (plane.rows, component.columns(layout.width))
    if component.channels > 1:
        shape += (component.channels,)
    if view.itemsize != component.item_bytes or view.shape not in (shape, shape + (1,)):
        raise ValueError(
            f"A {layout.format} picture of {layout.width}x{layout.height} has the shape "
            f"{shape} with items of {component.item_bytes} bytes, not {view.shape} with "
            f"{view.itemsize}."
        )


def _expected(layout: Layout, found: int) -> str:
    sizes = f"{layout.payload_bytes} bytes"
    if layout.tight_bytes != layout.payload_bytes:
        sizes += f", or {layout.tight_bytes} without padding"
    return (
        f"A {layout.format} frame of {layout.width}x{layout.height} has {sizes}; "
        f"this one has {found}."
    )


def _fill_rows(payload: memoryview, plane: Plane, source: memoryview) -> None:
    """`source`: the plane's rows, one after the other."""
    if plane.stride == plane.row_bytes:
        payload[plane.offset : plane.offset + len(source)] = source
        return
    np = arrays.numpy()
    if np is not None:
        rows = np.frombuffer(source, np.uint8).reshape(plane.rows, plane.row_bytes)
        arrays.array_of(payload, plane, None, 0)[...] = rows
        return
    for row in range(plane.rows):
        at, start = plane.offset + row * plane.stride, row * plane.row_bytes
        payload[at : at + plane.row_bytes] = source[start : start + plane.row_bytes]
