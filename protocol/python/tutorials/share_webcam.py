#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Share one webcam between processes. The page is share_webcam.md.

    python3 share_webcam.py camera     # in one terminal
    python3 share_webcam.py watch      # in as many others as you like, sooner or later
"""
import argparse
import itertools
import os
import sys
import time
import zlib

import numpy as np

import mmapvideo


def webcam(device):
    """Pictures of a real camera; raises OSError if there is none."""
    if not os.path.exists(f"/dev/video{device}"):
        raise OSError(f"there is no /dev/video{device}")
    import cv2

    capture = cv2.VideoCapture(device)
    if not capture.isOpened():
        raise OSError(f"/dev/video{device} does not open")
    while True:
        ok, picture = capture.read()
        if not ok:
            return
        yield picture


def moving_picture(width, height, fps):
    """For those who have no camera: a bar that wanders over a colored ground."""
    rows, columns = np.mgrid[0:height, 0:width]
    ground = np.stack([columns * 255 // width, rows * 255 // height, 0 * rows], 2).astype(np.uint8)
    due = time.monotonic()
    for number in itertools.count():
        picture = ground.copy()
        picture[:, number * 4 % width :][:, :16] = 255
        yield picture
        due += 1 / fps
        time.sleep(max(due - time.monotonic(), 0))


def open_camera(options):
    """What it is, and its pictures."""
    if not options.synthetic:
        try:
            pictures = webcam(options.device)
            return f"webcam {options.device}", itertools.chain([next(pictures)], pictures)
        except (ImportError, OSError, StopIteration) as problem:
            print(f"no webcam ({problem}): a moving picture takes its place")
    width, height = map(int, options.size.split("x"))
    return "moving picture", moving_picture(width, height, options.fps)


def camera(options):
    name, pictures = open_camera(options)
    first = next(pictures)
    height, width, _ = first.shape
    with mmapvideo.Writer(options.path, "BGR", width, height, fps=options.fps) as writer:
        print(f"{name}: {width}x{height} into {options.path}")
        readers = None
        for picture in itertools.islice(itertools.chain([first], pictures), options.frames):
            # The sum is there only to show below that no frame arrives half written.
            writer.write(picture, metadata=zlib.crc32(picture).to_bytes(4, "little"))
            if writer.stats.readers != readers:
                readers = writer.stats.readers
                print(f"frame {writer.stats.frames}: {readers} reading")


def is_whole(frame):
    """Are these the pixels that the writer had?"""
    return zlib.crc32(np.ascontiguousarray(frame.array)) == int.from_bytes(frame.metadata, "little")


def watch(options):
    # The size and the type of the pictures are in the file; nobody has to agree on them.
    with mmapvideo.Reader(options.path, on_disconnect="wait") as reader:
        end = time.monotonic() + options.seconds
        second = Second()
        while time.monotonic() < end:
            frame = reader.read(timeout=1)  # None, or a frame that was not read yet
            if frame is None:
                is_there = reader.attached and reader.writer_alive
                print("the camera sends nothing" if is_there else "waiting for a camera")
                second = Second()
                continue
            second.add(frame, is_whole(frame))
            if second.is_over():
                print(second.text(frame))
                second = Second()


class Second:
    """Figures of the frames of one second."""

    def __init__(self):
        self.began = time.monotonic()
        self.latencies_us, self.skipped, self.broken = [], 0, 0

    def add(self, frame, whole):
        self.latencies_us.append(frame.latency_ns / 1000)
        self.skipped += frame.skipped
        self.broken += not whole

    def is_over(self):
        return time.monotonic() - self.began >= 1

    def text(self, frame):
        return (
            f"frame {frame.number}: {frame.width}x{frame.height} {frame.format}, "
            f"{len(self.latencies_us)} new, {self.skipped} skipped, {self.broken} broken, "
            f"latency {np.median(self.latencies_us):.0f} us"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("role", choices=["camera", "watch"])
    parser.add_argument("path", nargs="?", default="/dev/shm/cam0")
    parser.add_argument("--device", type=int, default=0, help="number of the webcam")
    parser.add_argument("--synthetic", action="store_true", help="the moving picture in any case")
    parser.add_argument("--size", default="640x480", help="of the moving picture")
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--frames", type=int, help="end after so many")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="watch so long")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # also into pipes and files
    try:
        camera(options) if options.role == "camera" else watch(options)
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:  # nobody wants to hear more, as behind "| head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except mmapvideo.Error as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
