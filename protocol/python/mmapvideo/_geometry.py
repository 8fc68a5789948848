# SPDX-License-Identifier: MIT
"""What is valid (SPEC.md 12). Works on private copies only; Python's integers do not overflow."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Tuple

from mmapvideo import _layout as layout
from mmapvideo._layout import Value


class Invalid(Exception):
    """The bytes contradict the specification; the message says in what."""


def _demand(condition: bool, what: str) -> None:
    if not condition:
        raise Invalid(what)


class Ring(NamedTuple):
    """A valid ring descriptor."""

    generation: int
    offset: int
    slot_stride: int
    payload_offset: int
    payload_capacity: int
    metadata_capacity: int
    slot_count: int
    first_slot_id: int
    reserved: int = 0

    @property
    def size(self) -> int:
        return self.slot_count * self.slot_stride

    @property
    def end(self) -> int:
        return self.offset + self.size

    def slot_id(self, index: int) -> int:
        return (self.first_slot_id + index) % layout.SLOT_ID_COUNT

    def index_of(self, slot_id: int) -> int:
        """Its index, or a number that is not below slot_count."""
        return (slot_id - self.first_slot_id) % layout.SLOT_ID_COUNT

    def pack(self) -> bytes:
        return layout.RING.pack(**self._asdict())


def check_ring(data: bytes, file_bytes: int) -> Ring:
    """The descriptor in these 64 bytes. Raises Invalid."""
    ring = Ring(**layout.RING.unpack(data))  # type: ignore[arg-type]
    _demand(
        ring.offset % layout.SLOT_ALIGNMENT == 0 and ring.offset >= layout.SLOT_ALIGNMENT,
        f"a ring at offset {ring.offset}",
    )
    _demand(
        ring.slot_stride % layout.SLOT_ALIGNMENT == 0 and ring.slot_stride > 0,
        f"a slot stride of {ring.slot_stride}",
    )
    _demand(
        ring.payload_offset % layout.PAYLOAD_ALIGNMENT == 0
        and ring.payload_offset >= layout.PAYLOAD_ALIGNMENT,
        f"a payload offset of {ring.payload_offset}",
    )
    _demand(
        ring.payload_capacity % layout.METADATA_ALIGNMENT == 0 and ring.payload_capacity > 0,
        f"a payload capacity of {ring.payload_capacity}",
    )
    _demand(
        ring.payload_offset + ring.payload_capacity + ring.metadata_capacity <= ring.slot_stride,
        "slots that overlap",
    )
    _demand(
        layout.MIN_SLOTS <= ring.slot_count <= layout.MAX_SLOTS, f"{ring.slot_count} slots"
    )
    _demand(ring.first_slot_id < layout.SLOT_ID_COUNT, f"slot id {ring.first_slot_id}")
    _demand(ring.end <= file_bytes, "a ring that ends beyond the end of the file")
    return ring


class Plane(NamedTuple):
    """One plane of a payload.

    `offset` (from the payload's start) and `stride` (from row to row) are bytes; of a row only
    `row_bytes` carry picture. Tiled formats have one row that is the whole plane.
    """

    offset: int
    stride: int
    row_bytes: int
    rows: int

    def lies_within(self, payload_bytes: int) -> bool:
        """Is every byte of its rows one of the first `payload_bytes`?"""
        if self.rows == 0 or self.row_bytes == 0:
            return self.offset <= payload_bytes
        last = self.offset + self.stride * (self.rows - 1)
        return min(self.offset, last) >= 0 and (
            max(self.offset, last) + self.row_bytes <= payload_bytes
        )


class Description(NamedTuple):
    """What a frame info says besides times: sizes, format, planes. All of it valid."""

    payload_bytes: int
    metadata_bytes: int
    caps_bytes: int
    width: int
    height: int
    framerate: Tuple[int, int]
    pixel_aspect_ratio: Tuple[int, int]
    interlace_mode: int
    field_order: int
    view_count: int
    format: str
    colorimetry: str
    chroma_site: str
    planes: Tuple[Plane, ...]


def _text(value: Value, name: str) -> str:
    assert isinstance(value, bytes)
    text, separator, _ = value.partition(b"\0")
    _demand(separator != b"", f"a {name} without an end")
    return text.decode("utf-8", "replace")


def _planes(info: Dict[str, Value], payload_bytes: int) -> Tuple[Plane, ...]:
    count, data = info["plane_count"], info["planes"]
    assert isinstance(count, int) and isinstance(data, bytes)
    _demand(count <= layout.MAX_PLANES, f"{count} planes")
    planes: List[Plane] = []
    for index in range(count):
        fields = layout.PLANE.unpack(data, index * layout.PLANE.size)
        del fields["reserved"]
        plane = Plane(**fields)  # type: ignore[arg-type]
        _demand(plane.lies_within(payload_bytes), f"plane {index} outside of the payload")
        planes.append(plane)
    return tuple(planes)


def check_description(slot_header: bytes, ring: Ring) -> Description:
    """The description in these 512 bytes of a slot of `ring`. Raises Invalid."""
    info = layout.FRAME_INFO.unpack(slot_header, layout.INFO_AT)
    number = {name: value for name, value in info.items() if isinstance(value, int)}
    payload_bytes = number["payload_bytes"]
    _demand(1 <= payload_bytes <= ring.payload_capacity, f"a payload of {payload_bytes} bytes")
    _demand(
        number["metadata_bytes"] <= min(ring.metadata_capacity, layout.MAX_METADATA_BYTES),
        f"{number['metadata_bytes']} bytes of metadata",
    )
    _demand(
        number["caps_bytes"] < ring.payload_offset - layout.CAPS_OFFSET
        and number["caps_bytes"] <= layout.MAX_CAPS_BYTES,
        f"{number['caps_bytes']} bytes of caps",
    )
    return Description(
        payload_bytes=payload_bytes,
        metadata_bytes=number["metadata_bytes"],
        caps_bytes=number["caps_bytes"],
        width=number["width"],
        height=number["height"],
        framerate=(number["fps_numerator"], number["fps_denominator"]),
        pixel_aspect_ratio=(number["par_numerator"], number["par_denominator"]),
        interlace_mode=number["interlace_mode"],
        field_order=number["field_order"],
        view_count=number["view_count"],
        format=_text(info["format"], "format"),
        colorimetry=_text(info["colorimetry"], "colorimetry"),
        chroma_site=_text(info["chroma_site"], "chroma site"),
        planes=_planes(info, payload_bytes),
    )


def check_caps(caps: bytes) -> str:
    _demand(b"\0" not in caps, "caps with a NUL inside")
    return caps.decode("utf-8", "replace")
