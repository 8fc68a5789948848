# SPDX-License-Identifier: MIT
"""Views that outlive everything they came from: reader, writer, file, and nearly the interpreter."""
import os

import pytest
from raw_file import ENDED, STATE, RawFile
from script import Script

import mmapvideo

# Each keeps views in one way until the interpreter is gone. "-X dev" tells of what it finds wrong.
BEGIN = """
import sys
if {without_numpy}:
    sys.modules["numpy"] = None
import mmapvideo

def open_and_read(path):
    writer = mmapvideo.Writer(path, "GRAY8", 64, 64)
    reader = mmapvideo.Reader(path, max_leases=8)
    frames = []
    for value in (7, 8, 9):
        writer.write(bytes([value]) * 4096)
        frames.append(reader.read())
    return writer, reader, frames

def look(views):
    for value, view in zip((7, 8, 9), views):
        if bytes(view) != bytes([value]) * 4096:
            print("changed", value)
            raise SystemExit(5)
"""
KEEPING = {
    "after close": """
writer, reader, frames = open_and_read(sys.argv[1])
views = [frames[0].payload, frames[1].array, frames[2].planes[0]]
reader.close()
writer.close()
look(views)
del reader, writer, frames
import gc
gc.collect()
look(views)
print("looked")
""",
    "until nothing is left": """
writer, reader, frames = open_and_read(sys.argv[1])
import os
class Late:
    def __init__(self, views):
        self.views, self.write = views, os.write  # modules are gone by then
    def __del__(self):
        seen = [bytes(view) == bytes([value]) * 4096 for value, view in zip((7, 8, 9), self.views)]
        self.write(1, b"looked\\n" if seen == [True] * 3 else b"changed\\n")
sys.kept_by_sys = Late([frames[0].payload, frames[1].array, frames[2].planes[0]])
reader.close()
writer.close()
""",
    "in a cycle": """
writer, reader, frames = open_and_read(sys.argv[1])
cycle = [frames[0].payload, frames[1].array, reader, writer, frames]
cycle.append(cycle)
look(cycle[:2])
print("looked")
""",
    "in a thread that never ends": """
import threading, time
writer, reader, frames = open_and_read(sys.argv[1])
views = [frame.payload for frame in frames]
seen = threading.Event()
def go_on():
    while True:
        look(views)
        seen.set()
threading.Thread(target=go_on, daemon=True).start()
reader.close()
seen.wait()
print("looked")
""",
    "in a thread that waits for frames": """
import threading
writer, reader, frames = open_and_read(sys.argv[1])
views = [frame.payload for frame in frames]
waiting = mmapvideo.Reader(sys.argv[1])
waiting.read()
threading.Thread(target=waiting.read, daemon=True).start()
look(views)
print("looked")
""",
    "while it is written": """
writer, reader, frames = open_and_read(sys.argv[1])
in_place = writer.frame()
memory = in_place.__enter__()
memory[:] = memory
look([frame.payload for frame in frames])
print("looked")
""",
}


@pytest.mark.parametrize("without_numpy", [False, True])
@pytest.mark.parametrize("how", KEEPING)
def test_views_are_kept_without_a_crash(path, how, without_numpy):
    program = BEGIN.format(without_numpy=without_numpy) + KEEPING[how]
    with Script("-X", "dev", "-c", program, path) as script:
        status = script.wait()
    assert (status, script.lines) == (0, ["looked", None])
    assert not os.path.exists(path), "its writer ended"


def test_views_stay_whole_when_the_file_is_truncated_never_by_this_package(path):
    """Takeover, growth and removal leave what others have mapped."""
    writer = mmapvideo.Writer(path, "GRAY8", 64, 64, slots=4, keep_file=True)
    with mmapvideo.Reader(path) as reader:
        writer.write(bytes([7]) * 4096)
        array = reader.read().array
    writer.close()
    for size in (64, 500, 64):
        with mmapvideo.Writer(path, "GRAY8", size, size, keep_file=True) as writer:
            for _ in range(20):
                writer.write(bytes(size * size))
    with RawFile(path) as raw:
        assert raw.load(STATE) == ENDED
    os.unlink(path)
    assert (array == 7).all()
