# SPDX-License-Identifier: MIT
"""Pixels of any format as blue, green, red bytes."""
from __future__ import annotations

import importlib
from typing import Any, NamedTuple, Sequence, Tuple

from mmapvideo import _arrays as arrays
from mmapvideo.formats import COMPONENTS, colorimetry_of


class Colorimetry(NamedTuple):
    """The part of a colorimetry that matters here: red's and blue's share of luma, and the range."""

    red: float
    blue: float
    full_range: bool


# GStreamer writes well-known combinations by name, others as range:matrix:transfer:primaries.
_NAMED = {
    "bt601": "2:4", "bt709": "2:3", "smpte240m": "2:5", "sRGB": "1:1",
    "bt2020": "2:6", "bt2020-10": "2:6", "bt2100-pq": "2:6", "bt2100-hlg": "2:6",
}
_MATRICES = {
    "2": (0.30, 0.11), "3": (0.2126, 0.0722), "4": (0.299, 0.114), "5": (0.212, 0.087),
    "6": (0.2627, 0.0593),
}
_ORDERS = {"BGR": slice(0, 3), "RGB": slice(2, None, -1)}


def colorimetry(text: str, format_name: str, height: int) -> Colorimetry:
    """What the string says; for what it leaves open, what GStreamer would take."""
    for known in (text, colorimetry_of(format_name, height)):
        numbers = _NAMED.get(known, known).split(":")
        if len(numbers) > 1 and numbers[1] in _MATRICES:
            return Colorimetry(*_MATRICES[numbers[1]], full_range=numbers[0] == "1")
    return Colorimetry(*_MATRICES["4"], full_range=False)


def convert(
    format_name: str, width: int, height: int, colorimetry_text: str, planes: Sequence[Any]
) -> Any:
    """A new rows x pixels x 3 array from the arrays of these planes. Raises ValueError."""
    np = arrays.numpy()
    if np is None:
        raise ValueError("to_bgr() needs numpy: install it, or use the frame's planes.")
    known = COMPONENTS.get(format_name, ())
    usable = len(planes) == len(known) and all(
        plane.ndim == (3 if component.channels > 1 else 2)
        and plane.dtype.itemsize == component.item_bytes
        for plane, component in zip(planes, known)
    )
    if not known or not usable:
        raise ValueError(f'to_bgr() does not know frames of the format "{format_name}" like this one.')
    if format_name[:3] in _ORDERS:
        return planes[0][..., _ORDERS[format_name[:3]]].copy(order="C")
    if format_name.startswith("GRAY"):
        grey = planes[0] >> 8 if format_name == "GRAY16_LE" else planes[0]
        return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    color = colorimetry(colorimetry_text, format_name, height)
    out = _by_opencv(format_name, width, color, planes)
    return _by_numpy(np, format_name, width, color, planes) if out is None else out


def _by_opencv(format_name: str, width: int, color: Colorimetry, planes: Sequence[Any]) -> Any:
    """None: OpenCV is not there, or knows no such conversion; it has BT.601 of limited range."""
    rows = planes[0].shape[0]
    if color != Colorimetry(*_MATRICES["4"], full_range=False) or width % 2 or rows % 2:
        return None
    if format_name not in ("NV12", "YUY2", "UYVY"):
        return None
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError:
        return None
    if format_name == "NV12":
        return cv2.cvtColorTwoPlane(planes[0], planes[1], cv2.COLOR_YUV2BGR_NV12)
    code = cv2.COLOR_YUV2BGR_YUY2 if format_name == "YUY2" else cv2.COLOR_YUV2BGR_UYVY
    return cv2.cvtColor(planes[0], code)


def _samples(np: Any, format_name: str, planes: Sequence[Any]) -> Tuple[Any, Any, Any]:
    """Luma in full size and both chromas in theirs."""
    if format_name in ("NV12", "P010_10LE"):
        return planes[0], planes[1][..., 0], planes[1][..., 1]
    if format_name == "I420":
        return planes[0], planes[1], planes[2]
    luma, chroma = (0, 1) if format_name == "YUY2" else (1, 0)
    return planes[0][..., luma], planes[0][:, 0::2, chroma], planes[0][:, 1::2, chroma]


def _by_numpy(
    np: Any, format_name: str, width: int, color: Colorimetry, planes: Sequence[Any]
) -> Any:
    y, u, v = _samples(np, format_name, planes)
    # Samples of 16 bits carry 10 in their upper bits: in units of 8 bits they have fractions.
    unit = np.float32(1 / 256 if y.dtype.itemsize == 2 else 1)
    rows = y.shape[0]
    step = -(-rows // max(u.shape[0], 1))

    def spread(samples: Any) -> Any:
        samples = samples.astype(np.float32) * unit - np.float32(128)
        return samples.repeat(step, axis=0)[:rows].repeat(2, axis=1)[:, :width]

    luma = y[:, :width].astype(np.float32) * unit
    cb, cr = spread(u), spread(v)
    if not color.full_range:
        luma = (luma - np.float32(16)) * np.float32(255 / 219)
        cb *= np.float32(255 / 224)
        cr *= np.float32(255 / 224)
    red_span, blue_span = 2 * (1 - color.red), 2 * (1 - color.blue)
    green = 1 - color.red - color.blue
    out = np.empty((rows, width, 3), np.uint8)
    for channel, values in (
        (0, luma + cb * np.float32(blue_span)),
        (
            1,
            luma
            - cb * np.float32(blue_span * color.blue / green)
            - cr * np.float32(red_span * color.red / green),
        ),
        (2, luma + cr * np.float32(red_span)),
    ):
        out[..., channel] = np.clip(np.rint(values), 0, 255)
    return out
