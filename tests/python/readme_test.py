# SPDX-License-Identifier: MIT
"""The code in protocol/python/README.md runs, each block as a program of its own, and that in the
project's README.md.

A comment before each block says who is on the other side: `<!-- beside: writer; needs: cv2 -->`.
"""
import importlib.util
import pathlib
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from process import WATCHDOG_SECONDS

import mmapvideo

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TEXT = (SOURCE / "protocol/python/README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- beside: ([\w -]+?)(?:; needs: (\w+))? -->\n```python\n(.*?)```", re.DOTALL)
BLOCKS = BLOCK.findall(TEXT)


def write_until(path, stop):
    """A camera, for programs that read."""
    with mmapvideo.Writer(path, "BGR", 640, 480, fps=100) as writer:
        while not writer.wait_for_readers(1, 0.1) and not stop.is_set():
            pass
        for number in range(20):
            writer.write(np.full((480, 640, 3), number, np.uint8))
            stop.wait(0.01)


def write_on(path, stop):
    """A camera that ends with who reads it."""
    with mmapvideo.Writer(path, "BGR", 640, 480, fps=100) as writer:
        while not stop.wait(0.01):
            writer.write(np.zeros((480, 640, 3), np.uint8))


class Beside:
    """The other side of a program, in a thread."""

    def __init__(self, kind, path):
        self.stop, self.frames = threading.Event(), []
        bodies = {
            "writer": lambda: write_until(path, self.stop),
            "camera": lambda: write_on(path, self.stop),
            "two writers": lambda: [write_until(path, self.stop) for _ in range(2)],
            "reader": lambda: self.read(path, "latest"),
            "reader every-frame": lambda: self.read(path, "every-frame"),
            "nothing": lambda: None,
        }
        self.ends_itself = kind != "camera"
        self.thread = threading.Thread(target=bodies[kind])

    def read(self, path, delivery):
        with mmapvideo.Reader(path, delivery) as reader:
            while not reader.ended and not self.stop.is_set():
                frame = reader.read(timeout=0.1)
                if frame is not None:
                    assert (frame.array == frame.array.flat[0]).all()
                    self.frames.append((frame.number, frame.skipped))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        if self.ends_itself:
            self.thread.join(10)  # with the program's file
        self.stop.set()
        self.thread.join()


def test_every_block_says_who_is_beside_it():
    assert len(BLOCKS) == TEXT.count("```python") > 5


def run(code, folder, path):
    """What it prints. Its files are at `path` and beside it."""
    code = code.replace("/dev/shm/cam0", path).replace("/dev/shm/out", path + "-out")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder, capture_output=True, text=True, timeout=WATCHDOG_SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_block_runs(folder, path, number):
    kind, module, code = BLOCKS[number]
    # No frame may be missing, however slow the machine is.
    code = code.replace("wait_timeout=2.0", "wait_timeout=None")
    if module and importlib.util.find_spec(module) is None:
        pytest.skip(f"this Python has no {module}")
    with Beside(kind, path) as other:
        printed = run(code, folder, path)
    assert bool(printed) == ("print(" in code)
    if kind.startswith("reader"):
        numbers, skips = zip(*other.frames)
        assert list(numbers) == sorted(set(numbers))
        assert kind == "reader" or (sum(skips) == 0 and len(numbers) == 100)


def test_code_in_the_readme_of_the_project_runs(folder, path):
    text = (SOURCE / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    picture = "import numpy\npicture = numpy.zeros((720, 1280, 3), numpy.uint8)\n"
    with Beside("two writers", path):
        printed = run(picture + code + "assert ok and image.shape == (480, 640, 3)\n", folder, path)
    assert "(480, 640, 3)" in printed


def test_table_of_errors_is_complete():
    for name in mmapvideo.__all__:
        thing = getattr(mmapvideo, name)
        if isinstance(thing, type) and issubclass(thing, Exception):
            assert f"`{name}`" in TEXT or f"mmapvideo.{name}" in TEXT or name == "SystemFailure", name


def test_formats_and_deliveries_are_those_that_there_are():
    for name in mmapvideo.formats.COMPONENTS:
        assert f"`{name}`" in TEXT, name
    for name in ("latest", "every-frame", "acknowledged"):
        assert f'`"{name}"`' in TEXT, name
