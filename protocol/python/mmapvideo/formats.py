# SPDX-License-Identifier: MIT
"""Pixel formats: where planes lie, and the caps string, both as GStreamer has them."""
from __future__ import annotations

import math
from fractions import Fraction
from typing import Dict, List, NamedTuple, Tuple, Union

from mmapvideo._geometry import Plane

Rate = Union[int, float, Fraction, Tuple[int, int]]


class Component(NamedTuple):
    """How the pixels of a plane are laid out.

    An item is what numpy calls an element: `item_bytes` bytes. `channels` of them make one pixel of
    the plane, which has one for every `2 ** x_shift` columns and `2 ** y_shift` rows of the picture.
    Rows hold a multiple of `pixels_together` pixels.
    """

    channels: int
    item_bytes: int = 1
    x_shift: int = 0
    y_shift: int = 0
    pixels_together: int = 1

    def columns(self, width: int) -> int:
        """Pixels in a row of the plane, of a picture of that width."""
        return _round_up(-(-width >> self.x_shift), self.pixels_together)

    def rows(self, height: int) -> int:
        """Rows of the plane, of a picture of that height."""
        return -(-height >> self.y_shift)

    def row_bytes(self, width: int) -> int:
        """Bytes of a row that carry picture."""
        return self.columns(width) * self.channels * self.item_bytes


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step


_CHROMA_PAIR = Component(2, 1, 1, 1)
_CHROMA = Component(1, 1, 1, 1)

COMPONENTS: Dict[str, Tuple[Component, ...]] = {
    "BGR": (Component(3),),
    "RGB": (Component(3),),
    "BGRA": (Component(4),),
    "RGBA": (Component(4),),
    "BGRx": (Component(4),),
    "RGBx": (Component(4),),
    "GRAY8": (Component(1),),
    "GRAY16_LE": (Component(1, 2),),
    "NV12": (Component(1), _CHROMA_PAIR),
    "I420": (Component(1), _CHROMA, _CHROMA),
    "YUY2": (Component(2, pixels_together=2),),
    "UYVY": (Component(2, pixels_together=2),),
    "P010_10LE": (Component(1, 2), Component(2, 2, 1, 1)),
}
_SUBSAMPLED = ("NV12", "I420", "YUY2", "UYVY", "P010_10LE")


class Layout(NamedTuple):
    """The payload of one format and size as GStreamer lays it out: rows begin at multiples of 4."""

    format: str
    width: int
    height: int
    planes: Tuple[Plane, ...]
    payload_bytes: int

    @property
    def tight_bytes(self) -> int:
        """Of all rows without what is between them."""
        return sum(plane.row_bytes * plane.rows for plane in self.planes)


def layout_of(format_name: str, width: int, height: int) -> Layout:
    """`format_name` is a key of COMPONENTS."""
    planes: List[Plane] = []
    offset = 0
    subsampled_rows = len(COMPONENTS[format_name]) > 1
    for component in COMPONENTS[format_name]:
        row_bytes = component.row_bytes(width)
        plane = Plane(offset, _round_up(row_bytes, 4), row_bytes, component.rows(height))
        planes.append(plane)
        # Luma has an even number of rows where two of them share their chroma.
        rows = _round_up(plane.rows, 2) if subsampled_rows and not component.y_shift else plane.rows
        offset += plane.stride * rows
    return Layout(format_name, width, height, tuple(planes), offset)


def colorimetry_of(format_name: str, height: int) -> str:
    """What GStreamer takes when nobody says otherwise."""
    if format_name in _SUBSAMPLED:
        return "bt601" if height <= 576 else "bt709"
    return "1:4:0:0" if format_name.startswith("GRAY") else "sRGB"


def chroma_site_of(format_name: str, height: int) -> str:
    """Likewise; empty where there is no chroma of another size."""
    if format_name not in _SUBSAMPLED:
        return ""
    return "jpeg" if height <= 576 else "mpeg2"


def framerate_of(rate: Rate) -> Tuple[int, int]:
    """A frame rate as numerator and denominator; (0, 1) is a variable rate.

    29.97 and its like mean 30000/1001.
    """
    if isinstance(rate, tuple):
        numerator, denominator = rate
    elif isinstance(rate, float):
        if not math.isfinite(rate):
            raise ValueError(f"fps is {rate!r}, which is no frame rate")
        ntsc = Fraction(round(rate * 1.001) * 1000, 1001)
        close = not rate.is_integer() and abs(ntsc - Fraction(rate)) < Fraction(6, 1000)
        exact = ntsc if close else Fraction(rate).limit_denominator(10000)
        numerator, denominator = exact.numerator, exact.denominator
    else:
        numerator, denominator = Fraction(rate).numerator, Fraction(rate).denominator
    if not (0 <= numerator < 2**31 and 0 < denominator < 2**31):
        raise ValueError(f"fps is {rate!r}, which is no frame rate")
    return numerator, denominator


def caps_of(layout: Layout, framerate: Tuple[int, int]) -> str:
    """The caps string of progressive video with square pixels, fields in GStreamer's order."""
    fields = [
        f"format=(string){layout.format}",
        f"width=(int){layout.width}",
        f"height=(int){layout.height}",
        "interlace-mode=(string)progressive",
        "pixel-aspect-ratio=(fraction)1/1",
        f"colorimetry=(string){colorimetry_of(layout.format, layout.height)}",
        f"framerate=(fraction){framerate[0]}/{framerate[1]}",
    ]
    chroma_site = chroma_site_of(layout.format, layout.height)
    if chroma_site:
        fields.insert(5, f"chroma-site=(string){chroma_site}")
    return "video/x-raw, " + ", ".join(fields)
