# SPDX-License-Identifier: MIT
"""What users get to see of a payload, and what they may bring."""
import array
import ctypes

import numpy as np
import pytest
from pictures import FORMATS, SIZES, is_whole, picture, write_picture

import mmapvideo
from mmapvideo import _arrays as arrays
from mmapvideo.formats import layout_of


@pytest.fixture
def without_numpy(monkeypatch):
    monkeypatch.setattr(arrays, "_numpy", None)
    monkeypatch.setattr(arrays, "_looked_for_numpy", True)


def round_trip(path, format_name, size, data, **reader_options):
    with mmapvideo.Writer(path, format_name, *size, fps=30) as writer:
        with mmapvideo.Reader(path, **reader_options) as reader:
            assert writer.write(data, pts_ns=7) == 1
            return reader.read()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("format_name", FORMATS)
def test_planes_arrive_bit_for_bit(path, format_name, size):
    sent = picture(format_name, *size, seed=7)
    frame = round_trip(path, format_name, size, sent)
    assert is_whole(frame)
    assert len(frame.planes) == len(sent)
    for plane, found in zip(sent, frame.planes):
        assert found.dtype == plane.dtype and np.array_equal(found, plane)
    assert (frame.format, frame.width, frame.height) == (format_name, *size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("format_name", FORMATS)
def test_planes_arrive_bit_for_bit_without_numpy(path, format_name, size, without_numpy):
    sent = picture(format_name, *size, seed=7)
    frame = round_trip(path, format_name, size, b"".join(plane.tobytes() for plane in sent))
    assert is_whole(frame)
    for plane, view, place in zip(sent, frame.planes, frame.layout):
        if place.stride == place.row_bytes or place.rows == 1:
            assert view.shape == plane.shape and view.tobytes() == plane.tobytes()
        else:
            assert view.ndim == 1 and view[: place.row_bytes] == plane.tobytes()[: place.row_bytes]


@pytest.mark.parametrize("format_name", ["I420", "NV12", "BGR", "P010_10LE", "GRAY8"])
def test_padded_tight_and_strided_data_are_the_same_frame(path, format_name):
    size = (66, 47)
    sent = picture(format_name, *size, seed=3)
    layout = layout_of(format_name, *size)
    tight = b"".join(plane.tobytes() for plane in sent)
    assert len(tight) == layout.tight_bytes != layout.payload_bytes
    with mmapvideo.Writer(path, format_name, *size) as writer:
        with mmapvideo.Reader(path) as reader:
            writer.write(sent, pts_ns=3)
            padded = bytes(reader.read().payload)
            wide = tuple(np.repeat(plane, 2, axis=1)[:, ::2] for plane in sent)
            for data in (tight, bytearray(tight), padded, memoryview(padded), wide):
                writer.write(data, pts_ns=3)
                assert is_whole(reader.read())


def test_opencv_layout_of_i420_is_taken(path):
    data = np.arange(64 * 72, dtype=np.uint8).reshape(72, 64)
    frame = round_trip(path, "I420", (64, 48), data)
    assert bytes(frame.payload) == data.tobytes()


SHAPE = "an array of 48 x 64 x 3 uint8, not of "
REFUSED = [
    ("BGR", np.zeros((48, 64, 4), np.uint8), SHAPE + "48 x 64 x 4 uint8"),
    ("BGR", np.zeros((64, 48, 3), np.uint8), SHAPE + "64 x 48 x 3 uint8"),
    ("BGR", np.zeros((48, 64), np.uint8), SHAPE + "48 x 64 uint8"),
    ("BGR", np.zeros((48, 64, 3), np.float64), SHAPE + "48 x 64 x 3 float64"),
    ("BGR", np.zeros((48, 64, 3), np.int8), SHAPE + "48 x 64 x 3 int8"),
    ("BGR", np.zeros((48, 64, 3), bool), SHAPE + "48 x 64 x 3 bool"),
    ("BGR", b"too short", "has 9216 bytes; this one has 9"),
    ("BGR", None, "is an array or bytes, not NoneType"),
    ("BGR", "text", "is an array or bytes, not str"),
    ("BGR", (np.zeros((48, 64, 3), np.uint8),) * 2, "has one plane; this tuple has 2"),
    ("GRAY8", np.zeros((48, 32), np.uint16), "48 x 64 uint8, not of 48 x 32 uint16"),
    ("GRAY16_LE", np.zeros((48, 64), np.uint8), "48 x 64 uint16, not of 48 x 64 uint8"),
    ("GRAY16_LE", np.zeros((48, 64), np.float16), "48 x 64 uint16, not of 48 x 64 float16"),
    ("GRAY16_LE", np.zeros((48, 64), ">u2"), "48 x 64 uint16, not of 48 x 64 >u2"),
    ("NV12", (np.zeros((48, 64), np.uint8),), "has 2 planes; this tuple has 1"),
    ("NV12", (np.zeros((48, 64), np.uint8), np.zeros((24, 64), np.uint8)),
     "Plane 1 of a 64x48 picture in NV12 is an array of 24 x 32 x 2 uint8, not of 24 x 64 uint8"),
    ("NV12", (bytes(64 * 48), bytes(5)), "has 4608 bytes; this one has 5"),
    ("I420", np.zeros((36, 32), np.float16), "bytes or an array of uint8, not 36 x 32 float16"),
    ("P010_10LE", np.zeros((72, 64), np.float32), "an array of uint16, not 72 x 64 float32"),
]


@pytest.mark.parametrize("format_name, data, message", REFUSED)
def test_what_is_no_such_picture_is_refused_with_what_was_expected_and_what_came(
    path, format_name, data, message
):
    with mmapvideo.Writer(path, format_name, 64, 48) as writer:
        with pytest.raises(ValueError, match="64x48 picture in " + format_name) as caught:
            writer.write(data)
        assert message in str(caught.value)
        with mmapvideo.Reader(path) as reader:
            assert reader.read(timeout=0) is None, "nothing was published"
            assert write_picture(writer, format_name, 64, 48, 1) == 1
            assert is_whole(reader.read())


@pytest.mark.parametrize(
    "data",
    [bytearray(9216), memoryview(bytes(9216)), array.array("B", bytes(9216)),
     (ctypes.c_ubyte * 9216)(), [np.zeros((48, 64, 3), np.uint8)],
     np.zeros((48, 64, 3), np.uint8)[:, ::-1], np.zeros((96, 64, 3), np.uint8)[::-2]],
)
def test_everything_that_has_the_bytes_of_the_picture_is_taken(path, data):
    with mmapvideo.Writer(path, "BGR", 64, 48) as writer, mmapvideo.Reader(path) as reader:
        writer.write(data)
        assert not reader.read().array.any()


def test_arrays_are_the_shared_memory_and_read_only(path):
    with mmapvideo.Writer(path, "BGR", 64, 48) as writer, mmapvideo.Reader(path) as reader:
        writer.write(bytes(64 * 48 * 3))
        frame = reader.read()
        assert not frame.is_copy and not frame.array.flags.owndata
        with pytest.raises(ValueError):
            frame.array[0, 0, 0] = 1
        with pytest.raises(ValueError):
            frame.array.flags.writeable = True
        with pytest.raises(TypeError):
            frame.payload[0] = 1


def test_copies_are_the_callers_own(path):
    frame = round_trip(path, "BGR", (64, 48), bytes(64 * 48 * 3), copy=True)
    assert frame.is_copy
    frame.array[0, 0, 0] = 1
    copy = frame.copy()
    copy.array[0, 0, 0] = 2
    assert (frame.array[0, 0, 0], copy.array[0, 0, 0]) == (1, 2)
    assert (copy.number, copy.pts_ns, copy.format) == (frame.number, 7, "BGR")


def test_copy_of_a_frame_in_place_outlives_its_lease(path):
    with mmapvideo.Writer(path, "GRAY8", 8, 8, slots=2) as writer:
        with mmapvideo.Reader(path) as reader:
            writer.write(bytes(range(64)))
            with reader.read() as frame:
                copy = frame.copy()
            for _ in range(5):
                writer.write(bytes(64))
            assert bytes(copy.payload) == bytes(range(64))


def test_released_frame_says_so(path):
    frame = round_trip(path, "GRAY8", (8, 8), bytes(64))
    with frame:
        assert frame.array.shape == (8, 8)
    for name in ("array", "planes", "payload"):
        with pytest.raises(mmapvideo.Closed):
            getattr(frame, name)
    frame.release()
    assert frame.number == 1


def test_writing_in_place_gives_arrays_that_close_with_the_block(path):
    with mmapvideo.Writer(path, "NV12", 64, 48) as writer, mmapvideo.Reader(path) as reader:
        sent = picture("NV12", 64, 48, seed=9)
        in_place = writer.frame(pts_ns=9, metadata=b"beside")
        with in_place as (luma, chroma):
            luma[:], chroma[:] = sent
            assert reader.read(timeout=0) is None
        assert in_place.number == 1
        frame = reader.read()
        assert is_whole(frame) and frame.metadata == b"beside"
        with pytest.raises(ValueError):
            luma[:] = 0
        with pytest.raises(RuntimeError):
            with writer.frame() as (luma, chroma):
                raise RuntimeError
        assert reader.read(timeout=0) is None
        writer.write(sent)
        assert reader.read().number == 2


def test_writing_in_place_without_numpy_gives_flat_memory(path, without_numpy):
    with mmapvideo.Writer(path, "GRAY8", 8, 8) as writer, mmapvideo.Reader(path) as reader:
        with writer.frame() as view:
            view[:] = bytes(range(64))
        assert bytes(reader.read().payload) == bytes(range(64))


def test_what_frames_say_about_themselves(path):
    with mmapvideo.Writer(path, "NV12", 1280, 720, fps=29.97) as writer:
        with mmapvideo.Reader(path) as reader:
            writer.write(bytes(1280 * 720 * 3 // 2), metadata=b"m")
            frame = reader.read()
            assert frame.caps == writer.caps
            assert frame.framerate == (30000, 1001) and round(frame.fps, 2) == 29.97
            assert frame.duration_ns == 33366666
            assert (frame.colorimetry, frame.chroma_site) == ("bt709", "mpeg2")
            assert frame.pts_ns == 0 and frame.clock_time_ns <= frame.publish_time_ns
            assert frame.latency_ns >= 0 and frame.flags == 0 and frame.dts_ns is None
            assert frame.metadata == b"m" and "NV12 1280x720" in repr(frame)
