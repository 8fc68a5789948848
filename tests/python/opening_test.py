# SPDX-License-Identifier: MIT
"""Paths that name something else: an error each, and untouched (SPEC.md 9, 12, 15)."""
import os
import random
import socket
import stat
import struct

import pytest
from locks import READER, SLOT, locks_in
from pictures import SMALL, is_whole, write_small
from process import Child
from raw_file import (
    GENERATION,
    HEAD_NUMBER,
    HEAD_SLOT_ID,
    INCOMPATIBLE_FLAGS,
    SESSION_ID,
    STATE,
    RawFile,
)

import mmapvideo


def read_some(path):
    with mmapvideo.Reader(path) as reader:
        return reader.read(timeout=0.01)


def write_some(path):
    with mmapvideo.Writer(path, **SMALL, keep_file=True) as writer:
        return write_small(writer, 1)


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


@pytest.fixture
def left(path):
    """A file that a writer left after three frames."""
    with mmapvideo.Writer(path, **SMALL, slots=4, keep_file=True) as writer:
        for seed in (1, 2, 3):
            write_small(writer, seed)
    return path


def refused_by_both(path, error, match=None):
    before = content_of(path)
    status = os.stat(path)
    for use in (read_some, write_some):
        with pytest.raises(error, match=match or path) as caught:
            use(path)
        assert caught.value.path == path and str(caught.value).endswith(".")
    assert content_of(path) == before
    assert os.stat(path).st_mtime_ns == status.st_mtime_ns
    assert os.stat(path).st_blocks == status.st_blocks


@pytest.mark.parametrize(
    "content",
    [b"x", b"mmapvideo is nice", b"mmapvid\r" + bytes(5000), bytes(8), bytes(10000),
     b"\x7fELF" * 100],
)
def test_files_of_another_kind_are_refused(path, content):
    with open(path, "wb") as file:
        file.write(content)
    refused_by_both(path, mmapvideo.NotAVideoFile)


@pytest.mark.parametrize("size", [12, 24, 48, 4096, None])
def test_other_versions_are_refused(left, size):
    content = content_of(left)[:size]
    with open(left, "wb") as file:
        file.write(content[:8] + struct.pack("<I", 2) + content[12:])
    refused_by_both(left, mmapvideo.VersionError)


@pytest.mark.parametrize("size", [24, 48, None])
def test_unknown_incompatible_flags_are_refused(left, size):
    with RawFile(left) as raw:
        raw.store(INCOMPATIBLE_FLAGS, 1 << 40)
    content = content_of(left)[:size]
    with open(left, "wb") as file:
        file.write(content)
    refused_by_both(left, mmapvideo.VersionError)


RING = 192 + 64  # of generation 1


@pytest.mark.parametrize(
    "field, value",
    [
        ((12, "I"), 8192), (STATE, 4), (HEAD_NUMBER, 2**62), (SESSION_ID, 0), (GENERATION, 2),
        (GENERATION, 3), ((RING, "Q"), 5), ((RING + 8, "Q"), 4096), ((RING + 8, "Q"), 65537),
        ((RING + 8, "Q"), 2**63), ((RING + 16, "Q"), 0), ((RING + 16, "Q"), 2**64 - 65536),
        ((RING + 24, "Q"), 0), ((RING + 24, "Q"), 2**63), ((RING + 32, "Q"), 0),
        ((RING + 32, "Q"), 2**64 - 64), ((RING + 40, "Q"), 2**64 - 1), ((RING + 48, "I"), 1),
        ((RING + 48, "I"), 1025), ((RING + 48, "I"), 1024), ((RING + 52, "I"), 2**24),
    ],
)
def test_invalid_headers_are_refused(left, field, value):
    with RawFile(left) as raw:
        raw.store(field, value)
    refused_by_both(left, mmapvideo.BrokenFile)


def test_cut_file_is_refused(left):
    os.truncate(left, os.path.getsize(left) - 1)
    refused_by_both(left, mmapvideo.BrokenFile)


def test_directories_pipes_sockets_and_links_are_refused_at_once(left, folder):
    os.symlink(left, os.path.join(folder, "link"))
    os.symlink("nowhere", os.path.join(folder, "dangling"))
    os.mkfifo(os.path.join(folder, "fifo"))
    os.mkdir(os.path.join(folder, "directory"))
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.join(folder, "socket"))
    for name in ("link", "dangling", "fifo", "directory", "socket"):
        for use in (read_some, write_some):
            with pytest.raises(mmapvideo.NotARegularFile, match=name):
                use(os.path.join(folder, name))
    assert os.path.islink(os.path.join(folder, "dangling"))
    assert stat.S_ISFIFO(os.stat(os.path.join(folder, "fifo")).st_mode)
    server.close()


def test_missing_directory_is_an_error_for_a_writer_only(folder):
    path = os.path.join(folder, "missing", "camera")
    assert read_some(path) is None
    with pytest.raises(mmapvideo.NotFound, match="does not exist"):
        write_some(path)


def test_files_that_may_not_be_opened_are_a_permission_error(left, folder, test_root):
    def as_anybody(send):
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        for use in (read_some, write_some):
            with pytest.raises(mmapvideo.PermissionDenied, match="permission"):
                use(left)
        send("refused")

    os.chmod(left, 0)
    for directory in (folder, test_root):
        os.chmod(directory, 0o755)
    with Child(as_anybody) as child:
        assert child.receive() == "refused"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_files_of_others_in_a_shared_directory_are_refused_by_a_writer(left, folder):
    os.chown(left, 65534, 65534)
    assert read_some(left).number == 3
    write_some(left)  # a directory of one's own
    os.chmod(folder, 0o1777)
    before = content_of(left)
    with pytest.raises(mmapvideo.PermissionDenied, match="another user"):
        write_some(left)
    assert content_of(left) == before


def test_every_error_is_one_of_the_package(path):
    for name in mmapvideo.__all__:
        thing = getattr(mmapvideo, name)
        if isinstance(thing, type) and issubclass(thing, Exception):
            assert issubclass(thing, mmapvideo.Error)


INFO = 64
SLOT_FIELDS = [
    ((8, "Q"), 99), ((INFO + 80, "Q"), 0), ((INFO + 80, "Q"), 2**40), ((INFO + 88, "Q"), 2**63),
    ((INFO + 96, "I"), 3584), ((INFO + 96, "I"), 2**32 - 1), ((INFO + 132, "I"), 5),
    ((INFO + 272, "Q"), 4097), ((INFO + 272 + 8, "q"), -64), ((INFO + 272 + 8, "q"), 2**63 - 1),
    ((INFO + 272 + 16, "I"), 2**32 - 1), ((INFO + 272 + 20, "I"), 2**32 - 1),
]


@pytest.mark.parametrize("field, value", SLOT_FIELDS)
def test_invalid_frame_is_told_once_and_reading_goes_on(path, field, value):
    with mmapvideo.Writer(path, **SMALL, slots=4) as writer, mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        with RawFile(path) as raw:
            raw.store(field, value, raw.slot(raw.index_of(1)))
        with pytest.raises(mmapvideo.BrokenFile, match=path):
            reader.read(timeout=0)
        assert reader.read(timeout=0) is None
        write_small(writer, 2)
        assert is_whole(reader.read())


def test_texts_without_an_end_and_caps_with_a_nul_are_invalid(path):
    with mmapvideo.Writer(path, **SMALL, slots=4) as writer, mmapvideo.Reader(path) as reader:
        for seed, (at, length, byte) in enumerate(
            ((INFO + 144, 32, b"A"), (INFO + 176, 64, b"A"), (INFO + 240, 32, b"A"),
             (512 + 5, 1, b"\0")), start=1
        ):
            write_small(writer, seed)
            with RawFile(path) as raw:
                start = raw.slot(raw.index_of(seed)) + at
                raw.bytes[start : start + length] = byte * length
            with pytest.raises(mmapvideo.BrokenFile):
                reader.read(timeout=0)


def test_planes_of_unusual_layout_are_shown_as_they_are(path):
    with mmapvideo.Writer(path, **SMALL) as writer, mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        with RawFile(path) as raw:
            slot = raw.slot(raw.index_of(1))
            # Upside down.
            raw.store((INFO + 272, "Q"), 63 * 64, slot)
            raw.store((INFO + 280, "q"), -64, slot)
        frame = reader.read()
        rows = bytes(frame.payload)
        assert frame.array[0].tobytes() == rows[63 * 64 :]
        assert frame.array[63].tobytes() == rows[:64]
        write_small(writer, 2)
        with RawFile(path) as raw:
            # Planes are not described: GStreamer's usual ones.
            raw.store((INFO + 132, "I"), 0, raw.slot(raw.index_of(2)))
        assert is_whole(reader.read())
        write_small(writer, 3)
        with RawFile(path) as raw:
            at = raw.slot(raw.index_of(3)) + INFO + 144
            raw.bytes[at : at + 6] = b"Y_TILE"
        assert reader.read().array.shape == (64, 64)


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bytes_never_do_more_than_raise(left, seed):
    """A reader must survive anything in header and slot headers; most of it is an error."""
    content = content_of(left)
    numbers = random.Random(seed)
    with RawFile(left) as raw:
        slots = [raw.slot(index) for index in range(4)]
    for _ in range(40):
        with RawFile(left) as raw:
            for _ in range(numbers.choice((1, 2, 8))):
                start, length = numbers.choice([(0, 640)] + [(slot, 700) for slot in slots])
                raw.bytes[start + numbers.randrange(length)] = numbers.randrange(256)
        for delivery in ("latest", "every-frame"):
            try:
                with mmapvideo.Reader(left, delivery) as reader:
                    for _ in range(3):
                        frame = reader.read(timeout=0)
                        if frame is not None:
                            assert frame.caps is not None and bytes(frame.payload)
                            assert [plane.nbytes for plane in frame.planes] is not None
            except mmapvideo.Error:
                pass
        with open(left, "r+b") as file:
            file.write(content)


def test_head_that_leads_nowhere_is_not_followed(left):
    with RawFile(left) as raw:
        for slot_id in (4, 77, 2**24 - 1, 2**40, 2**64 - 1):
            raw.store(HEAD_SLOT_ID, slot_id)
            assert read_some(left) is None


def test_nothing_is_held_in_a_file_that_was_refused(left):
    with RawFile(left) as raw:
        raw.store((RING + 48, "I"), 1)
    with pytest.raises(mmapvideo.BrokenFile):
        read_some(left)
    assert locks_in(left, READER) == [] and locks_in(left, SLOT) == []
