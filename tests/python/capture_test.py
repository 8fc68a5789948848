# SPDX-License-Identifier: MIT
"""VideoCapture as OpenCV users type it."""
import threading

import numpy as np
import pytest

import mmapvideo
from mmapvideo import capture

RED = np.full((48, 64, 3), (0, 0, 255), np.uint8)


def test_read_gives_pictures_of_the_callers_own(path):
    with mmapvideo.Writer(path, "BGR", 64, 48, fps=25) as writer:
        camera = mmapvideo.VideoCapture(path)
        assert camera.isOpened()
        writer.write(RED)
        ok, image = camera.read()
        assert ok and image.shape == (48, 64, 3) and image.dtype == np.uint8
        assert np.array_equal(image, RED)
        image[:] = 0
        assert writer.stats.dropped == 0
        camera.release()
        assert not camera.isOpened() and camera.read() == (False, None)


def test_rgb_and_yuv_arrive_as_bgr(path):
    with mmapvideo.Writer(path, "RGB", 64, 48) as writer:
        with mmapvideo.VideoCapture(path) as camera:
            writer.write(RED[..., ::-1])
            assert np.array_equal(camera.read()[1], RED)
            writer.set_format("NV12", 64, 48)
            luma, chroma = np.full((48, 64), 81, np.uint8), np.zeros((24, 32, 2), np.uint8)
            chroma[:] = (90, 240)
            writer.write((luma, chroma))
            assert np.abs(camera.read()[1].astype(int) - RED).max() <= 3


def test_grab_and_retrieve(path):
    with mmapvideo.Writer(path, "BGR", 64, 48) as writer:
        with mmapvideo.VideoCapture(path, read_timeout=0.01) as camera:
            assert camera.retrieve() == (False, None)
            assert not camera.grab()
            writer.write(RED)
            assert camera.grab()
            for _ in range(2):
                ok, image = camera.retrieve()
                assert ok and np.array_equal(image, RED)
            assert camera.read() == (False, None)


def test_properties_before_the_first_read_do_not_lose_a_frame(path):
    with mmapvideo.Writer(path, "NV12", 64, 48, fps=29.97) as writer:
        with mmapvideo.VideoCapture(path) as camera:
            assert camera.set(capture.CAP_PROP_OPEN_TIMEOUT_MSEC, 0)
            threading.Timer(0.05, writer.write, (bytes(64 * 72),), {"pts_ns": 5_000_000}).start()
            assert camera.get(capture.CAP_PROP_FRAME_WIDTH) == 64
            assert camera.get(capture.CAP_PROP_FRAME_HEIGHT) == 48
            assert round(camera.get(capture.CAP_PROP_FPS), 2) == 29.97
            assert int(camera.get(capture.CAP_PROP_FOURCC)).to_bytes(4, "little") == b"NV12"
            assert camera.get(capture.CAP_PROP_POS_FRAMES) == 1
            assert camera.get(capture.CAP_PROP_POS_MSEC) == 5
            assert camera.get(12345) == 0
            assert camera.read()[0]
            assert camera.get(capture.CAP_PROP_FRAME_WIDTH) == 64


def test_properties_without_a_writer_are_zero_after_a_time(path):
    with mmapvideo.VideoCapture(path) as camera:
        assert camera.set(capture.CAP_PROP_OPEN_TIMEOUT_MSEC, 10)
        assert camera.get(capture.CAP_PROP_FRAME_WIDTH) == 0


def test_pictures_may_be_had_in_their_own_format(path):
    with mmapvideo.Writer(path, "GRAY16_LE", 64, 48) as writer:
        with mmapvideo.VideoCapture(path) as camera:
            assert camera.set(capture.CAP_PROP_CONVERT_RGB, 0)
            assert not camera.set(capture.CAP_PROP_FRAME_WIDTH, 640)
            writer.write(np.full((48, 64), 1000, np.uint16))
            image = camera.read()[1]
            assert image.dtype == np.uint16 and image.flags.writeable and (image == 1000).all()


def test_end_is_false_and_the_next_session_goes_on(path):
    with mmapvideo.VideoCapture(path) as camera:
        for _ in range(2):
            with mmapvideo.Writer(path, "BGR", 64, 48) as writer:
                writer.write(RED)
                assert camera.read()[0]
            assert camera.read() == (False, None)


def test_what_is_no_video_is_an_error(path):
    with open(path, "w", encoding="ascii") as file:
        file.write("something else")
    with pytest.raises(mmapvideo.NotAVideoFile):
        mmapvideo.VideoCapture(path)
