# SPDX-License-Identifier: MIT
"""What the frames of the storm hold: every word follows from number, salt and position, so that no
other frame, no part of one and no rubbish can be taken for it. stress_frame.hpp has the same.

Frames are GRAY8, 64 pixels wide, and their pts is the salt. Their metadata begins with the tag of
the session and the inode of the file.
"""
import os
import random
import struct
from typing import NamedTuple

import numpy as np

WIDTH = 64
MOST_ROWS = 8192
METADATA = struct.Struct("<2Q")

_NUMBER, _INDEX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1342543DE82EF95)
_STEPS = np.arange(MOST_ROWS * WIDTH // 8, dtype=np.uint64) * _INDEX


def words_of(number, salt, count):
    """The first `count` words of a frame."""
    first = (number * int(_NUMBER) % 2**64) ^ salt
    return _STEPS[:count] + np.uint64(first)


def payload_of(number, salt, rows):
    return words_of(number, salt, rows * WIDTH // 8).view(np.uint8).reshape(rows, WIDTH)


def metadata_of(number, salt, tag, inode, more_bytes):
    rest = words_of(number, ~salt % 2**64, more_bytes // 8)
    return METADATA.pack(tag, inode) + rest.tobytes()


def difference(data, number, salt):
    """In words: what of these bytes is not the frame's; "" if all is."""
    found = np.frombuffer(data, np.uint64)
    expected = words_of(number, salt, len(found))
    different = np.flatnonzero(found != expected)
    if not len(different):
        return ""
    at = int(different[0])
    return (
        f"frame {number}: {len(different)} of {len(found)} words differ, the first is {at}: "
        f"{int(found[at]):016x} instead of {int(expected[at]):016x}"
    )


class Session(NamedTuple):
    """One start of a writer. The tag counts them, and travels with each frame."""

    tag: int
    seed: int
    slots: int
    delivery: str
    wait_timeout: float
    most_rows: int
    more_metadata_bytes: int
    longest_pause_us: int
    grows: bool
    keeps_file: bool


def draw_session(numbers: random.Random, tag):
    return Session(
        tag=tag,
        seed=numbers.getrandbits(63),
        slots=numbers.choice((0, 0, 3, 4, 6, 9, 16)),
        delivery=numbers.choice(("latest", "every-frame", "acknowledged")),
        wait_timeout=numbers.randrange(5, 65) / 1000,
        most_rows=1 + numbers.randrange(MOST_ROWS if numbers.randrange(6) == 0 else 768),
        more_metadata_bytes=8 * numbers.randrange(512) if numbers.randrange(2) else 0,
        longest_pause_us=1 + numbers.randrange(300 if numbers.randrange(2) else 4000),
        grows=numbers.randrange(4) == 0,
        keeps_file=numbers.randrange(3) != 0,
    )


def calm_session(tag):
    """All calm sessions are the same, so that what their readers occupy can be compared."""
    return Session(tag, tag, 6, "every-frame", 0.2, 256, 0, 1000, False, True)


class Header(NamedTuple):
    """Of whatever file has a path now, read as a tool would (SPEC.md 3.1)."""

    inode: int
    state: int
    session_id: int
    first_number: int
    delivery: int
    dropped_count: int
    passed_over_count: int


def header_at(path):
    """None: no file, or one that is shorter than a header."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        data, inode = os.pread(fd, 4096, 0), os.fstat(fd).st_ino
    finally:
        os.close(fd)
    if len(data) < 4096:
        return None
    fields = [("I", 48), ("Q", 80), ("Q", 104), ("I", 120), ("Q", 584), ("Q", 608)]
    return Header(inode, *(struct.unpack_from("<" + kind, data, at)[0] for kind, at in fields))
