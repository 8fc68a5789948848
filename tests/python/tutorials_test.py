# SPDX-License-Identifier: MIT
"""The tutorials do what their pages say, also when one side is killed, stopped or ended."""
import os
import pathlib
import re
import signal
import subprocess

import pytest
from locks import READER, locks_in
from process import Child
from script import Script

PLACE = pathlib.Path(__file__).resolve().parents[2] / "protocol/python/tutorials"
PAGES = {name: (PLACE / f"{name}.md").read_text(encoding="utf-8")
         for name in ("share_webcam", "send_signal_wait")}
SECONDS = 100  # a bound for programs that somebody else ends


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)


def shape(line):
    """A line without its figures."""
    return re.sub(r"\d[\d.]*", "#", line)


def shown_lines(page):
    """What programs print on the page."""
    lines = "".join(blocks(page, "console")).splitlines()
    return [line for line in lines if line and not line.startswith(("$", "...", "#"))]


def expect_shown_lines_among(page, path, name, *outputs):
    """`name`: what the page calls `path`."""
    lines = [line for output in outputs for line in output if line is not None]
    found = {shape(line.replace(path, name)) for line in lines}
    assert len(shown_lines(page)) > 8
    for line in shown_lines(page):
        assert shape(line) in found, f"{line}\nis none of\n" + "\n".join(sorted(found))


@pytest.mark.parametrize("page", PAGES)
def test_code_on_the_page_is_that_of_the_script(page):
    script = (PLACE / f"{page}.py").read_text(encoding="utf-8")
    shown = blocks(page, "python")
    assert len(shown) >= 2
    for block in shown:
        assert block in script, f"not in {page}.py:\n{block}"


# ---- Share one webcam


def camera(path, *options):
    # No machine has so many cameras.
    return Script(PLACE / "share_webcam.py", "camera", path, "--device", 999, *options)


def watch(path):
    return Script(PLACE / "share_webcam.py", "watch", path, "--seconds", SECONDS)


def small_frame(script, after=0):
    """The next line about frames of whole pictures, of the camera's usual size."""
    at = script.wait_for("frame ", after)
    assert re.search(r": 640x480 BGR, \d+ new, \d+ skipped, 0 broken, latency \d+ us$",
                     script.lines[at - 1]), script
    return at


def test_page_about_webcams_shows_what_is_printed(path):
    with watch(path) as first:
        first.wait_for("waiting for a camera")
        with camera(path) as small, watch(path) as second:
            reading = subprocess.Popen([os.environ["READ_FRAMES"], path], stdout=subprocess.PIPE,
                                       text=True)
            small.wait_for("frame ")
            at = small_frame(first)
            small_frame(second)
            assert second.interrupt() == 0
            assert small.interrupt() == 0
            in_c = reading.communicate(timeout=SECONDS)[0].splitlines()
            assert reading.returncode == 0 and len(in_c) > 10
        at = first.wait_for("waiting for a camera", at)
        with camera(path, "--size", "1280x720") as large:
            at = first.wait_for("frame ", at)
            assert "1280x720 BGR" in first.lines[at - 1]
            assert large.interrupt() == 0
    assert not os.path.exists(path)
    outputs = [first.lines, second.lines, small.lines, large.lines, in_c]
    expect_shown_lines_among("share_webcam", path, "/dev/shm/cam0", *outputs)


def test_watching_goes_on_when_the_camera_is_stopped_or_killed(path):
    with watch(path) as watcher:
        with camera(path) as first:
            at = small_frame(watcher)
            first.stop()
            at = watcher.wait_for("the camera sends nothing", at)
            first.signal(signal.SIGCONT)
            at = small_frame(watcher, at)
            first.signal(signal.SIGKILL)
            assert first.wait() == -signal.SIGKILL
        at = watcher.wait_for("waiting for a camera", at)
        with camera(path) as second:
            at = small_frame(watcher, at)
            assert second.interrupt() == 0
        watcher.wait_for("waiting for a camera", at)
        assert watcher.interrupt() == 0, watcher
    assert not os.path.exists(path)


def test_camera_does_not_mind_who_watches(path):
    with camera(path) as writing, watch(path) as first, watch(path) as second:
        small_frame(first)
        at = small_frame(second)
        first.signal(signal.SIGKILL)
        first.wait()
        small_frame(second, at)
        assert len(locks_in(path, READER)) == 1
        assert writing.interrupt() == 0
        assert any(line.endswith(" 2 reading") for line in writing.lines[:-1]), writing


def test_two_cameras_for_one_file_are_an_error_in_one_sentence(path):
    with camera(path) as first:
        first.wait_for("frame ")
        with camera(path) as second:
            assert second.wait() == 1
            assert "already being written by another process" in second.lines[-2]
            assert not any("Traceback" in line for line in second.lines[:-1])


def test_closed_pipe_ends_a_camera_quietly(path):
    """As `share_webcam.py camera | head -n 1`."""
    with Script("-c", PIPE, PLACE / "share_webcam.py", "camera", path, "--device", "999") as both:
        assert both.wait() == 0, both
        assert both.lines == ["no webcam (there is no /dev/video999): a moving picture takes its "
                              "place", "ended with 0", None]
    assert not os.path.exists(path)


# Reads a line of its child's, closes the pipe, and then comes and goes as a reader, which the child
# has to print.
PIPE = """
import subprocess, sys, mmapvideo
child = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
print(child.stdout.readline(), end="")
child.stdout.close()
while child.poll() is None:
    with mmapvideo.Reader(sys.argv[3]) as reader:
        reader.read(timeout=0.1)
print("ended with", child.wait())
"""


# ---- Send, signal, wait


def asker(path, *options):
    return Script(PLACE / "send_signal_wait.py", "ask", path, "--seconds", SECONDS, *options)


def negatives(path):
    return Script(PLACE / "send_signal_wait.py", "filter", path, "--seconds", SECONDS)


def is_answered(script, after=0):
    """Lines about answers; the first one may be of a second in which few came."""
    at = script.wait_for("", after)
    while not re.fullmatch(r"\d+ answers, \d+ us there and back", script.lines[at - 1]):
        at = script.wait_for("", at)
    return at


def test_page_about_answers_shows_what_is_printed_when_the_other_side_dies_or_hangs(path):
    with negatives(path) as filter_, asker(path) as asking:
        filter_.wait_for("requests come in")
        at = is_answered(asking)
        filter_.stop()
        at = asking.wait_for("no answer within 0.5 s", at)
        filter_.signal(signal.SIGCONT)
        at = is_answered(asking, asking.wait_for("answers again", at))
        filter_.signal(signal.SIGKILL)
        assert filter_.wait() == -signal.SIGKILL
        at = asking.wait_for(f'The writer of "{path}.answers" is gone: it died', at)
        at = asking.wait_for("no answer within 0.5 s", at)
        with negatives(path) as second:
            at = is_answered(asking, asking.wait_for("answers again", at))
            asking.stop()
            seen = second.wait_for("the asker is silent")
            asking.signal(signal.SIGCONT)
            seen = second.wait_for("requests come in", seen)
            at = is_answered(asking, at)
            asking.signal(signal.SIGKILL)
            asking.wait()
            seen = second.wait_for("nobody asks", seen)
            with asker(path) as other:
                is_answered(other)
                assert other.interrupt() == 0
            second.wait_for("nobody asks", seen + 1)
            assert second.interrupt() == 0
    assert not os.path.exists(path + ".answers") and not os.path.exists(path + ".requests")
    outputs = [filter_.lines, asking.lines, second.lines, other.lines]
    expect_shown_lines_among("send_signal_wait", path, "/dev/shm/negatives", *outputs)


def test_filter_that_ends_is_told_at_once_and_comes_back(path):
    with asker(path) as asking:
        with negatives(path) as first:
            at = is_answered(asking)
            assert first.interrupt() == 0
        at = asking.wait_for(f'The writer of "{path}.answers" is gone: it ended', at)
        with negatives(path):
            asking.wait_for("answers again", at)


def test_asker_answers_every_question_of_another_program(path):
    def other(send):
        import sys

        sys.path.insert(0, str(PLACE))
        import send_signal_wait

        with send_signal_wait.Asker(path, 30) as asking:
            import numpy as np

            for value in range(50):
                answer = asking.ask(np.full((480, 640), value, np.uint8))
                assert (answer.array == 255 - value).all()
        send("answered")

    with negatives(path), Child(other) as child:
        assert child.receive() == "answered"
        assert child.wait() == 0
