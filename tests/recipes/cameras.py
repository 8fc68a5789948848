# SPDX-License-Identifier: MIT
"""Cameras that show numbered pictures, and what came of them at the other end."""
import hashlib
import json
import os
import subprocess
import time

import numpy as np

import mmapvideo
import numbered
from programs import LIMIT_S

COUNT = 256
RATE = 25


class Clip:
    """COUNT pictures, one file each; `sums` has the number of each MD5."""

    def __init__(self, folder, format_name, width, height):
        self.folder, self.format = folder, format_name
        self.width, self.height = width, height
        os.mkdir(folder)
        make = {"I420": numbered.i420, "BGR": numbered.bgr}[format_name]
        self.sums = {}
        for number in range(COUNT):
            data = make(number, width, height)
            self.sums[hashlib.md5(data).hexdigest()] = number
            with open(os.path.join(folder, f"{number:03}.raw"), "wb") as file:
                file.write(data)

    def picture(self, number):
        with open(os.path.join(self.folder, f"{number:03}.raw"), "rb") as file:
            return file.read()

    def bgr(self, number):
        """As the Python package converts it."""
        path = os.path.join(self.folder, "reference")
        with mmapvideo.Writer(path, self.format, self.width, self.height, RATE) as writer:
            with mmapvideo.Reader(path) as reader:
                writer.write(self.picture(number))
                return reader.read().to_bgr()


class Camera:
    """mmapsink, with these properties, at RATE frames a second, for ever or so many."""

    def __init__(self, start, clip, path, frames=-1, sink=""):
        self.clip = clip
        self.program = start([
            "gst-launch-1.0", "-q",
            "multifilesrc", f"location={clip.folder}/%03d.raw", f"stop-index={COUNT - 1}",
            "loop=true", f"num-buffers={frames}", "!",
            "rawvideoparse", f"format={clip.format.lower()}", f"width={clip.width}",
            f"height={clip.height}", f"framerate={RATE}/1", "!",
            "mmapsink", f"location={path}", *sink.split(),
        ])

    def stop(self):
        """As Ctrl-C: its readers see an end."""
        self.program.interrupt()

    def kill(self):
        """Its readers see a crash."""
        self.program.kill()


def readers_of(path):
    """How many are attached; none while there is no file."""
    words = ["mmapvideo", "info", "--json", path]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    if found.returncode == 3:
        return 0
    assert found.returncode == 0, found.stderr
    return len(json.loads(found.stdout)["readers"])


def take(path, count, delivery="every-frame", reader=None):
    """So many frames that come to this file from now on, or less if the writer ends."""
    frames = []
    own = mmapvideo.Reader(path, delivery, copy=True) if reader is None else reader
    end = time.monotonic() + LIMIT_S
    while len(frames) < count:
        frame = own.read(max(end - time.monotonic(), 0))
        if frame is None and not own.ended:
            raise AssertionError(f"{len(frames)} of {count} frames in {LIMIT_S} s")
        if frame is None and frames:
            break
        if frame is not None:
            frames.append(frame)
    if reader is None:
        own.close()
    return frames


def settles(path, check):
    """Waits until 15 frames in a row that come to this file pass the check.

    Before, a codec may have too few bits, a decoder no key frame, and a packet may be lost.
    """
    end = time.monotonic() + LIMIT_S
    while True:
        try:
            return check(take(path, 40)[-15:])
        except AssertionError:
            if time.monotonic() > end:
                raise


def sum_of(frame):
    """The MD5 of its pixels without what lies between rows, as a clip has it."""
    planes = frame.array if isinstance(frame.array, tuple) else (frame.array,)
    return hashlib.md5(b"".join(plane.tobytes() for plane in planes)).hexdigest()


def assert_follow(numbers):
    """Pictures of the camera, in its order; some may be missing, none comes again."""
    assert None not in numbers, f"something that the camera did not show: {numbers}"
    steps = np.diff(numbers) % COUNT
    # The camera begins again after COUNT: what is nearly that far ahead was behind.
    assert ((0 < steps) & (steps < COUNT * 7 // 8)).all(), f"out of order: {numbers}"


def assert_consecutive(numbers):
    assert None not in numbers, f"something that the camera did not show: {numbers}"
    assert (np.diff(numbers) % COUNT == 1).all(), f"not each one: {numbers}"


def assert_same(frames, clip):
    """The camera's bit for bit."""
    assert_follow([clip.sums.get(sum_of(frame)) for frame in frames])


def assert_alike(pictures, clip, least_db):
    """Blue, green, red as the camera's, after a lossy codec."""
    numbers = [numbered.number_of(picture) for picture in pictures]
    assert_follow(numbers)
    for number, picture in zip(numbers, pictures):
        likeness = numbered.psnr(picture, clip.bgr(number))
        assert likeness >= least_db, f"picture {number}: {likeness:.1f} dB"


def shows(clip, least_db=33):
    """A check of frames for settles()."""
    return lambda frames: assert_alike([frame.to_bgr() for frame in frames], clip, least_db)
