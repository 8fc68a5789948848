# SPDX-License-Identifier: MIT
"""A file's bytes, seen and poked without the package under test; numbers are those of SPEC.md 3."""
import mmap
import struct

STATE, DELIVERY, GENERATION = (48, "I"), (120, "I"), (128, "Q")
SESSION_ID, FIRST_NUMBER = (80, "Q"), (104, "Q")
HEAD_NUMBER, HEAD_SLOT_ID = (384, "Q"), (392, "Q")
PUBLISHED, RELEASED = (448, "I"), (512, "I")
COMPATIBLE_FLAGS, INCOMPATIBLE_FLAGS = (24, "Q"), (16, "Q")
WAIT_COUNT = (600, "Q")
FORMING, EMPTY, STREAMING, ENDED = range(4)
STAMP = (0, "Q")  # of a slot
RING_NAMES = "generation offset slot_stride payload_offset payload_capacity metadata_capacity"


class RawFile:
    def __init__(self, path):
        with open(path, "r+b") as file:
            self.bytes = mmap.mmap(file.fileno(), 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bytes.close()

    def load(self, field, base=0):
        return struct.unpack_from("=" + field[1], self.bytes, base + field[0])[0]

    def store(self, field, value, base=0):
        struct.pack_into("=" + field[1], self.bytes, base + field[0], value)

    def ring(self):
        """The descriptor in use."""
        values = struct.unpack_from("=6QII", self.bytes, 192 + self.load(GENERATION) % 2 * 64)
        return dict(zip(RING_NAMES.split() + ["slot_count", "first_slot_id"], values))

    def slot(self, index):
        ring = self.ring()
        return ring["offset"] + index * ring["slot_stride"]

    def stamps(self):
        count = self.ring()["slot_count"]
        return [self.load(STAMP, self.slot(index)) for index in range(count)]

    def index_of(self, number):
        return self.stamps().index(2 * number)

    def store_stamp(self, index, stamp):
        self.store(STAMP, stamp, self.slot(index))
