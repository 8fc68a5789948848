# SPDX-License-Identifier: MIT
"""Copies what a user brings into the payload of a slot."""
from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple

from mmapvideo import _arrays as arrays
from mmapvideo._geometry import Plane
from mmapvideo.formats import COMPONENTS, Component, Layout


# Unsigned items by their size, as memoryview writes them; the machine is little-endian.
_FORMATS = {1: ("B", "<B", "c"), 2: ("H", "<H")}
_NAMES = {1: "uint8", 2: "uint16"}


def fill(payload: memoryview, layout: Layout, data: Any) -> None:
    """`data` as Writer.write() takes it. Raises ValueError if it is no such frame."""
    components = COMPONENTS[layout.format]
    if isinstance(data, (tuple, list)):
        _fill_planes(payload, layout, data)
        return
    view = _view_of(data, layout)
    if len(components) == 1:
        _check_plane(data, view, 0, components[0], layout)
    elif view.format not in _FORMATS[1] + _FORMATS[components[0].item_bytes]:
        raise ValueError(
            f"{_picture_text(layout)} is bytes or an array of {_NAMES[components[0].item_bytes]}, "
            f"not {_array_text(view.shape, _kind_of(data, view))}."
        )
    source = _bytes_of(view)
    if len(source) == layout.payload_bytes:
        payload[:] = source
    elif len(source) == layout.tight_bytes:
        at = 0
        for plane in layout.planes:
            size = plane.rows * plane.row_bytes
            _fill_rows(payload, plane, source[at : at + size])
            at += size
    else:
        raise ValueError(_wrong_length(layout, len(source)))


def _view_of(data: Any, layout: Layout) -> memoryview:
    try:
        return memoryview(data)
    except TypeError:
        raise ValueError(
            f"{_picture_text(layout)} is an array or bytes, not {type(data).__name__}."
        ) from None


def _bytes_of(view: memoryview) -> memoryview:
    """All bytes, rows one after the other."""
    return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())


def _fill_planes(payload: memoryview, layout: Layout, data: Sequence[Any]) -> None:
    components = COMPONENTS[layout.format]
    if len(data) != len(components):
        count = "one plane" if len(components) == 1 else f"{len(components)} planes"
        raise ValueError(
            f"{_picture_text(layout)} has {count}; this {type(data).__name__} has {len(data)}."
        )
    for index, component in enumerate(components):
        plane, view = layout.planes[index], _view_of(data[index], layout)
        _check_plane(data[index], view, index, component, layout)
        source = _bytes_of(view)
        if len(source) != plane.rows * plane.row_bytes:
            raise ValueError(_wrong_length(layout, len(source)))
        _fill_rows(payload, plane, source)


def _check_plane(
    data: Any, view: memoryview, index: int, component: Component, layout: Layout
) -> None:
    """Flat data may be of bytes; other data has the shape and the items of the plane."""
    if view.ndim == 1 and view.format in _FORMATS[1]:
        return
    shape: Tuple[int, ...] = (layout.planes[index].rows, component.columns(layout.width))
    if component.channels > 1:
        shape += (component.channels,)
    if view.shape not in (shape, shape + (1,)) or view.format not in _FORMATS[component.item_bytes]:
        which = f"Plane {index} of a" if len(layout.planes) > 1 else "A"
        raise ValueError(
            f"{_picture_text(layout, which)} is an array of "
            f"{_array_text(shape, _NAMES[component.item_bytes])}, "
            f"not of {_array_text(view.shape, _kind_of(data, view))}."
        )


def _picture_text(layout: Layout, which: str = "A") -> str:
    return f"{which} {layout.width}x{layout.height} picture in {layout.format}"


def _array_text(shape: Optional[Tuple[int, ...]], kind: str) -> str:
    return " x ".join(map(str, shape or ())) + " " + kind


def _kind_of(data: Any, view: memoryview) -> str:
    return str(getattr(data, "dtype", "")) or f'items of format "{view.format}"'


def _wrong_length(layout: Layout, found: int) -> str:
    sizes = f"{layout.payload_bytes} bytes"
    if layout.tight_bytes != layout.payload_bytes:
        sizes += f", or {layout.tight_bytes} without padding"
    return f"{_picture_text(layout)} has {sizes}; this one has {found}."


def _fill_rows(payload: memoryview, plane: Plane, source: memoryview) -> None:
    """`source`: the plane's rows, one after the other."""
    if plane.stride == plane.row_bytes:
        payload[plane.offset : plane.offset + len(source)] = source
        return
    np = arrays.numpy()
    if np is not None:
        rows = np.frombuffer(source, np.uint8).reshape(plane.rows, plane.row_bytes)
        arrays.arrays_of(payload, arrays.views_of("", 0, (plane,)))[0][...] = rows
        return
    for row in range(plane.rows):
        at, start = plane.offset + row * plane.stride, row * plane.row_bytes
        payload[at : at + plane.row_bytes] = source[start : start + plane.row_bytes]
