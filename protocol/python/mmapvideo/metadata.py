# SPDX-License-Identifier: MIT
"""Records in a frame's metadata (SPEC.md 3.7): what GStreamer attached to it, and other notes."""
from __future__ import annotations

import re
from typing import List, NamedTuple

from mmapvideo import _layout as layout

_KIND = re.compile(rb"([a-z0-9-]+)\0")


class Record(NamedTuple):
    """One record. What `content` means, SPEC.md 3.7 says for each kind."""

    kind: str
    version: int
    content: bytes


def records(metadata: bytes) -> List[Record]:
    """The records in the metadata of a frame.

    None, where it holds bytes of the writer's own or records of another version. Records behind
    one that contradicts SPEC.md are left out. Raises nothing, whatever is in there.
    """
    found: List[Record] = []
    header = layout.METADATA_HEADER
    if len(metadata) < header.size or not metadata.startswith(layout.METADATA_MAGIC):
        return found
    if header.unpack(metadata)["version"] != layout.METADATA_VERSION:
        return found
    at = header.size
    while len(metadata) - at >= layout.METADATA_RECORD.size:
        fields = layout.METADATA_RECORD.unpack(metadata, at)
        length, version, padded = fields["record_bytes"], fields["version"], fields["kind"]
        assert isinstance(length, int) and isinstance(version, int) and isinstance(padded, bytes)
        kind = _KIND.match(padded)
        if length < layout.METADATA_RECORD.size or length > len(metadata) - at or kind is None:
            break
        content = metadata[at + layout.METADATA_RECORD.size : at + length]
        found.append(Record(kind.group(1).decode("ascii"), version, content))
        at += length
    return found
