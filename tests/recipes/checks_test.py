# SPDX-License-Identifier: MIT
"""GStreamer's own programs with the plugin: scanner, inspect, play, validate; silence in normal use."""
import os
import re
import shlex
import subprocess

import pytest

from cameras import readers_of, take
from page import ROOT
from programs import needs, until

FEATURES = ["mmapsink", "mmapsrc", "mmapdeviceprovider"]
# What is said on stderr at this level is a warning; a critical ends the program.
STRICT = {"G_DEBUG": "fatal-criticals", "GST_DEBUG": "*:WARN", "GST_DEBUG_NO_COLOR": "1"}


def run(*words, **variables):
    return subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, **variables}
    )


def test_a_scan_of_the_plugin_alone_warns_of_nothing(folder):
    plugins = os.environ["GST_PLUGIN_PATH"]
    found = run(
        "gst-inspect-1.0", "mmap", **STRICT, GST_REGISTRY=os.path.join(folder, "registry"),
        GST_REGISTRY_UPDATE="yes", GST_PLUGIN_PATH=plugins, GST_PLUGIN_SYSTEM_PATH=plugins,
    )
    assert found.returncode == 0 and found.stderr == "", found.stderr
    for name in FEATURES:
        assert f"  {name}: " in found.stdout


def test_auto_install_information_names_uri_and_elements():
    printed = run("gst-inspect-1.0", "--print-plugin-auto-install-info", "mmap", **STRICT)
    assert printed.returncode == 0, printed.stderr
    for line in ["element-mmapsink", "element-mmapsrc", "urisource-mmap", "urisink-mmap"]:
        assert line in printed.stdout.splitlines(), printed.stdout


@pytest.mark.parametrize("name", ["mmapsink", "mmapsrc"])
def test_each_element_is_described(name):
    described = run("gst-inspect-1.0", "--no-colors", name, **STRICT)
    assert described.returncode == 0 and described.stderr == ""
    for field in ["Rank", "Long-name", "Klass", "Description", "Author", "License", "Version"]:
        assert re.search(rf"^  {field} +\S", described.stdout, re.MULTILINE), field


def test_normal_use_warns_of_nothing(start, cam):
    writing = ["gst-launch-1.0", "-q", "-e", "videotestsrc", "is-live=true", "!", "mmapsink"]
    writer = start([*writing, f"location={cam}"], env={**os.environ, **STRICT})
    until(lambda: os.path.exists(cam), "the file", writer)
    reading = ["gst-launch-1.0", "-q", "mmapsrc", f"location={cam}", "num-buffers=20", "!"]
    for sink in [["fakesink"], ["queue", "!", "videoconvert", "!", "fakesink", "sync=true"]]:
        reader = start([*reading, *sink], env={**os.environ, **STRICT})
        assert reader.succeeds() == ""
    assert writer.interrupt() == 0
    assert writer.output.replace("handling interrupt.", "").strip() == ""


# ---- Players ----------------------------------------------------------------------------------


@needs("gst-play-1.0", "playbin")
@pytest.mark.parametrize("playbin", ["", "--use-playbin3"])
def test_gst_play_plays_a_uri_until_the_camera_ends(start, camera, cam, playbin):
    shooting = camera()
    uri = f"mmap://{cam.replace(' ', '%20')}?delivery=every-frame"
    words = ["gst-play-1.0", "--no-interactive", "--videosink=fakevideosink", *playbin.split(), uri]
    player = start(words, env={**os.environ, "G_DEBUG": "fatal-criticals"})
    until(lambda: readers_of(cam) == 1, "the player", player)
    take(cam, 20)
    shooting.stop()
    assert "Reached end of play list" in player.succeeds()


@needs("gst-launch-1.0", "playbin3 uridecodebin3")
@pytest.mark.parametrize(
    "line", ["playbin3 video-sink=fakesink uri=URI", "uridecodebin3 uri=URI ! fakesink"]
)
def test_the_players_of_an_application_end_with_the_camera(start, camera, cam, line):
    words = line.replace("URI", f"mmap://{cam.replace(' ', '%20')}").split()
    shooting = camera()
    program = start(["gst-launch-1.0", *words], env={**os.environ, "G_DEBUG": "fatal-criticals"})
    until(lambda: readers_of(cam) == 1, "the player", program)
    take(cam, 10)
    shooting.stop()
    assert "Got EOS" in program.succeeds()


# ---- The pipelines of README.md ---------------------------------------------------------------


def readme_pipelines():
    """Each gst-launch-1.0 command of README.md that is whole."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("gst-launch-1.0 ") and not line.endswith("...")]


def with_test_picture(line, cam, place):
    """No camera and no screen, an end, and files of this test."""
    words = line.replace("v4l2src", "videotestsrc is-live=true num-buffers=150")
    words = words.replace("filesrc location=clip.mp4 ! decodebin", "videotestsrc num-buffers=30")
    words = words.replace("autovideosink", "fakevideosink")
    words = re.sub(r"/dev/shm/[\w/]+", shlex.quote(cam), words)
    return re.sub(r"location=(\w+\.mkv)", lambda m: f"location={shlex.quote(place(m[1]))}", words)


def test_the_pipelines_of_the_readme_are_found():
    sinks = [line for line in readme_pipelines() if "mmapsink" in line]
    sources = [line for line in readme_pipelines() if "mmapsrc" in line]
    assert len(sinks) >= 3 and len(sources) >= 3


PROGRAMS = [
    "gst-launch-1.0",
    pytest.param("gst-validate-1.0", marks=needs("gst-validate-1.0")),
]


@needs("", "videoconvert x264enc matroskamux")
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("line", [x for x in readme_pipelines() if "mmapsrc" in x])
def test_pipelines_of_the_readme_run_without_a_critical(start, cam, place, line, program):
    """A reader of the page, with a writer of the page, under GStreamer's own checks."""
    lossless = "delivery=every-frame" in line
    writer_line = next(x for x in readme_pipelines() if "mmapsink" in x and
                       ("delivery=every-frame" in x) == lossless)
    strict = {**os.environ, "G_DEBUG": "fatal-criticals"}
    reader = start(with_test_picture(line, cam, place).replace("gst-launch-1.0", program, 1), env=strict)
    if not lossless:
        until(lambda: "PLAYING" in reader.output or program != "gst-launch-1.0", "the reader", reader)
    writer = start(with_test_picture(writer_line, cam, place), env=strict)
    writer.succeeds()
    said = reader.succeeds()
    assert "CRITICAL" not in said and "critical" not in said.replace("Issues found: 0", ""), said
