# SPDX-License-Identifier: MIT
"""What a reader finds when the ring grows, also while it attaches (SPEC.md 7.4, 8.1, 11)."""
import threading
import time

import pytest
from actors import small_writer
from pictures import write_small
from raw_file import WAIT_COUNT, RawFile

import mmapvideo


def grow_twice(path, sizes, **options):
    """Writes one frame of each size, and only then reads them; returns their numbers."""
    with mmapvideo.Writer(path, "GRAY8", 64, 64, slots=4, **options) as writer:
        with mmapvideo.Reader(path, "every-frame") as reader:
            for seed, size in enumerate(sizes, start=1):
                writer.set_format("GRAY8", size, size)
                assert writer.write(bytes([seed]) * size * size) == seed
            frames = list(iter(lambda: reader.read(timeout=0), None))
            for frame in frames:
                assert frame.width == sizes[frame.number - 1]
                assert bytes(frame.payload) == bytes([frame.number]) * frame.width**2
            assert reader.stats.skipped + len(frames) == len(sizes)
        with RawFile(path) as raw:
            assert raw.ring()["generation"] == len(set(sizes))
        return [frame.number for frame in frames]


def test_growth_is_followed_and_what_is_left_in_the_former_ring_read_before(path):
    assert grow_twice(path, (64, 64, 600, 600)) == [1, 2, 3, 4]


def test_second_growth_gives_back_what_nobody_waits_for(path):
    assert grow_twice(path, (64, 64, 600, 600, 1200, 1200)) == [3, 4, 5, 6]


def test_second_growth_waits_for_a_lossless_reader(path):
    sizes = (64, 64, 600, 600, 1200, 1200)
    with mmapvideo.Writer(
        path, "GRAY8", 64, 64, slots=4, delivery="every-frame", wait_timeout=None
    ) as writer, mmapvideo.Reader(path, "every-frame") as reader:
        assert reader.read(timeout=0) is None

        def write_all():
            for seed, size in enumerate(sizes, start=1):
                writer.set_format("GRAY8", size, size)
                assert writer.write(bytes([seed]) * size * size) == seed

        writing = threading.Thread(target=write_all)
        writing.start()
        with RawFile(path) as raw:
            while raw.load(WAIT_COUNT) == 0:
                time.sleep(0.001)
        for number, size in enumerate(sizes, start=1):
            frame = reader.read()
            assert (frame.number, frame.skipped, frame.width) == (number, 0, size)
            assert bytes(frame.payload) == bytes([number]) * size * size
        writing.join()
        assert writer.stats.waits > 0 and writer.stats.passed_over == 0


def test_second_growth_passes_over_a_lossless_reader_that_hangs(path):
    sizes = (64, 64, 600, 600, 1200, 1200)
    assert grow_twice(path, sizes, delivery="every-frame", wait_timeout=0.05)[-4:] == [3, 4, 5, 6]


def act_once_when_reader_is_counted(monkeypatch, action):
    """Runs action() when the next reader has locked READER, and not yet looked at anything else."""
    from mmapvideo import _attachment

    draw_lane = _attachment.draw_lane

    def draw_and_act(*arguments):
        lane = draw_lane(*arguments)
        monkeypatch.setattr(_attachment, "draw_lane", draw_lane)
        action()
        return lane

    monkeypatch.setattr(_attachment, "draw_lane", draw_and_act)


@pytest.mark.parametrize("waited", [False, True])
def test_what_a_writer_publishes_and_grows_while_a_reader_attaches_is_not_missed(
    path, monkeypatch, waited
):
    """A writer that waits for readers goes on as soon as it can count this one."""

    def go_on():
        for size in (64, 300):
            writer.set_format("GRAY8", size, size)
            for _ in range(2):
                writer.write(bytes(size * size))

    reader = mmapvideo.Reader(path, "every-frame") if waited else None
    with small_writer(path, slots=4, delivery="every-frame", wait_timeout=0) as writer:
        act_once_when_reader_is_counted(monkeypatch, go_on)
        with reader or mmapvideo.Reader(path, "every-frame") as reader:
            found = [reader.read(timeout=0) for _ in range(4)]
            assert [(f.number, f.skipped) for f in found] == [(n, 0) for n in (1, 2, 3, 4)]
        assert writer.stats.passed_over == 0


def test_newest_frame_of_a_ring_that_came_while_a_reader_attached_is_delivered(path, monkeypatch):
    with small_writer(path, slots=4) as writer:
        write_small(writer, 1)
        act_once_when_reader_is_counted(
            monkeypatch, lambda: writer.set_format("GRAY8", 300, 300) or writer.write(bytes(90000))
        )
        with mmapvideo.Reader(path) as reader:
            assert reader.read(timeout=0).number == 2


@pytest.mark.parametrize("delivery", ["latest", "every-frame"])
def test_numbers_of_a_former_session_are_no_gap_when_its_ring_is_left(path, delivery):
    """The head is in a ring that the next writer does not use any more."""
    with small_writer(path, slots=4, keep_file=True) as writer:
        for seed in (1, 2, 3):
            write_small(writer, seed)
    with mmapvideo.Writer(path, "GRAY8", 300, 300, slots=4, delivery="every-frame") as writer:
        with mmapvideo.Reader(path, delivery) as reader:
            assert reader.read(timeout=0) is None
            assert writer.write(bytes(90000)) == 4
            frame = reader.read()
            assert (frame.number, frame.skipped) == (4, 0)
