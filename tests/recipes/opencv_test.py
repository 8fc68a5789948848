# SPDX-License-Identifier: MIT
"""OpenCV with GStreamer, and OpenCV without: reading a camera, and publishing results."""
import subprocess
import sys

import numpy as np
import pytest

import mmapvideo
from cameras import COUNT, RATE, assert_follow, take
from programs import until

cv2 = pytest.importorskip("cv2", reason="OpenCV for Python is not installed")

HAS_GSTREAMER = any(
    line.split()[:2] == ["GStreamer:", "YES"] for line in cv2.getBuildInformation().splitlines()
)
with_gstreamer = pytest.mark.skipif(not HAS_GSTREAMER, reason="this OpenCV was built without GStreamer")
READING = ["opencv-pip", pytest.param("opencv-gstreamer", marks=with_gstreamer)]
WRITING = ["opencv-pip-write", pytest.param("opencv-gstreamer-write", marks=with_gstreamer)]
OTHER = {"width": 352, "height": 288}


def shown(program):
    """MD5 and shape of each picture in the window."""
    lines = [line.split() for line in program.output.splitlines()]
    return [(w[0], tuple(map(int, w[1:]))) for w in lines if len(w) == 4 and len(w[0]) == 32]


@pytest.mark.parametrize("name", READING)
def test_every_picture_in_opencv_is_the_cameras_bit_for_bit(recipe, camera, cam, name):
    shooting = camera(format_name="BGR")
    program = recipe(name, CAM=cam)
    until(lambda: len(shown(program)) >= 25, "pictures", program)
    shooting.stop()
    assert program.succeeds().endswith("end\n"), "read() is not False at the end"
    assert {shape for _, shape in shown(program)} == {(240, 320, 3)}
    assert_follow([shooting.clip.sums.get(name) for name, _ in shown(program)])


@pytest.mark.parametrize("name", READING)
def test_reading_goes_on_when_the_camera_was_killed_and_comes_back_otherwise(
    recipe, camera, cam, name
):
    first = camera(format_name="BGR")
    program = recipe(name, CAM=cam)
    until(lambda: len(shown(program)) >= 5, "pictures", program)
    first.kill()
    before = len(shown(program))
    second = camera(format_name="BGR", **OTHER)
    until(lambda: len(shown(program)) >= before + 10, "pictures after the crash", program)
    second.stop()
    assert program.succeeds().endswith("end\n")
    for clip, shape in ((first.clip, (240, 320, 3)), (second.clip, (288, 352, 3))):
        numbers = [clip.sums.get(name) for name, found in shown(program) if found == shape]
        assert len(numbers) >= 5
        assert_follow(numbers)


@pytest.mark.parametrize("name", WRITING)
def test_what_opencv_made_of_each_frame_is_published_bit_for_bit(recipe, camera, cam, place, name):
    shooting = camera(format_name="BGR")
    program = recipe(name, CAM=cam, OUT=place("edges"))
    frames = take(place("edges"), 25)
    shooting.stop()
    program.succeeds()
    edges = {_edges(shooting.clip, number): number for number in range(COUNT)}
    assert_follow([edges.get(frame.array.tobytes()) for frame in frames])
    assert {frame.format for frame in frames} == {"GRAY8"}


def _edges(clip, number):
    picture = np.frombuffer(clip.picture(number), np.uint8).reshape(clip.height, clip.width, 3)
    return cv2.Canny(picture, 100, 200).tobytes()


@pytest.mark.parametrize("name", WRITING)
def test_readers_of_the_results_see_the_end(recipe, camera, cam, place, name):
    with mmapvideo.Reader(place("edges"), copy=True) as reader:
        shooting = camera(format_name="BGR")
        program = recipe(name, CAM=cam, OUT=place("edges"))
        assert take(None, 5, reader=reader)
        shooting.stop()
        program.succeeds()
        while reader.read(30) is not None:
            pass
        assert reader.ended


def test_the_results_have_the_times_of_their_frames(recipe, camera, cam, place):
    shooting = camera(format_name="BGR")
    program = recipe("opencv-pip-write", CAM=cam, OUT=place("edges"))
    for result in take(place("edges"), 10):
        number = round(result.pts_ns * RATE / 1e9) % COUNT
        assert result.array.tobytes() == _edges(shooting.clip, number)
    shooting.stop()
    program.succeeds()


@with_gstreamer
def test_opencv_gives_up_in_time_where_the_pipeline_says_so(cam):
    code = (
        "import cv2, sys; print(cv2.VideoCapture(f'mmapsrc location=\"{sys.argv[1]}\" "
        "timeout=200000000 on-disconnect=error ! videoconvert ! appsink', "
        "cv2.CAP_GSTREAMER).isOpened())"
    )
    words = [sys.executable, "-c", code, cam]
    answer = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout == "False\n" and "No frame came from" in answer.stderr
