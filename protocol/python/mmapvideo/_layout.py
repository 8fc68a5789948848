# SPDX-License-Identifier: MIT
"""The bytes of the file: the tables of SPEC.md 3 and the numbers of the other sections.

Integers are little-endian and fields follow each other without padding, so a table is its fields
in order; offsets are computed. A test holds them against SPEC.md.
"""
from __future__ import annotations

import struct
from typing import Dict, List, Tuple, Union

Value = Union[int, bytes]


class Table:
    """One structure: where its fields are, and how to take it apart and put it together."""

    def __init__(self, fields: str) -> None:
        self.offsets: Dict[str, int] = {}
        self.sizes: Dict[str, int] = {}
        self._nothing: Dict[str, Value] = {}
        formats: List[str] = []
        for field in fields.split():
            name, _, code = field.partition(":")
            self.offsets[name] = struct.calcsize("<" + "".join(formats))
            self.sizes[name] = struct.calcsize("<" + code)
            self._nothing[name] = b"" if code.endswith("s") else 0
            formats.append(code)
        self._struct = struct.Struct("<" + "".join(formats))
        self.size = self._struct.size

    def unpack(self, data: Union[bytes, bytearray, memoryview], at: int = 0) -> Dict[str, Value]:
        """All fields of the structure that begins at byte `at` of `data`."""
        return dict(zip(self.offsets, self._struct.unpack_from(data, at)))

    def pack(self, **values: Value) -> bytes:
        """The structure with these fields; the others are 0."""
        return self._struct.pack(*{**self._nothing, **values}.values())


FILE_HEADER = Table(
    """magic:Q version:I header_bytes:I incompatible_flags:Q compatible_flags:Q file_id:16s
    state:I clock_id:I clock_namespace:Q boot_id:16s session_id:Q session_count:Q
    session_start_time_ns:Q session_first_number:Q writer_process_id:Q delivery:I reserved_124:I
    ring_generation:Q reserved_136:56s rings:128s reserved_320:64s head_number:Q head_slot_id:Q
    reserved_400:48s published:I reserved_452:60s released:I reserved_516:60s frame_count:Q
    dropped_count:Q byte_count:Q wait_count:Q passed_over_count:Q reserved_616:3480s"""
)
RING = Table(
    """generation:Q offset:Q slot_stride:Q payload_offset:Q payload_capacity:Q
    metadata_capacity:Q slot_count:I first_slot_id:I reserved:Q"""
)
SLOT_HEADER = Table("stamp:Q number:Q session_id:Q reserved:40s info:448s")
FRAME_INFO = Table(
    """pts_ns:Q dts_ns:Q duration_ns:Q offset:Q offset_end:Q flags:Q clock_time_ns:Q latency_ns:Q
    publish_time_ns:Q publish_wall_time_ns:Q payload_bytes:Q metadata_bytes:Q caps_bytes:I width:I
    height:I fps_numerator:I fps_denominator:I par_numerator:I par_denominator:I interlace_mode:I
    field_order:I plane_count:I view_count:I reserved_140:I format:32s colorimetry:64s
    chroma_site:32s planes:128s reserved_400:48s"""
)
PLANE = Table("offset:Q stride:q row_bytes:I rows:I reserved:Q")

METADATA_HEADER = Table("magic:Q version:I reserved:I")
METADATA_RECORD = Table("record_bytes:I version:I kind:24s")

MAGIC = b"mmapvid\n"
METADATA_MAGIC = b"mmapmet\n"
METADATA_VERSION = 1
VERSION = 1
HEADER_BYTES = 4096
PREAMBLE_BYTES = 48

SLOT_ALIGNMENT = 65536
PAYLOAD_ALIGNMENT = 4096
METADATA_ALIGNMENT = 64
CAPS_OFFSET = 512
MIN_SLOTS = 2
MAX_SLOTS = 1024
MAX_PLANES = 4
MAX_CAPS_BYTES = 2**20
MAX_METADATA_BYTES = 2**28
MAX_FRAME_NUMBER = 2**62 - 1
NONE = 2**64 - 1

FORMING, EMPTY, STREAMING, ENDED = range(4)
LATEST, EVERY_FRAME, ACKNOWLEDGED = range(3)
CLOCK_MONOTONIC, CLOCK_QPC = 1, 2
UNLOCKED = 1
KNOWN_INCOMPATIBLE = 0

# Where the frame info's parts are: the times change with every frame, the description rarely.
INFO_AT = SLOT_HEADER.offsets["info"]
TIMES_AT = INFO_AT
TIME_COUNT = 10
DESCRIPTION_AT = INFO_AT + FRAME_INFO.offsets["payload_bytes"]

# Locks (SPEC 5).
LOCK_BASE = 2**62
FAMILY_BYTES = 2**60
INDEX_BYTES = 2**36
ITEM_BYTES = 16
SLOT_ID_COUNT = 2**24
LANE_COUNT = 2**32
WRITER, READER, SLOT, TURN = range(4)
TURN_COUNT = 65536
TURN_WINDOW = 4096

Range = Tuple[int, int]


def lock_item(family: int, index: int, lane: int) -> Range:
    """Offset and length of one lock item."""
    return (
        LOCK_BASE + family * FAMILY_BYTES + index * INDEX_BYTES + lane * ITEM_BYTES,
        ITEM_BYTES,
    )


def all_lanes(family: int, first: int, last: int) -> Range:
    """Offset and length of every item of the indices `first` to `last`."""
    start = LOCK_BASE + family * FAMILY_BYTES + first * INDEX_BYTES
    return start, (last - first + 1) * INDEX_BYTES
