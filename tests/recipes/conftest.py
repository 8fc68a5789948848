# SPDX-License-Identifier: MIT
"""What the recipes need: surroundings without display and sound, a camera, free ports."""
import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import sys

import pytest

import numbered
from cameras import Camera, Clip
from page import ROOT, blocks
from programs import Guardian, Program

_BLOCKS = blocks()


@pytest.fixture(scope="session", autouse=True)
def surroundings(test_root):
    """Programs that would open a window or play a sound do neither; the rest is as it is."""
    folder = os.path.join(test_root, "bin")
    os.mkdir(folder)
    # The recipes say python3; it is the one that has the modules of these tests.
    os.symlink(sys.executable, os.path.join(folder, "python3"))
    _wrap(folder, "ffplay", "-vf showinfo")  # names the checksum of each picture that is shown
    os.environ.update(
        PATH=f"{folder}:{os.environ['PATH']}",
        SDL_VIDEODRIVER="dummy",
        SDL_AUDIODRIVER="dummy",
        # autovideosink would try every sink there is, and some crash where there is no screen.
        GST_PLUGIN_FEATURE_RANK="fakevideosink:MAX",
        HOME=test_root,
    )
    _look_at_all_plugins()
    # Some plugins are looked at again when HOME changes, as it does from one program of these
    # tests to the next; whoever starts then would tell what those plugins miss.
    os.environ["GST_REGISTRY_UPDATE"] = "no"


def _wrap(folder, name, options):
    real = shutil.which(name)
    if real is not None:
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(f'#!/bin/sh\nexec {real} {options} "$@"\n')
        os.chmod(path, 0o755)


def _look_at_all_plugins():
    """Once, and not by every program that is started next, in its turn or beside this one."""
    registry = os.environ["GST_REGISTRY"]
    with open(registry + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["gst-inspect-1.0", "mmapsrc"], stdout=subprocess.DEVNULL, check=True)


@pytest.fixture(scope="session")
def guardian():
    guardian = Guardian()
    yield guardian
    guardian.end()


@pytest.fixture
def start(guardian, folder):
    """Starts words, or what a test says in one line of shell, in the checkout's top."""
    programs = []

    def start_program(words, **options):
        if isinstance(words, str):
            words = ["sh", "-c", words]
        log = os.path.join(folder, f"log-{len(programs)}")
        programs.append(Program(guardian, words, log, cwd=ROOT, **options))
        return programs[-1]

    yield start_program
    for program in programs:
        program.clean_up()


@pytest.fixture
def recipe(start, folder):
    """Starts the block that has this name, with these settings."""

    def start_recipe(name, **settings):
        block = _BLOCKS[name]
        if block.language == "sh":
            return start(["sh", "-c", block.text(settings)])
        path = os.path.join(folder, f"{name}.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(block.text(settings))
        return start([sys.executable, os.path.join(os.path.dirname(__file__), "window.py"), path])

    return start_recipe


@pytest.fixture
def place(folder):
    """Of files that are not there yet, with a blank in the path."""
    path = os.path.join(folder, "a place")
    os.mkdir(path)
    return lambda name: os.path.join(path, name)


@pytest.fixture
def cam(place):
    return place("cam0")


@pytest.fixture
def port():
    """Free with TCP and UDP. Below those that the system gives to whoever asks for any."""
    for number in random.SystemRandom().sample(range(20000, 32000), 1000):
        if _is_free(number, socket.SOCK_STREAM) and _is_free(number, socket.SOCK_DGRAM):
            return number
    raise AssertionError("no port is free")


def _is_free(number, kind):
    with socket.socket(socket.AF_INET, kind) as found:
        try:
            found.bind(("127.0.0.1", number))
        except OSError:
            return False
    return True


@pytest.fixture(scope="session")
def clips(guardian):
    """Numbered pictures, made once for each format and size; on disk, as memory may be scarce."""
    folder = guardian.folder()
    made = {}

    def clip(format_name="I420", width=numbered.WIDTH, height=numbered.HEIGHT):
        key = f"{format_name}-{width}x{height}"
        if key not in made:
            made[key] = Clip(os.path.join(folder, key), format_name, width, height)
        return made[key]

    return clip


@pytest.fixture
def camera(start, clips, cam):
    """Starts a camera on `cam`: mmapsink in a process of its own."""

    def start_camera(frames=-1, path=cam, sink="", **shape):
        return Camera(start, clips(**shape), path, frames, sink)

    return start_camera


@pytest.fixture(autouse=True)
def no_interrupt_is_ignored():
    """A shell starts background jobs with SIGINT ignored, and programs inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
