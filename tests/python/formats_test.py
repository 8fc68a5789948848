# SPDX-License-Identifier: MIT
"""Planes and caps are as GStreamer has them (gst_video_info_set_format, gst_video_info_to_caps)."""
from fractions import Fraction

import pytest

from mmapvideo.formats import COMPONENTS, caps_of, framerate_of, layout_of

# Format: width x height, payload bytes, offset:stride of each plane; written down from GStreamer.
GSTREAMER = """
BGR 640x480 921600 0:1920
BGR 641x479 921596 0:1924
BGR 5x3 48 0:16
BGRx 5x3 60 0:20
GRAY8 641x479 308476 0:644
GRAY16_LE 641x479 615036 0:1284
GRAY16_LE 1x1 4 0:4
NV12 641x479 463680 0:644 309120:644
NV12 5x3 48 0:8 32:8
NV12 1x1 12 0:4 8:4
I420 641x479 464640 0:644 309120:324 386880:324
I420 5x3 48 0:8 32:4 40:4
I420 1x1 16 0:4 8:4 12:4
I420 720x576 622080 0:720 414720:360 518400:360
YUY2 641x479 615036 0:1284
UYVY 5x3 36 0:12
YUY2 1x1 4 0:4
P010_10LE 641x479 924480 0:1284 616320:1284
P010_10LE 5x3 72 0:12 48:12
"""
SD = "chroma-site=(string)jpeg, colorimetry=(string)bt601"
HD = "chroma-site=(string)mpeg2, colorimetry=(string)bt709"


@pytest.mark.parametrize("line", GSTREAMER.strip().splitlines())
def test_planes_are_where_gstreamer_has_them(line):
    name, size, payload_bytes, *planes = line.split()
    layout = layout_of(name, *map(int, size.split("x")))
    assert layout.payload_bytes == int(payload_bytes)
    assert [f"{plane.offset}:{plane.stride}" for plane in layout.planes] == planes


@pytest.mark.parametrize("name", COMPONENTS)
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 5), (641, 479), (1920, 1080)])
def test_planes_do_not_overlap_and_fill_the_payload(name, size):
    layout, end = layout_of(name, *size), 0
    for plane in layout.planes:
        assert plane.offset >= end and plane.row_bytes <= plane.stride
        assert plane.lies_within(layout.payload_bytes)
        end = plane.offset + plane.stride * (plane.rows - 1) + plane.row_bytes
    assert layout.tight_bytes <= layout.payload_bytes


@pytest.mark.parametrize(
    "name, size, colors",
    [
        ("BGR", (640, 480), "colorimetry=(string)sRGB"),
        ("BGRx", (3840, 2160), "colorimetry=(string)sRGB"),
        ("GRAY16_LE", (640, 480), "colorimetry=(string)1:4:0:0"),
        ("NV12", (720, 576), SD),
        ("I420", (1280, 720), HD),
        ("YUY2", (641, 479), SD),
        ("P010_10LE", (3840, 2160), HD),
    ],
)
def test_caps_are_those_that_gstreamer_writes(name, size, colors):
    assert caps_of(layout_of(name, *size), (30, 1)) == (
        f"video/x-raw, format=(string){name}, width=(int){size[0]}, height=(int){size[1]}, "
        "interlace-mode=(string)progressive, pixel-aspect-ratio=(fraction)1/1, "
        f"{colors}, framerate=(fraction)30/1"
    )


@pytest.mark.parametrize(
    "rate, expected",
    [
        (30, (30, 1)), (0, (0, 1)), (25.0, (25, 1)), (29.97, (30000, 1001)),
        (23.976, (24000, 1001)), (59.94, (60000, 1001)), (12.5, (25, 2)), (0.1, (1, 10)),
        (Fraction(30000, 1001), (30000, 1001)), ((24000, 1001), (24000, 1001)),
    ],
)
def test_frame_rates_are_exact(rate, expected):
    assert framerate_of(rate) == expected


@pytest.mark.parametrize("rate", [-1, float("nan"), float("inf"), (30, 0), (-1, 1), 1e12])
def test_what_is_no_frame_rate_is_refused(rate):
    with pytest.raises(ValueError):
        framerate_of(rate)
