# SPDX-License-Identifier: MIT
"""Moving pictures that tell their number, also after a lossy codec.

Ten fields across the top are the bits of the number; those at the bottom are their complement, so
that a picture of two frames is none.
"""
import numpy as np

BITS = 10
FIELD = 32
WIDTH, HEIGHT = BITS * FIELD, 240
_LOW, _HIGH = 60, 190


def luma(number, width=WIDTH, height=HEIGHT):
    """Smooth, in motion, with the number on it; any size that has room for the fields."""
    rows, columns = np.mgrid[0:height, 0:width]
    values = 125 + 40 * np.sin(columns / 37 + number / 5) + 40 * np.cos(rows / 29 - number / 7)
    plane = values.astype(np.uint8)
    for bit in range(BITS):
        is_set = number >> bit & 1
        fields = slice(bit * FIELD, (bit + 1) * FIELD)
        plane[:FIELD, fields] = _HIGH if is_set else _LOW
        plane[height - FIELD :, fields] = _LOW if is_set else _HIGH
    return plane


def chroma(number, phase, width, height):
    rows, columns = np.mgrid[0:height, 0:width]
    return (128 + 50 * np.sin(columns / 23 + rows / 31 + number / 9 + phase)).astype(np.uint8)


def i420(number, width=WIDTH, height=HEIGHT):
    """The bytes of the frame, planes one after the other."""
    half = width // 2, height // 2
    planes = [luma(number, width, height), chroma(number, 0, *half), chroma(number, 2, *half)]
    return b"".join(plane.tobytes() for plane in planes)


def bgr(number, width=WIDTH, height=HEIGHT):
    plane = luma(number, width, height)
    color = chroma(number, 0, width, height)
    color[:FIELD] = plane[:FIELD]
    color[height - FIELD :] = plane[height - FIELD :]
    return np.dstack([color, plane, plane]).tobytes()


def number_of(picture):
    """Of luma or of blue, green and red, at its own size. None: it is no such picture, or mixed."""
    plane = picture if picture.ndim == 2 else picture.mean(axis=2)
    if plane.shape[0] < 2 * FIELD or plane.shape[1] < WIDTH:
        return None
    top, bottom = (_bits(plane[y : y + FIELD]) for y in (0, plane.shape[0] - FIELD))
    return top if top ^ bottom == (1 << BITS) - 1 else None


def _bits(strip):
    margin = FIELD // 4
    middles = [
        strip[margin:-margin, bit * FIELD + margin : (bit + 1) * FIELD - margin].mean()
        for bit in range(BITS)
    ]
    return sum(bool(middle > (_LOW + _HIGH) / 2) << bit for bit, middle in enumerate(middles))


def psnr(one, other):
    """Decibels; infinite for equal pictures."""
    error = np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2)
    return np.inf if error == 0 else 10 * np.log10(255**2 / error)
