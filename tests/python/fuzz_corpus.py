# SPDX-License-Identifier: MIT
"""The inputs of tests/fuzz as files: a valid file of two rings and what an input changes in it.

tests/fuzz/README.md tells the format; written from that and SPEC.md 3, not from the code.
"""
import struct

MODES = RAW, RAW_START, ONE_RING, TWO_RINGS = range(4)
HEADER_REACH, SLOT_REACH, SLOTS, UNIT = 640, 576, 5, 65536
PATCH = struct.Struct("<BHQ")
SET_SIZE = 4
CAPS = b"video/x-raw, format=(string)GRAY8, width=(int)64"
NONE = 2**64 - 1


def _ring(generation):
    offset, capacity, count, first = (
        (UNIT, 4096, 2, 0) if generation == 1 else (3 * UNIT, 8192, 3, 2)
    )
    return struct.pack(
        "<6Q2IQ", generation, offset, UNIT, 4096, capacity, 1024, count, first, 0
    )


def _slot(number):
    info = struct.pack(
        "<12Q", NONE, NONE, NONE, NONE, NONE, 0, NONE, 0, 0, 0, 4096, 16
    ) + struct.pack("<12I", len(CAPS), 64, 64, 0, 1, 1, 1, 0, 0, 1, 1, 0)
    info += b"GRAY8".ljust(128, b"\0") + struct.pack("<QqIIQ", 0, 64, 64, 64, 0)
    header = struct.pack("<3Q", 2 * number, number, 0x1111).ljust(64, b"\0") + info
    return header.ljust(512, b"\0") + CAPS


def valid_file(generation):
    """The file with one ring, or the one that has grown."""
    frames = 2 if generation == 1 else SLOTS
    file = bytearray((1 + frames) * UNIT)
    struct.pack_into("<8sIIQQ", file, 0, b"mmapvid\n", 1, 4096, 0, 0)
    struct.pack_into("<I", file, 48, 3)
    struct.pack_into("<2Q", file, 80, 0x1111, 1)
    struct.pack_into("<Q", file, 104, 1)
    struct.pack_into("<Q", file, 128, generation)
    for each in range(1, generation + 1):
        file[192 + each % 2 * 64 : 256 + each % 2 * 64] = _ring(each)
    struct.pack_into("<2Q", file, 384, frames, frames - 1)
    for index in range(frames):
        slot = _slot(index + 1)
        at = (1 + index) * UNIT
        file[at : at + len(slot)] = slot
    return file


def _place(location):
    location %= HEADER_REACH + SLOTS * SLOT_REACH
    if location < HEADER_REACH:
        return location
    slot, at = divmod(location - HEADER_REACH, SLOT_REACH)
    return (1 + slot) * UNIT + at


def file_of(data):
    """The bytes of the file that an input stands for."""
    mode = data[0] % len(MODES) if data else RAW
    if mode == RAW:
        return bytes(data[1:8193])
    file = valid_file(2 if mode == TWO_RINGS else 1)
    if mode == RAW_START:
        start = data[1:4097]
        file[: len(start)] = start
        return bytes(file)
    size = len(file)
    file.extend(bytes(8 * UNIT - size))
    for at in range(1, len(data) - PATCH.size + 1, PATCH.size)[:24]:
        kind, location, value = PATCH.unpack_from(data, at)
        kind %= SET_SIZE + 1
        if kind == SET_SIZE:
            size = value % (7 * UNIT + 1)
            continue
        width = 1 << kind
        place = _place(location)
        file[place : place + width] = value.to_bytes(8, "little")[:width]
    return bytes(file[:size])
