# SPDX-License-Identifier: MIT
"""The programs of gst/examples, as they are built."""
import os
import re
import signal

import pytest

import numbered
from cameras import readers_of, take
from page import ROOT
from programs import needs, until

FOLDER = os.environ["EXAMPLES"]
SOURCES = ROOT / "gst" / "examples"


@needs("cc c++ pkg-config")
@pytest.mark.parametrize("name", ["share_camera.cpp", "read_frames.c", "show_window.c"])
def test_the_line_in_its_comment_compiles_an_example(start, place, name):
    text = (SOURCES / name).read_text(encoding="utf-8")
    line = re.search(rf"\bc(?:c|\+\+) {re.escape(name)} .*?\)", text)[0]
    start(f"cd '{SOURCES}' && {line} -o '{place('program')}'").succeeds()
    misused = start([place("program"), "one", "too", "many"])
    assert misused.wait() == 2 and misused.output.startswith("Usage: "), misused.output


@pytest.fixture
def example(start):
    return lambda name, *words, **options: start([os.path.join(FOLDER, name), *words], **options)


@needs("", "videoconvert autovideosink")
def test_a_camera_is_shared_from_an_application_until_ctrl_c(example, cam):
    sharing = example("share-camera", cam)
    frames = take(cam, 45)  # mmapsink looks for readers twice a second
    assert frames[-1].number > frames[0].number
    until(lambda: "mmap-reader-attached" in sharing.output, "word of a reader", sharing)
    assert sharing.interrupt() == 0, sharing.output
    assert not os.path.exists(cam)


def test_an_application_is_told_why_it_cannot_share(example, place):
    sharing = example("share-camera", place("absent") + "/cam0")
    assert sharing.wait() == 1
    assert place("absent") in sharing.output


@needs("", "appsink")
def test_frames_are_taken_into_an_application(example, camera, cam):
    shooting = camera()
    reading = example("read-frames", cam, "10")
    lines = reading.succeeds().splitlines()
    assert len(lines) == 10
    size = f"I420 {numbered.WIDTH}x{numbered.HEIGHT}, at "
    for line in lines:
        assert line.startswith(size), line
        # The pictures are made around 125.
        assert 90 < float(re.search(r"mean ([\d.]+)", line)[1]) < 160
    endless = example("read-frames", cam)
    until(lambda: endless.output.count("\n") > 5, "frames", endless)
    shooting.stop()
    endless.succeeds()


def test_an_application_is_told_why_it_cannot_read(example, place):
    with open(place("foreign"), "wb") as file:
        file.write(b"x" * 5000)
    reading = example("read-frames", place("foreign"))
    assert reading.wait() == 1
    assert "foreign" in reading.output


@needs("", "videoconvert autovideosink")
def test_a_window_shows_the_file_it_is_given_until_the_writer_ends(example, camera, cam):
    shooting = camera()
    window = example("show-window", cam)
    until(lambda: readers_of(cam) == 1, "the reader", window)
    take(cam, 100)
    shooting.stop()
    assert frames_told(window.succeeds()) >= 5


@needs("", "videoconvert autovideosink")
def test_a_window_finds_what_is_live_and_waits_for_it(example, camera, cam, monkeypatch):
    monkeypatch.setenv("MMAPVIDEO_DIRECTORIES", os.path.dirname(cam))
    waiting = example("show-window")
    camera()
    until(lambda: f"Showing {cam}" in waiting.output, "the camera to be found", waiting)
    finding = example("show-window")
    until(lambda: f"Showing {cam}" in finding.output, "the camera to be found", finding)
    until(lambda: readers_of(cam) == 2, "both readers", finding)
    take(cam, 100)
    for window in [waiting, finding]:
        window.signal(signal.SIGINT)
        assert frames_told(window.succeeds()) >= 1


def frames_told(output):
    return int(re.search(r"^(\d+) frames, \d+ skipped", output, re.MULTILINE)[1])


@needs("Xvfb", "videoconvert ximagesink")
def test_a_window_opens_on_a_screen_without_a_toolkit(example, camera, cam, start, folder):
    # Without -noreset it begins anew, and refuses, when the first one of its clients has gone.
    options = ["-displayfd", "1", "-noreset", "-nolisten", "tcp", "-screen", "0", "640x480x24"]
    screen = start(["Xvfb", *options])
    until(lambda: re.fullmatch(r"\d+\n", screen.output), "the screen", screen)
    shooting = camera()
    environment = {**os.environ, "DISPLAY": f":{screen.output.strip()}"}
    environment["GST_PLUGIN_FEATURE_RANK"] = "ximagesink:MAX"
    window = example("show-window", cam, env=environment)
    until(lambda: readers_of(cam) == 1, "the reader", window)
    take(cam, 100)
    shooting.stop()
    assert frames_told(window.succeeds()) >= 5
    assert "Could not find" not in window.output
