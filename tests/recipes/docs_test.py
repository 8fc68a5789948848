# SPDX-License-Identifier: MIT
"""The pages of gst/docs: reference examples, worked examples, and what troubleshooting asks for."""
import os
import re
import signal
import subprocess

import numpy as np
import pytest

import numbered
from cameras import COUNT, assert_alike, assert_consecutive, readers_of, settles, take
from media import pictures_of
from programs import LIMIT_S, needs, until

with_h264 = needs("gst-launch-1.0 ffmpeg", "x264enc h264parse mpegtsmux")


# ---- Reference --------------------------------------------------------------------------------


def test_the_sink_example_is_a_camera_that_the_source_examples_show(recipe, cam):
    sink = recipe("mmapsink-1", CAM=cam)
    until(lambda: os.path.exists(cam), "the file", sink)
    shows = [recipe("mmapsink-2", CAM=cam), recipe("mmapsrc-1", CAM=cam)]
    for program in shows:
        until(lambda: "PLAYING" in program.output, "its start", program)
    until(lambda: readers_of(cam) == len(shows), "readers", shows[0])
    sink.interrupt()
    for program in shows:
        program.succeeds()


@needs("gst-device-monitor-1.0")
def test_the_provider_example_lists_the_camera_and_its_command_reads_it(
    recipe, camera, folder, start, monkeypatch
):
    cam = os.path.join(folder, "cam0")  # gst-device-monitor-1.0 does not quote blanks
    camera(path=cam)
    take(cam, 1)
    monkeypatch.setenv("MMAPVIDEO_DIRECTORIES", folder)
    listed = recipe("mmapdeviceprovider-1").succeeds()
    device = next(part for part in listed.split("Device found:") if cam in part)
    assert re.search(r"name +: cam0$", device, re.MULTILINE), device
    assert re.search(r"class +: Video/Source$", device, re.MULTILINE)
    assert re.search(r"caps +: video/x-raw, format=.*width=\(?i?n?t?\)?320", device)
    for name in ["device.path", "mmap.framerate", "mmap.readers", "mmap.writer-process-id"]:
        assert f"{name} = " in device
    line = re.search(r"^\s*(gst-launch-1\.0 mmapsrc .*) ! \.\.\.$", device, re.MULTILINE)[1]
    start(f"{line} num-buffers=3 ! fakesink").succeeds()


# ---- Worked examples --------------------------------------------------------------------------


@needs("gst-launch-1.0", "compositor")
def test_two_cameras_are_put_together_in_step(recipe, camera, place):
    camera(path=place("left"))
    camera(path=place("right"))
    recipe(
        "two-cameras", LEFT=place("left"), RIGHT=place("right"), WIDTH=numbered.WIDTH,
        OUT=place("both"),
    )
    settles(place("both"), are_in_step)


def are_in_step(frames):
    halves = [both_numbers(frame) for frame in frames]
    assert None not in np.ravel(halves), halves
    left, right = np.transpose(halves)
    # Both cameras show 25 pictures a second; which one each began with does not matter.
    apart = (left - right) % COUNT
    away = (apart - apart[0] + COUNT // 2) % COUNT - COUNT // 2
    assert np.ptp(away) <= 1, halves
    assert len(set(left)) > 5


def both_numbers(frame):
    image = frame.to_bgr()
    return [numbered.number_of(half) for half in np.hsplit(image, 2)]


@with_h264
def test_a_recording_outlives_camera_and_recorder(recipe, camera, cam, place):
    patient = "delivery=every-frame wait-timeout=10000000000"
    shooting = camera(sink=patient)
    recorder = recipe("recorder", CAM=cam, OUT=place("out.ts"))
    until(lambda: "PLAYING" in recorder.output, "the recorder", recorder)
    take(cam, 30)
    shooting.kill()
    shooting = camera(sink=patient)
    # So many that the last ones are of the second camera.
    until(lambda: pictures_so_far(place("out.ts")) >= 100, "a recording", recorder)
    recorder.signal(signal.SIGKILL)
    pictures = pictures_of(place("out.ts"))
    # The very last one may be cut.
    assert_alike(pictures[-11:-1], shooting.clip, least_db=28)
    assert_consecutive([numbered.number_of(picture) for picture in pictures[-11:-1]])


def pictures_so_far(path):
    """How many; at first there are not even headers."""
    try:
        return len(pictures_of(path))
    except (subprocess.CalledProcessError, IndexError):
        return 0


def test_inference_skips_and_the_display_does_not_wait_for_it(recipe, camera, cam, place):
    shooting = camera()
    display = recipe("display", CAM=cam)
    model = recipe("inference", CAM=cam, OUT=place("found"))
    until(lambda: len(re.findall(r"^frame \d+, ", model.output, re.MULTILINE)) >= 10, "results", model)
    found = take(place("found"), 2, "latest")[0]
    assert (found.width, found.height) == (numbered.WIDTH, numbered.HEIGHT)
    assert (found.array == (0, 0, 255)).all(axis=2).any(), "the mark is on the picture"
    until(lambda: "PLAYING" in display.output, "the display", display)
    shooting.stop()
    display.succeeds()
    model.succeeds()


# ---- Troubleshooting --------------------------------------------------------------------------


def test_looking_at_a_camera_tells_its_state(recipe, camera, cam):
    camera()
    take(cam, 3)
    assert "alive, streaming" in recipe("look", CAM=cam).succeeds()
    assert cam in recipe("list", FOLDER=os.path.dirname(cam)).succeeds()
    assert recipe("check", CAM=cam).succeeds() is not None
    assert recipe("count", CAM=cam, COUNT=5).succeeds().count("last-message = chain") == 5
    assert "fps" in recipe("watch", CAM=cam, SECONDS_LONG=5).succeeds()
    room = recipe("room", CAM=cam).succeeds()
    assert cam in room and "Avail" in room
    assert "-rw-------" in recipe("modes", CAM=cam).succeeds()


def latency_tracer_works():
    """That of GStreamer 1.26.2 stops every pipeline, whatever its elements are."""
    words = "gst-launch-1.0 -q videotestsrc num-buffers=2 ! fakesink".split()
    try:
        run = subprocess.run(
            words, env={**os.environ, "GST_TRACERS": "latency"}, check=False, timeout=LIMIT_S / 2
        )
    except subprocess.TimeoutExpired:
        return False
    return run.returncode == 0


def test_the_latency_tracer_names_each_element(recipe, camera, cam):
    if not latency_tracer_works():
        pytest.skip("the latency tracer of this GStreamer stops its own pipelines")
    camera()
    traced = recipe("latency", CAM=cam, COUNT=10).succeeds()
    for element in ["mmapsrc0", "videoconvert0", "fakesink0"]:
        assert element in traced
    assert len(re.findall(r" latency, src-element-id=", traced)) >= 5


def test_what_a_killed_camera_left_is_removed(recipe, camera, cam):
    shooting = camera()
    take(cam, 3)
    shooting.kill()
    assert os.path.exists(cam)
    recipe("gc", FOLDER=os.path.dirname(cam)).succeeds()
    assert not os.path.exists(cam)


def test_the_plugin_is_described(recipe):
    described = recipe("plugin").succeeds()
    for name in ["mmapsink", "mmapsrc", "mmapdeviceprovider"]:
        assert f"{name}: " in described
