# SPDX-License-Identifier: MIT
"""Frames in place: how long they stay, and what that costs the writer (SPEC.md 5, 8.2)."""
import gc
import os
import threading

import numpy as np
import pytest
from locks import READER, SLOT, LockFile, locks_in
from pictures import SMALL, are_whole, is_whole, write_small
from raw_file import RELEASED, RawFile

import mmapvideo
from mmapvideo import _arrays as arrays


@pytest.fixture
def writer(path):
    with mmapvideo.Writer(path, **SMALL, slots=8) as writer:
        yield writer


def rewrite_all(writer):
    for seed in range(100, 120):
        write_small(writer, seed)


DERIVED = {
    "array": lambda frame: frame.array,
    "slice": lambda frame: frame.array[3:5, 7:],
    "column": lambda frame: frame.array[:, 3],
    "shape": lambda frame: frame.array.reshape(-1)[100:],
    "other type": lambda frame: frame.array.view(np.uint32)[1:],
    "transposed": lambda frame: frame.array.T,
    "broadcast": lambda frame: np.broadcast_to(frame.array[0], (5, 64)),
    "memoryview of it": lambda frame: memoryview(frame.array)[1:],
    "payload": lambda frame: frame.payload,
    "part of payload": lambda frame: frame.payload[100:200],
    "cast of payload": lambda frame: frame.payload.cast("I")[5:],
    "plane": lambda frame: frame.planes[0],
    "element of ctypes-like export": lambda frame: np.asarray(frame.payload[::2]),
}


@pytest.mark.parametrize("how", DERIVED)
def test_lease_lasts_as_long_as_anything_derived_from_the_frame(path, writer, how):
    with mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        frame = reader.read()
        derived = DERIVED[how](frame)
        before = bytes(np.ascontiguousarray(derived))
        frame.release()
        del frame
        assert reader.stats.leases == 1 and len(locks_in(path, SLOT)) == 1
        rewrite_all(writer)
        assert bytes(np.ascontiguousarray(derived)) == before
        del derived
        assert reader.stats.leases == 0 and locks_in(path, SLOT) == []


def test_lease_without_numpy_lasts_as_long_as_its_views(path, writer, monkeypatch):
    monkeypatch.setattr(arrays, "_numpy", None)
    monkeypatch.setattr(arrays, "_looked_for_numpy", True)
    with mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        frame = reader.read()
        view = frame.array
        row = frame.payload[64:128]
        assert view.shape == (64, 64) and view.readonly
        del frame
        assert len(locks_in(path, SLOT)) == 1
        del view
        assert len(locks_in(path, SLOT)) == 1
        del row
        assert locks_in(path, SLOT) == []


def test_lease_in_a_cycle_ends_with_the_garbage_collector(path, writer):
    with mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        cycle = [reader.read()]
        cycle.append(cycle)
        del cycle
        gc.collect()
        assert locks_in(path, SLOT) == []


def test_copies_need_no_lease(path, writer):
    with mmapvideo.Reader(path, copy=True) as reader:
        write_small(writer, 1)
        frame = reader.read()
        assert frame.is_copy and locks_in(path, SLOT) == []
        rewrite_all(writer)
        assert is_whole(frame)


def test_what_is_beyond_max_leases_is_copied(path, writer):
    with mmapvideo.Reader(path, "every-frame", max_leases=3) as reader:
        frames = []
        for seed in range(1, 7):
            write_small(writer, seed)
            frames.append(reader.read())
        assert [frame.is_copy for frame in frames] == [False] * 3 + [True] * 3
        with pytest.raises(ValueError):
            frames[-1].array[0, 0] = 1  # the same for all frames of a reader
        rewrite_all(writer)
        assert are_whole(frames)
        assert (reader.stats.copied, reader.stats.leases) == (3, 3)
        del frames[0]
        assert not reader.read().is_copy


@pytest.mark.parametrize("slots, leases", [(2, 0), (3, 1), (5, 3)])
def test_two_slots_are_left_to_the_writer(path, slots, leases):
    with mmapvideo.Writer(path, **SMALL, slots=slots) as writer:
        with mmapvideo.Reader(path, "every-frame", max_leases=100) as reader:
            frames = []
            for seed in range(1, 12):
                assert write_small(writer, seed) == seed
                frames.append(reader.read())
            assert sum(not frame.is_copy for frame in frames) == leases
            assert are_whole(frames)


def test_lease_outlives_reader_writer_and_file(path):
    writer = mmapvideo.Writer(path, **SMALL, slots=4)
    reader = mmapvideo.Reader(path)
    write_small(writer, 1)
    frame = reader.read()
    reader.close()
    with LockFile(path) as file:
        assert file.list(READER) == [] and len(file.list(SLOT)) == 1
        rewrite_all(writer)
        writer.close()
        assert not os.path.exists(path)
        assert is_whole(frame)
        del frame
        assert file.list(SLOT) == []


def test_lease_may_end_in_any_thread(path, writer):
    with mmapvideo.Reader(path) as reader:
        for seed in range(1, 50):
            write_small(writer, seed)
            box = [reader.read()]
            thread = threading.Thread(target=box.clear)
            thread.start()
            thread.join()
        assert locks_in(path, SLOT) == []


def test_end_of_a_lease_wakes_a_writer_that_waits(path, writer, monkeypatch):
    from mmapvideo._platform import system

    woken = []
    monkeypatch.setattr(system, "wake_all", woken.append)
    with mmapvideo.Reader(path) as reader, RawFile(path) as raw:
        write_small(writer, 1)
        frame = reader.read()
        woken.clear()
        raw.store(RELEASED, 1)
        del frame
        assert len(woken) == 1


def test_slot_that_somebody_holds_exclusively_is_gone(path, writer):
    with mmapvideo.Reader(path) as reader, LockFile(path, os.O_RDWR) as other:
        write_small(writer, 1)
        with RawFile(path) as raw:
            index = raw.index_of(1)
            lane = locks_in(path, READER)[0][1]
            other.exclusive(SLOT, index, lane)
            assert reader.read(timeout=0) is None
            other.unlock(SLOT, index, lane)
        write_small(writer, 2)
        frame = reader.read()
        assert (frame.number, frame.skipped) == (2, 1)


def test_frame_that_is_rewritten_before_it_is_leased_is_skipped(path, writer, monkeypatch):
    from mmapvideo import _linux

    try_lock = _linux.OpenFile.try_lock

    def rewrite_then_lock(self, where, exclusive):
        monkeypatch.setattr(_linux.OpenFile, "try_lock", try_lock)
        with RawFile(path) as raw:
            raw.store_stamp(raw.index_of(1), 1)
        return try_lock(self, where, exclusive)

    with mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        monkeypatch.setattr(_linux.OpenFile, "try_lock", rewrite_then_lock)
        assert reader.read(timeout=0) is None
        assert locks_in(path, SLOT) == []
        write_small(writer, 2)
        assert reader.read().skipped == 1


def test_iteration_in_place_needs_two_leases(path):
    with mmapvideo.Writer(path, **SMALL, slots=4) as writer:
        with mmapvideo.Reader(path) as reader:
            write_small(writer, 1)
            for frame in reader:
                assert not frame.is_copy and is_whole(frame)
                if frame.number == 50:
                    break
                write_small(writer, frame.number + 1)
            assert writer.stats.dropped == 0
