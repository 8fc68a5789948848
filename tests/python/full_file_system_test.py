# SPDX-License-Identifier: MIT
"""A memory file system without room: an error with figures, and never a bus error on either side.

Each test runs in a child process with a mount namespace of its own.
"""
import ctypes
import os

import pytest
from pictures import SMALL, is_whole, write_picture, write_small
from process import Child

import mmapvideo

_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
KEEP_SIZE_AND_PUNCH_HOLE = 3
NOT_POSSIBLE = "may not create a mount namespace with a tmpfs here"
FIGURES = r"needs \d+\.\d MiB, \d+\.\d MiB is free in"


def in_a_small_file_system(folder, size, body):
    """Runs body() where `folder` has `size` bytes, by tmpfs's words; skips where that cannot be."""

    def run(send):
        flags = CLONE_NEWNS if os.geteuid() == 0 else CLONE_NEWNS | CLONE_NEWUSER
        options = f"size={size}".encode()
        if (
            _libc.unshare(flags) != 0
            or _libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0
            or _libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options) != 0
        ):
            send(NOT_POSSIBLE)
            return
        body()
        send("done")

    with Child(run) as child:
        answer = child.receive()
        if answer == NOT_POSSIBLE:
            pytest.skip(NOT_POSSIBLE)
        assert answer == "done" and child.wait() == 0


def fill_up(path):
    """Takes all the room that is left."""
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass


def test_writer_of_frames_that_do_not_fit_is_an_error_and_leaves_nothing(folder, path):
    def body():
        with pytest.raises(mmapvideo.NoSpace, match=FIGURES) as caught:
            mmapvideo.Writer(path, "BGR", 1280, 720)
        assert caught.value.path == path and folder in str(caught.value)
        assert os.listdir(folder) == []

    in_a_small_file_system(folder, "1m", body)


def test_larger_frames_without_room_are_an_error_and_the_smaller_ones_go_on(folder, path):
    def body():
        with mmapvideo.Writer(path, **SMALL, slots=3) as writer, mmapvideo.Reader(path) as reader:
            write_small(writer, 1)
            assert is_whole(reader.read())
            before = os.stat(path).st_blocks
            with pytest.raises(mmapvideo.NoSpace, match=FIGURES):
                writer.set_format("BGR", 1280, 720)
            with pytest.raises(mmapvideo.NoSpace, match=FIGURES):
                writer.write(bytes(4096), metadata=bytes(2_000_000))
            assert os.stat(path).st_blocks == before
            fill_up(os.path.join(folder, "filler"))
            for seed in range(2, 20):
                assert write_small(writer, seed) == seed
                assert is_whole(reader.read())

    in_a_small_file_system(folder, "1m", body)


def test_file_system_without_a_single_page_is_an_error_and_a_later_writer_goes_on(folder, path):
    def body():
        filler = os.path.join(folder, "filler")
        fill_up(filler)
        with pytest.raises(mmapvideo.NoSpace):
            mmapvideo.Writer(path, **SMALL)
        with mmapvideo.Reader(path) as reader:
            assert reader.read(timeout=0) is None
            os.unlink(filler)
            with mmapvideo.Writer(path, **SMALL, slots=2) as writer:
                write_small(writer, 1)
                assert is_whole(reader.read())

    in_a_small_file_system(folder, "256k", body)


def test_taking_over_a_file_with_holes_is_an_error_and_no_bus_error(folder, path):
    def body():
        with mmapvideo.Writer(path, **SMALL, slots=8, keep_file=True) as writer:
            write_small(writer, 1)
        fd = os.open(path, os.O_RDWR)
        size = os.fstat(fd).st_size
        _libc.fallocate(
            fd, KEEP_SIZE_AND_PUNCH_HOLE, ctypes.c_int64(131072), ctypes.c_int64(size - 131072)
        )
        os.close(fd)
        filler = os.path.join(folder, "filler")
        fill_up(filler)
        with pytest.raises(mmapvideo.NoSpace, match=FIGURES):
            mmapvideo.Writer(path, **SMALL)
        os.unlink(filler)
        with mmapvideo.Writer(path, **SMALL) as writer:
            assert write_small(writer, 2) == 2

    in_a_small_file_system(folder, "1m", body)


def test_reader_of_a_ring_that_was_given_back_goes_on(folder, path):
    """To touch a page that was given back takes memory, and there is none."""

    def body():
        writer = mmapvideo.Writer(path, "GRAY8", 240, 250, slots=4)
        reader = mmapvideo.Reader(path, "every-frame", copy=True)
        with writer, reader:
            for seed in range(1, 5):
                write_picture(writer, "GRAY8", 240, 250, seed)
            assert is_whole(reader.read())
            writer.set_format("GRAY8", 500, 600)
            for seed in range(5, 11):
                write_picture(writer, "GRAY8", 500, 600, seed)
            fill_up(os.path.join(folder, "filler"))
            number = 1
            while number < 10:
                frame = reader.read(timeout=0)
                assert is_whole(frame) and frame.number == number + 1 + frame.skipped
                number = frame.number

    in_a_small_file_system(folder, "4m", body)


def test_space_is_there_before_it_is_needed(folder, path):
    """Others may take all the rest at any time."""

    def body():
        with mmapvideo.Writer(path, "BGR", 64, 48, slots=4) as writer:
            fill_up(os.path.join(folder, "filler"))
            with mmapvideo.Reader(path, "every-frame") as reader:
                for seed in range(1, 20):
                    write_picture(writer, "BGR", 64, 48, seed)
                    assert is_whole(reader.read())

    in_a_small_file_system(folder, "1m", body)
