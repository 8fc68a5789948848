# SPDX-License-Identifier: MIT
"""The Python package on a real Windows, between processes: frames whole and in order, a killed writer
and its successor, a lossless reader. Needs numpy; runs elsewhere as well. Exit status 0: all is well.
"""
import subprocess
import sys
import tempfile

import numpy as np

import mmapvideo

SIZE = {"format": "GRAY8", "width": 320, "height": 240, "fps": 60}
FRAMES = 500
LIMIT_SECONDS = 60

WRITER = f"""
import sys, time
import numpy as np
import mmapvideo
path, delivery, first, period = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
with mmapvideo.Writer(path, delivery=delivery, wait_timeout={LIMIT_SECONDS}, **{SIZE!r}) as writer:
    if not writer.wait_for_readers(1, timeout={LIMIT_SECONDS}):
        sys.exit("no reader came")
    for number in range(first, first + {FRAMES}):
        writer.write(np.full((240, 320), number % 251, np.uint8), pts_ns=number)
        time.sleep(period)
"""


def start_writer(path, delivery, first, period):
    return subprocess.Popen([sys.executable, "-c", WRITER, path, delivery, str(first), str(period)])


def check(frame):
    picture = frame.array
    assert picture.shape == (240, 320), picture.shape
    assert (picture == frame.pts_ns % 251).all(), f"frame {frame.number} is torn"
    return frame.pts_ns


def lossless(path):
    with mmapvideo.Reader(path, delivery="every-frame") as reader:
        writer = start_writer(path, "every-frame", 1, 0)
        seen = [check(frame) for frame in reader]
        assert seen == list(range(1, FRAMES + 1)), f"{len(seen)} frames, not {FRAMES}"
        assert writer.wait(LIMIT_SECONDS) == 0


def killed_writer(path):
    with mmapvideo.Reader(path) as reader:
        writer = start_writer(path, "latest", 1, 0.005)
        kept = reader.read(timeout=LIMIT_SECONDS)
        before = check(kept)
        writer.kill()
        writer.wait(LIMIT_SECONDS)
        second = start_writer(path, "latest", 10_000, 0.005)
        latencies = []
        for frame in reader:
            number = check(frame)
            assert check(kept) == before, "a leased frame has changed"
            if number >= 10_000 and frame.latency_ns is not None:
                latencies.append(frame.latency_ns / 1000)
        assert latencies, "nothing came from the second writer"
        assert second.wait(LIMIT_SECONDS) == 0
        return f"latency p50 {np.percentile(latencies, 50):.0f} us of {len(latencies)} frames"


def main():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        lossless(f"{folder}/lossless")
        print("every frame arrived, whole and in order")
        print("a killed writer was followed by another:", killed_writer(f"{folder}/killed"))


if __name__ == "__main__":
    main()
