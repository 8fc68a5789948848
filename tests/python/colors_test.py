# SPDX-License-Identifier: MIT
"""to_bgr() of every format."""
import numpy as np
import pytest
from pictures import FORMATS

from mmapvideo import _to_bgr as to_bgr

# Blue, green, red.
COLORS = [(0, 0, 0), (255, 255, 255), (0, 0, 255), (0, 255, 0), (255, 0, 0), (40, 120, 200)]
MATRICES = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}


def to_yuv(bgr, matrix, full_range):
    """By the definition of the standards, in units of 8 bits."""
    red_share, blue_share = MATRICES[matrix]
    blue, green, red = (value / 255 for value in bgr)
    luma = red_share * red + (1 - red_share - blue_share) * green + blue_share * blue
    cb, cr = (blue - luma) / (2 * (1 - blue_share)), (red - luma) / (2 * (1 - red_share))
    if full_range:
        return luma * 255, cb * 255 + 128, cr * 255 + 128
    return luma * 219 + 16, cb * 224 + 128, cr * 224 + 128


def full(value, *shape, dtype=np.uint8):
    if dtype == np.uint16:
        return np.full(shape, min(round(value * 256), 65535), dtype)
    return np.full(shape, min(round(value), 255), dtype)


def planes_of(format_name, yuv, width, height):
    y, u, v = yuv
    half = ((height + 1) // 2, (width + 1) // 2)
    if format_name == "I420":
        return full(y, height, width), full(u, *half), full(v, *half)
    if format_name in ("NV12", "P010_10LE"):
        dtype = np.uint16 if format_name == "P010_10LE" else np.uint8
        chroma = np.stack([full(u, *half, dtype=dtype), full(v, *half, dtype=dtype)], axis=2)
        return full(y, height, width, dtype=dtype), chroma
    packed = np.zeros((height, (width + 1) // 2 * 2, 2), np.uint8)
    luma, chroma = (0, 1) if format_name == "YUY2" else (1, 0)
    packed[..., luma] = round(y)
    packed[:, 0::2, chroma] = full(u, height, 1)
    packed[:, 1::2, chroma] = full(v, height, 1)
    return (packed,)


@pytest.mark.parametrize("size", [(16, 8), (5, 3), (1, 1)])
@pytest.mark.parametrize("format_name", ["NV12", "I420", "YUY2", "UYVY", "P010_10LE"])
@pytest.mark.parametrize(
    "colorimetry, matrix, full_range",
    [
        ("bt601", "bt601", False),
        ("bt709", "bt709", False),
        ("", "bt601", False),
        ("1:4:0:0", "bt601", True),
        ("1:3:5:1", "bt709", True),
        ("bt2020-10", "bt2020", False),
    ],
)
def test_yuv_becomes_the_colors_it_was_made_of(
    format_name, size, colorimetry, matrix, full_range
):
    for color in COLORS:
        planes = planes_of(format_name, to_yuv(color, matrix, full_range), *size)
        bgr = to_bgr.convert(format_name, *size, colorimetry, planes)
        assert bgr.shape == (size[1], size[0], 3) and bgr.dtype == np.uint8
        # Samples were rounded to whole numbers, and some matrices stretch that.
        assert np.abs(bgr.astype(int) - color).max() <= 3, color


def test_large_pictures_are_bt709_if_nobody_says_otherwise():
    planes = planes_of("I420", to_yuv((40, 120, 200), "bt709", False), 4, 4)
    bgr = to_bgr.convert("I420", 4, 720, "", planes)
    assert np.abs(bgr.astype(int) - (40, 120, 200)).max() <= 3


def test_opencv_and_numpy_agree(monkeypatch):
    pytest.importorskip("cv2")
    random = np.random.default_rng(1)
    flat = random.integers(16, 236, (48, 64, 2), dtype=np.uint8)
    chroma = random.integers(16, 236, (24, 32, 2), dtype=np.uint8)
    pictures = {"NV12": (flat[..., 0], chroma), "YUY2": (flat,), "UYVY": (flat,)}
    by_opencv = {
        name: to_bgr.convert(name, 64, 48, "bt601", planes) for name, planes in pictures.items()
    }
    monkeypatch.setattr(to_bgr, "_by_opencv", lambda *_: None)
    for name, planes in pictures.items():
        by_numpy = to_bgr.convert(name, 64, 48, "bt601", planes)
        assert np.abs(by_opencv[name].astype(int) - by_numpy).max() <= 2


@pytest.mark.parametrize(
    "format_name, order", [("BGR", (0, 1, 2)), ("RGB", (2, 1, 0)), ("BGRx", (0, 1, 2)),
                           ("RGBA", (2, 1, 0))]
)
def test_rgb_is_reordered(format_name, order):
    channels = 3 if len(format_name) == 3 else 4
    pixels = np.arange(5 * 3 * channels, dtype=np.uint8).reshape(3, 5, channels)
    bgr = to_bgr.convert(format_name, 5, 3, "sRGB", (pixels,))
    assert np.array_equal(bgr, pixels[..., list(order)])
    assert bgr.flags.owndata and bgr.flags.c_contiguous and bgr.flags.writeable


def test_grey_becomes_three_equal_channels():
    grey = np.arange(15, dtype=np.uint8).reshape(3, 5)
    assert np.array_equal(to_bgr.convert("GRAY8", 5, 3, "", (grey,))[..., 2], grey)
    deep = grey.astype(np.uint16) << 8
    assert np.array_equal(to_bgr.convert("GRAY16_LE", 5, 3, "", (deep,))[..., 1], grey)


def test_unknown_formats_are_refused():
    with pytest.raises(ValueError, match="v210"):
        to_bgr.convert("v210", 5, 3, "", (np.zeros((3, 128), np.uint8),))
    # Rows of bytes, as a plane that is not what its format says is given.
    with pytest.raises(ValueError, match="BGR"):
        to_bgr.convert("BGR", 5, 3, "", (np.zeros((3, 7), np.uint8),))


def test_every_format_that_can_be_written_can_be_converted():
    for format_name in FORMATS:
        assert format_name[:3] in ("BGR", "RGB") or format_name.startswith("GRAY") or (
            planes_of(format_name, (16, 128, 128), 2, 2)
        )
