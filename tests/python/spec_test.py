# SPDX-License-Identifier: MIT
"""The package's numbers are those of SPEC.md."""
import pathlib
import re

import pytest

from mmapvideo import _layout as layout

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SPEC = (SOURCE / "protocol/SPEC.md").read_text(encoding="utf-8")
TABLES = {
    "mmapvideo_file_header": layout.FILE_HEADER,
    "mmapvideo_ring": layout.RING,
    "mmapvideo_slot_header": layout.SLOT_HEADER,
    "mmapvideo_frame_info": layout.FRAME_INFO,
    "mmapvideo_plane": layout.PLANE,
    "mmapvideo_metadata_header": layout.METADATA_HEADER,
    "mmapvideo_metadata_record": layout.METADATA_RECORD,
}


def rows_of(table):
    """Name, offset and size of every field that SPEC.md gives this table."""
    text = SPEC.split(f"<!-- table: {table} -->")[1].split("\n\n")[0]
    return [
        (name, int(offset), int(size))
        for offset, size, name in re.findall(r"^\| (\d+) \| (\d+) \| (\w+) \|", text, re.MULTILINE)
    ]


@pytest.mark.parametrize("name", TABLES)
def test_table_is_that_of_the_specification(name):
    table = TABLES[name]
    assert rows_of(name) == [(n, table.offsets[n], table.sizes[n]) for n in table.offsets]
    assert table.size == sum(size for _, _, size in rows_of(name))


def test_atomic_words_are_aligned():
    for match in re.finditer(r"^\| (\d+) \| ([48]) \| (\w+) \| u\d\d \| a \|", SPEC, re.MULTILINE):
        assert int(match.group(1)) % int(match.group(2)) == 0, match.group(3)


def test_lock_items_are_those_of_the_specification():
    assert "2^62 + family * 2^60 + index * 2^36 + lane * 16" in SPEC
    last = layout.lock_item(layout.TURN, layout.SLOT_ID_COUNT - 1, layout.LANE_COUNT - 1)
    assert last[0] + last[1] == 2**63
    assert layout.all_lanes(layout.SLOT, 5, 5) == (2**62 + 2 * 2**60 + 5 * 2**36, 2**36)


def test_only_the_platform_module_sees_the_operating_system():
    system = re.compile(r"^\s*(?:import|from) (fcntl|mmap|msvcrt|resource|stat)\b", re.MULTILINE)
    for source in (SOURCE / "protocol/python/mmapvideo").glob("*.py"):
        if source.name != "_linux.py":
            assert not system.search(source.read_text(encoding="utf-8")), source.name


def test_only_one_module_loads_and_stores_shared_words():
    for source in (SOURCE / "protocol/python/mmapvideo").glob("*.py"):
        text = source.read_text(encoding="utf-8")
        if source.name != "_words.py":
            assert '.cast("Q")' not in text and '.cast("I")' not in text, source.name
