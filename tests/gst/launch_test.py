#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two gst-launch-1.0, as on the first page of README.md: what one writes, the other reads, bit for
bit, whichever is first.

Usage: launch_test.py GST-LAUNCH
"""
import os
import pathlib
import subprocess
import sys
import tempfile

LIMIT_SECONDS = 100
FRAMES = 60
SOURCE = f"videotestsrc pattern=snow num-buffers={FRAMES} ! video/x-raw,format=I420,width=320,height=240"


def environment():
    """GStreamer's programs are not instrumented: a sanitizer's runtime has to be preloaded."""
    runtime = os.environ.get("SANITIZER_RUNTIME")
    if runtime is None:
        return None
    return dict(os.environ, LD_PRELOAD=runtime, ASAN_OPTIONS="detect_leaks=0")


def launch(description):
    return subprocess.Popen([sys.argv[1], "-q", *description.split()], env=environment())


def end_of(process, what):
    status = process.wait(LIMIT_SECONDS)
    if status != 0:
        sys.exit(f"{what} ended with status {status}")


def bytes_of(path):
    return pathlib.Path(path).read_bytes()


def write(folder):
    return launch(
        f"{SOURCE} ! mmapsink sync=false delivery=every-frame wait-timeout=-1 wait-for-readers=1 "
        f"location={folder}/cam0"
    )


def read(folder):
    return launch(
        f"mmapsrc delivery=every-frame location={folder}/cam0 ! filesink location={folder}/read"
    )


def main():
    root = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="mmapvideo-test-", dir=root) as name:
        folder = pathlib.PurePath(name).as_posix()  # gst-launch takes a backslash for an escape
        end_of(launch(f"{SOURCE} ! filesink location={folder}/direct"), "without the elements")
        direct = bytes_of(f"{folder}/direct")
        if len(direct) < FRAMES * 320 * 240:
            sys.exit(f"videotestsrc wrote {len(direct)} bytes only")
        for first, second in ((write, read), (read, write)):
            processes = first(folder), second(folder)
            try:
                for process in processes:
                    end_of(process, "one side")
            finally:
                for process in processes:
                    process.kill()  # one that waits for the other would go on waiting
            if bytes_of(f"{folder}/read") != direct:
                sys.exit(f"{first.__name__} first: {FRAMES} frames did not arrive as they were sent")
            if os.path.exists(f"{folder}/cam0"):
                sys.exit("the writer left its file behind")
            os.unlink(f"{folder}/read")
    print(f"{FRAMES} frames arrived as they were sent, twice")


if __name__ == "__main__":
    main()
