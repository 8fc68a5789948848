# SPDX-License-Identifier: MIT
"""Which frames a reader gets, from slots that stay and slots in motion; how it is used (SPEC.md 8.2)."""
import os

import pytest
from actors import later, small_writer
from locks import READER, locks_in
from pictures import SMALL, WHOLE, are_whole, is_whole, write_small
from raw_file import RawFile

import mmapvideo


def test_latest_takes_the_newest_and_counts_the_others(path):
    with small_writer(path) as writer, mmapvideo.Reader(path) as reader:
        for seed in range(1, 5):
            write_small(writer, seed)
        frame = reader.read()
        assert (frame.number, frame.skipped, is_whole(frame)) == (4, 3, WHOLE)
        assert reader.read(timeout=0) is None
        write_small(writer, 5)
        frame = reader.read()
        assert (frame.number, frame.skipped) == (5, 0)
        assert reader.stats.skipped == 3


def test_head_is_the_first_frame_of_a_late_reader(path):
    with small_writer(path) as writer:
        for seed in range(1, 8):
            write_small(writer, seed)
        for delivery in ("latest", "every-frame"):
            with mmapvideo.Reader(path, delivery) as reader:
                frame = reader.read(timeout=0)
                assert (frame.number, frame.skipped) == (7, 0)


def test_every_frame_comes_in_order(path):
    with small_writer(path, slots=16) as writer:
        with mmapvideo.Reader(path, "every-frame") as reader:
            for seed in range(1, 15):
                write_small(writer, seed)
            frames = [reader.read(timeout=0) for _ in range(14)]
            assert [frame.number for frame in frames] == list(range(1, 15))
            assert are_whole(frames)
            assert sum(frame.skipped for frame in frames) == 0


def test_every_frame_that_was_overrun_goes_on_in_the_middle_and_tells_the_gap(path):
    with small_writer(path, slots=8) as writer:
        with mmapvideo.Reader(path, "every-frame") as reader:
            write_small(writer, 1)
            assert reader.read().number == 1
            for seed in range(2, 42):
                write_small(writer, seed)
            frame = reader.read()
            assert frame.number == 38  # of 34 to 41
            assert frame.skipped == 36
            assert [reader.read(timeout=0).number for _ in range(3)] == [39, 40, 41]


def test_every_frame_over_dropped_frames_is_not_overrun(path):
    with small_writer(path, slots=4) as writer:
        with mmapvideo.Reader(path, "every-frame", max_leases=2) as reader:
            with mmapvideo.Reader(path, max_leases=2) as hoarder:
                held = []
                for seed in (1, 2):
                    write_small(writer, seed)
                    held.append(hoarder.read())
                write_small(writer, 3)
                assert [reader.read().number for _ in range(3)] == [1, 2, 3]
                keep = reader.read(timeout=0)
                assert keep is None
                write_small(writer, 4)
                with mmapvideo.Reader(path, max_leases=1) as other:
                    held.append(other.read())
                    assert held[-1].number == 4
                    # 3, 1 and 2 are behind the head or leased; a slot is left for one of two.
                    write_small(writer, 5)
                    frame = reader.read()
                    assert frame.number == 4 and frame.skipped == 0


def test_claimed_slot_is_read_by_copying(path):
    with small_writer(path) as writer, mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        with RawFile(path) as raw:
            raw.store_stamp(raw.index_of(1), 3)
            frame = reader.read(timeout=0)
            assert frame.number == 1 and frame.is_copy and is_whole(frame)


def test_slot_that_is_written_is_not_read(path):
    with small_writer(path) as writer, mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        with RawFile(path) as raw:
            index = raw.index_of(1)
            raw.store_stamp(index, 1)
            assert reader.read(timeout=0.01) is None
            raw.store_stamp(index, 2)
            assert reader.read(timeout=0).number == 1


def test_frame_that_is_rewritten_during_the_copy_counts_as_skipped(path, monkeypatch):
    from mmapvideo._reader_ring import ReaderRing

    with small_writer(path) as writer, mmapvideo.Reader(path, copy=True) as reader:
        copy_payload = ReaderRing.copy_payload

        def overwritten(self, place, target, in_use):
            monkeypatch.setattr(ReaderRing, "copy_payload", copy_payload)
            with RawFile(path) as raw:
                raw.store_stamp(place[0], 1)
            assert not copy_payload(self, place, target, in_use)
            write_small(writer, 2)
            return False

        monkeypatch.setattr(ReaderRing, "copy_payload", overwritten)
        write_small(writer, 1)
        frame = reader.read()
        assert (frame.number, frame.skipped, reader.stats.torn) == (2, 1, 1)


def test_reader_is_counted_while_it_is_open(path):
    with small_writer(path) as writer:
        with mmapvideo.Reader(path), mmapvideo.Reader(path):
            assert writer.stats.readers == 2
            lanes = [lane for _, lane in locks_in(path, READER)]
            assert len(set(lanes)) == 2 and 0 not in lanes
        assert writer.stats.readers == 0


def test_arguments_are_checked(path):
    for wrong in (
        {"delivery": "acknowledged"}, {"on_disconnect": "sleep"}, {"max_leases": -1}
    ):
        with pytest.raises(ValueError):
            mmapvideo.Reader(path, **wrong)
    with mmapvideo.Reader(path) as reader:
        for timeout in (-1, float("nan")):
            with pytest.raises(ValueError):
                reader.read(timeout)


def test_closed_reader_says_so_and_another_thread_that_waits_is_told(path):
    with small_writer(path):
        reader = mmapvideo.Reader(path)
        thread = later(reader.close)
        with pytest.raises(mmapvideo.Closed, match=path):
            reader.read()
        thread.join()
        with pytest.raises(mmapvideo.Closed):
            reader.read()
        reader.close()


def test_path_may_be_of_any_kind(path):
    import pathlib

    with mmapvideo.Writer(pathlib.Path(path), **SMALL) as writer:
        for kind in (pathlib.Path(path), os.fsencode(path)):
            with mmapvideo.Reader(kind) as reader:
                write_small(writer, 1)
                assert reader.read().number > 0
