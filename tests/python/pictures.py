# SPDX-License-Identifier: MIT
"""Pictures that tell which frame they belong to, byte for byte, as interop_peer.cpp makes them."""
import numpy as np

from mmapvideo.formats import COMPONENTS, layout_of

FORMATS = list(COMPONENTS)
# Even, odd in every direction, and small.
SIZES = [(64, 48), (641, 479), (5, 3), (1, 1)]


def plane_bytes(seed, index, plane):
    """The picture bytes of one plane: rows x row_bytes."""
    rows = np.arange(plane.rows, dtype=np.int64)[:, None]
    columns = np.arange(plane.row_bytes, dtype=np.int64)[None, :]
    values = seed * 31 + index * 101 + rows * 7 + columns * 3 + (columns >> 8) * 5
    return values.astype(np.uint8)


def picture(format_name, width, height, seed):
    """All planes, as arrays of the shape that Writer.write() takes."""
    planes = []
    layout = layout_of(format_name, width, height)
    for index, (plane, component) in enumerate(zip(layout.planes, COMPONENTS[format_name])):
        data = plane_bytes(seed, index, plane)
        items = data.view("<u2") if component.item_bytes == 2 else data
        shape = (plane.rows, component.columns(width))
        planes.append(items.reshape(shape + ((component.channels,) if component.channels > 1 else ())))
    return tuple(planes)


def write_picture(writer, format_name, width, height, seed):
    return writer.write(picture(format_name, width, height, seed), pts_ns=seed)


class Verdict(str):
    """True if there is nothing to say against it; a failing assertion shows what there is."""

    def __bool__(self):
        return len(self) == 0


WHOLE = Verdict()


def is_whole(frame):
    """Are these the pixels of the frame's seed, its pts?"""
    payload = np.frombuffer(frame.payload, np.uint8)
    for index, plane in enumerate(frame.layout):
        rows = np.lib.stride_tricks.as_strided(
            payload[plane.offset :], (plane.rows, plane.row_bytes), (plane.stride, 1)
        )
        expected = plane_bytes(frame.pts_ns, index, plane)
        different = np.argwhere(rows != expected)
        if len(different):
            row, column = different[0]
            return Verdict(
                f"{frame!r} of seed {frame.pts_ns}: {len(different)} of {rows.size} bytes of plane "
                f"{index} differ, first row {row}, byte {column}: {rows[row, column]} instead of "
                f"{expected[row, column]}; last row {different[-1][0]}, byte {different[-1][1]}"
            )
    return WHOLE


def are_whole(frames):
    return Verdict("; ".join(verdict for verdict in map(is_whole, frames) if not verdict))


# Small frames, for tests in which what they show does not matter.
SMALL = {"format": "GRAY8", "width": 64, "height": 64, "fps": 30}
SMALL_PLANE = layout_of("GRAY8", 64, 64).planes[0]


def write_small(writer, seed):
    return writer.write(plane_bytes(seed, 0, SMALL_PLANE), pts_ns=seed)
