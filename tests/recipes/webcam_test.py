# SPDX-License-Identifier: MIT
"""The webcam: on a v4l2loopback device where there is one, and everything but it elsewhere."""
import glob
import os

import pytest

from programs import needs, until

pytestmark = needs("gst-launch-1.0", "v4l2sink videoscale")


def loopback_devices():
    """Numbers of those that this process may write to."""
    found = []
    for path in glob.glob("/sys/devices/virtual/video4linux/video*"):
        number = path.rpartition("video")[2]
        if os.access(f"/dev/video{number}", os.W_OK):
            found.append(number)
    return found


def test_programs_see_the_camera_as_a_webcam(recipe, start, camera, cam, place):
    devices = loopback_devices()
    if not devices:
        pytest.skip("no v4l2loopback device here, or no permission to write to it")
    camera()
    program = recipe("webcam", CAM=cam, DEVICE=devices[0])
    until(lambda: "PLAYING" in program.output, "the pipeline", program)
    picture = place("picture.yuv")
    start(
        f"gst-launch-1.0 v4l2src device=/dev/video{devices[0]} num-buffers=10 ! "
        f"video/x-raw,format=YUY2,width=1280,height=720 ! filesink location='{picture}'"
    ).succeeds()
    assert os.path.getsize(picture) == 10 * 1280 * 720 * 2


def test_without_the_device_it_is_the_only_thing_that_is_missing(recipe, camera, cam):
    camera()
    program = recipe("webcam", CAM=cam, DEVICE=99)
    assert program.wait() != 0
    assert program.output.count("ERROR: from element") == 1
    assert "Cannot identify device '/dev/video99'" in program.output
