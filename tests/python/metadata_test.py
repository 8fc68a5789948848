# SPDX-License-Identifier: MIT
"""Records in the metadata of a frame (SPEC.md 3.7)."""
import random
import struct

import pytest
from pictures import SMALL

import mmapvideo
from mmapvideo.metadata import Record, records

HEADER = b"mmapmet\n" + struct.pack("<II", 1, 0)


def record(kind, content=b"", version=1):
    return struct.pack("<II24s", 32 + len(content), version, kind) + content


GOOD = HEADER + record(b"video-crop", bytes(16)) + record(b"new-thing", b"x", 7)
FOUND = [Record("video-crop", 1, bytes(16)), Record("new-thing", 7, b"x")]


def test_records_are_found_whatever_is_in_them():
    assert records(GOOD) == FOUND
    assert records(HEADER) == []


def test_bytes_of_the_writers_own_are_no_records():
    for own in (b"", b"own", b"mmapmet\n", b"x" * 100, b"mmapmet\n" + struct.pack("<II", 2, 0)):
        assert records(own) == []


@pytest.mark.parametrize("tail", [
    b"x", record(b"cut", b"abc")[:-1], record(b""), record(b"Capital"), record(b"k" * 24),
    struct.pack("<I", 31) + record(b"short")[4:], struct.pack("<I", 2**32 - 1) + record(b"long")[4:],
])
def test_records_before_a_broken_one_are_good(tail):
    assert records(GOOD + tail) == FOUND


def test_damaged_metadata_raises_nothing():
    chance = random.Random(1)
    for _ in range(5000):
        damaged = bytearray(GOOD)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        records(bytes(damaged[:chance.randint(0, len(damaged))]))


def test_a_frame_has_its_records_and_its_bytes(path):
    with mmapvideo.Writer(path, **SMALL) as writer, mmapvideo.Reader(path) as reader:
        with writer.frame(metadata=GOOD):
            pass
        frame = reader.read()
        assert frame.metadata == GOOD
        assert frame.metadata_records == FOUND
        with writer.frame(metadata=b"own"):
            pass
        frame = reader.read()
        assert (frame.metadata, frame.metadata_records) == (b"own", [])
