#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long a picture takes from one Python process to the other, and what that costs.

One process writes pictures at an even pace, the other one takes them: with this package, with the
mapped file that is copied and looked at again and again, and with one whose reader looks at a
counter each millisecond. Latency is the time from the writer's stamp, which is set when the picture
is complete, until the reader has an array of it; CPU is the share of one core. The three take turns,
and medians of the rounds are printed.

    PYTHONPATH=protocol/python python3 tests/bench/python_latency.py [--seconds N] [--fps N]
"""
import argparse
import mmap
import multiprocessing
import os
import shutil
import statistics
import struct
import tempfile
import time

import numpy as np

import mmapvideo

SPAWN = multiprocessing.get_context("spawn")
STAMP = struct.Struct("<Q")  # of the plain file, in front of its pixels
WARM_UP_FRAMES = 30
NEVER = 30.0  # seconds without a frame


def now_ns():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class Pace:
    """Turns that begin at even distances, whatever happens in between."""

    def __init__(self, fps):
        self._interval_ns = int(1e9 / fps)
        self._next_ns = now_ns()

    def wait(self):
        self._next_ns += self._interval_ns
        time.sleep(max(self._next_ns - now_ns(), 0) / 1e9)


# ---- This package


def write_package(path, shape, fps, frames, _):
    with mmapvideo.Writer(path, "RGB", shape[1], shape[0], fps=fps) as writer:
        if not writer.wait_for_readers(1, NEVER):
            raise TimeoutError("no reader came")
        picture, pace = np.zeros(shape, np.uint8), Pace(fps)
        for value in range(frames):
            pace.wait()
            picture[0, 0] = value % 256
            writer.write(picture)


def read_package(path, _):
    with mmapvideo.Reader(path) as reader:
        while True:
            frame = reader.read(NEVER)
            if frame is None:
                return
            yield frame.array, frame.publish_time_ns
            del frame


# ---- A mapped file by itself: size and shape are agreed, and whoever looks has to copy


def plain_file(path, shape):
    """Both sides may be first."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        size = STAMP.size + int(np.prod(shape))
        os.ftruncate(fd, size)
        return mmap.mmap(fd, size)
    finally:
        os.close(fd)


def write_plain(path, shape, fps, frames, start):
    with plain_file(path, shape) as file:
        if not start.wait(NEVER):
            raise TimeoutError("no reader came")
        picture, pace = np.zeros(shape, np.uint8), Pace(fps)
        for value in range(frames):
            pace.wait()
            picture[0, 0] = value % 256
            file.seek(STAMP.size)
            file.write(picture.tobytes())
            STAMP.pack_into(file, 0, now_ns())
        STAMP.pack_into(file, 0, 1)  # the end


def read_plain(path, shape):
    with plain_file(path, shape) as file:
        last, size = 0, STAMP.size + int(np.prod(shape))
        while True:
            file.seek(0)
            data = file.read(size)
            array = np.frombuffer(data, np.uint8, offset=STAMP.size).reshape(shape)
            (stamp,) = STAMP.unpack_from(data)
            if stamp == 1:
                return
            if stamp != last:
                last = stamp
                yield array, stamp


def read_counted(path, shape):
    with plain_file(path, shape) as file:
        last, size = 0, int(np.prod(shape))
        while True:
            (stamp,) = STAMP.unpack_from(file, 0)
            if stamp == 1:
                return
            if stamp == last:
                time.sleep(0.001)
                continue
            last = stamp
            file.seek(STAMP.size)
            yield np.frombuffer(file.read(size), np.uint8).reshape(shape), stamp


WAYS = {
    "mmapvideo": (write_package, read_package),
    "mmap, copied again and again": (write_plain, read_plain),
    "mmap, a look each millisecond": (write_plain, read_counted),
}


# ---- Measuring


class Usage:
    """Of this process: time on a core, against time that passed."""

    def __init__(self):
        self._cpu, self._wall = time.process_time(), time.monotonic()

    def share(self):
        return (time.process_time() - self._cpu) / (time.monotonic() - self._wall)


def writing(way, path, shape, fps, frames, start, results):
    usage = Usage()
    WAYS[way][0](path, shape, fps, frames, start)
    results.put(("writer", usage.share()))


def reading(way, path, shape, start, results):
    latencies, usage = [], None
    start.set()
    for count, (array, stamp) in enumerate(WAYS[way][1](path, shape)):
        latency_ns = now_ns() - stamp
        if array.shape != shape:
            raise ValueError(f"a picture of {array.shape}")
        if count == WARM_UP_FRAMES:
            usage = Usage()
        elif count > WARM_UP_FRAMES:
            latencies.append(latency_ns)
    results.put(("reader", (usage.share(), latencies)))


def measure(way, path, shape, fps, seconds):
    """Microseconds of every frame, and the shares of a core of reader and writer."""
    frames = WARM_UP_FRAMES + int(fps * seconds)
    start, results = SPAWN.Event(), SPAWN.Queue()
    sides = [
        SPAWN.Process(target=writing, args=(way, path, shape, fps, frames, start, results)),
        SPAWN.Process(target=reading, args=(way, path, shape, start, results)),
    ]
    for side in sides:
        side.daemon = True
        side.start()
    try:
        found = dict(results.get(timeout=seconds + 2 * NEVER) for _ in sides)
    finally:
        for side in sides:
            side.kill()
            side.join()
    share, latencies_ns = found["reader"]
    return np.array(latencies_ns) / 1e3, share, found["writer"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=5, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fps", type=float, default=60)
    parser.add_argument("--size", default="1280x720")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    folder = tempfile.mkdtemp(prefix="mmapvideo-bench-", dir="/dev/shm")
    rounds = {way: [] for way in WAYS}
    try:
        for number in range(options.rounds):
            for way in WAYS:
                path = os.path.join(folder, f"{number}-{list(WAYS).index(way)}")
                found = measure(way, path, (height, width, 3), options.fps, options.seconds)
                latencies, reader, writer = found
                quantiles = np.quantile(latencies, [0.5, 0.9, 0.99])
                rounds[way].append((*quantiles, 100 * reader, 100 * writer, len(latencies)))
    finally:
        shutil.rmtree(folder)
    print(f"RGB {options.size}, {options.fps:g} frames a second, {options.rounds} rounds of "
          f"{options.seconds:g} s")
    print(f"{'':30} {'p50':>8} {'p90':>8} {'p99':>8}   reader  writer  frames")
    for way, figures in rounds.items():
        p50, p90, p99, reader, writer, frames = map(statistics.median, zip(*figures))
        print(f"{way:30} {p50:5.0f} us {p90:5.0f} us {p99:5.0f} us  {reader:5.1f} %  {writer:5.1f} %"
              f"  {frames:.0f}")


if __name__ == "__main__":
    main()
