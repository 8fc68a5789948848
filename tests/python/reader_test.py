# SPDX-License-Identifier: MIT
"""What a reader does with what happens to the file (SPEC.md 8)."""
import os
import threading
import time

import pytest
from locks import READER, locks_in
from pictures import SMALL, WHOLE, are_whole, is_whole, write_small
from raw_file import DELIVERY, ENDED, FORMING, STATE, WAIT_COUNT, RawFile

import mmapvideo


def small_writer(path, **options):
    return mmapvideo.Writer(path, **{**SMALL, **options})


def die_without_end(writer):
    """As a killed writer: the lock is gone, the file stays and says nothing."""
    writer._session._file.file.close()


def later(action, seconds=0.05):
    thread = threading.Timer(seconds, action)
    thread.start()
    return thread


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


def test_reader_waits_for_a_file_that_appears_later(path):
    with mmapvideo.Reader(path) as reader:
        assert not reader.attached and reader.read(timeout=0.01) is None
        writers = []

        def start():
            writers.append(small_writer(path))
            write_small(writers[0], 1)

        thread = later(start)
        assert reader.read().number == 1
        thread.join()
        assert reader.attached and reader.writer_alive
        writers[0].close()


def test_every_frame_that_waited_for_the_file_has_it_from_the_first(path):
    with mmapvideo.Reader(path, "every-frame") as reader:
        assert reader.read(timeout=0) is None
        with small_writer(path, slots=8) as writer:
            for seed in range(1, 7):
                write_small(writer, seed)
            assert [reader.read(timeout=0).number for _ in range(6)] == list(range(1, 7))


@pytest.mark.parametrize("size", [0, 1, 8, 30, 48, 4095])
def test_file_that_is_still_made_is_waited_for(path, size):
    with small_writer(path, keep_file=True) as writer:
        write_small(writer, 1)
    with open(path, "rb") as file:
        content = file.read()
    with open(path, "wb") as file:
        file.write(content[:size])
    with mmapvideo.Reader(path) as reader:
        assert reader.read(timeout=0.01) is None and not reader.attached


def test_clean_end_ends_iteration_after_the_last_frame(path):
    with mmapvideo.Reader(path, "every-frame") as reader:
        with small_writer(path) as writer:
            for seed in (1, 2, 3):
                write_small(writer, seed)
            assert next(reader).number == 1
        assert [frame.number for frame in reader] == [2, 3]
        assert reader.ended
        assert reader.read(timeout=0.01) is None and reader.ended
        with small_writer(path) as writer:
            write_small(writer, 1)
            frame = reader.read()
            assert frame.number == 1 and not reader.ended
            assert reader.stats.attached == 2


def test_end_is_told_once_for_each_session_of_one_file(path):
    with mmapvideo.Reader(path) as reader:
        for session in (1, 2, 3):
            with small_writer(path, keep_file=True) as writer:
                write_small(writer, session)
                assert reader.read().number == session
            assert reader.read() is None and reader.ended
        assert reader.stats.attached == 1


def test_frames_are_numbered_through_sessions_and_tell_them_apart(path):
    sessions = []
    with mmapvideo.Reader(path, "every-frame", on_disconnect="wait") as reader:
        for session in range(3):
            with small_writer(path, keep_file=True) as writer:
                for seed in (1, 2):
                    assert write_small(writer, seed) == 2 * session + seed
                frames = [reader.read(), reader.read()]
                assert [frame.skipped for frame in frames] == [0, 0]
                sessions.append({frame.session_id for frame in frames})
    assert len(set.union(*sessions)) == 3 and all(len(session) == 1 for session in sessions)


def test_lost_writer_is_waited_for(path):
    writer = small_writer(path)
    with mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        assert reader.read().number == 1
        die_without_end(writer)
        assert reader.read(timeout=0.3) is None
        assert not reader.ended and not reader.writer_alive and reader.attached
        with small_writer(path) as writer:
            write_small(writer, 2)
            assert reader.read().number == 2
            assert reader.stats.attached == 1


def test_loss_ends_iteration_where_that_was_asked_for(path):
    writer = small_writer(path, keep_file=True)
    with mmapvideo.Reader(path, on_disconnect="eos") as reader:
        write_small(writer, 1)
        die_without_end(writer)
        assert [frame.number for frame in reader] == [1]
        assert reader.ended
        assert reader.read(timeout=0.2) is None  # told once


@pytest.mark.parametrize("clean", [True, False])
def test_end_and_loss_are_errors_where_that_was_asked_for(path, clean):
    writer = small_writer(path, keep_file=True)
    with mmapvideo.Reader(path, on_disconnect="error") as reader:
        write_small(writer, 1)
        assert reader.read().number == 1
        writer.close() if clean else die_without_end(writer)
        with pytest.raises(mmapvideo.WriterLost, match=path):
            reader.read()
        assert reader.read(timeout=0.2) is None


def test_end_is_waited_over_where_that_was_asked_for(path):
    with mmapvideo.Reader(path, on_disconnect="wait") as reader:
        with small_writer(path) as writer:
            write_small(writer, 1)
            assert reader.read().number == 1
        assert reader.read(timeout=0.2) is None and not reader.ended


@pytest.mark.parametrize("delivery", ["latest", "every-frame"])
def test_what_a_dead_writer_left_is_not_fresh(path, delivery):
    writer = small_writer(path)
    write_small(writer, 1)
    write_small(writer, 2)
    die_without_end(writer)
    with mmapvideo.Reader(path, delivery) as reader:
        assert reader.read(timeout=0.01) is None
    with mmapvideo.Reader(path, delivery, accept_leftover=True) as reader:
        assert reader.read(timeout=0.01).number == 2
        assert reader.read(timeout=0.01) is None
        with small_writer(path) as writer:
            # A new session that has published nothing yet.
            with mmapvideo.Reader(path, delivery) as fresh:
                assert fresh.read(timeout=0.01) is None
                write_small(writer, 3)
                assert fresh.read().number == 3
            assert reader.read().number == 3


def test_last_frame_of_a_kept_file_is_delivered_and_then_the_end(path):
    with small_writer(path, keep_file=True) as writer:
        write_small(writer, 1)
        write_small(writer, 2)
    with mmapvideo.Reader(path) as reader:
        assert [frame.number for frame in reader] == [2]


def test_replaced_file_is_noticed(path):
    writer = small_writer(path)
    with mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        assert reader.read().number == 1
        os.unlink(path)
        other = small_writer(path)
        write_small(writer, 2)
        assert reader.read().number == 2, "what is in the unnamed file is read first"
        write_small(other, 1)
        frame = reader.read()
        assert (frame.number, reader.stats.attached) == (1, 2)
        other.close()
    writer.close()


def test_unnamed_file_is_read_on_as_long_as_its_writer_lives(path):
    writer = small_writer(path)
    with mmapvideo.Reader(path) as reader:
        os.unlink(path)
        for seed in range(1, 4):
            assert reader.read(timeout=0.15) is None
            write_small(writer, seed)
            assert reader.read().number == seed
        writer.close()
        assert reader.read() is None and reader.ended
        assert reader.read(timeout=0.2) is None and not reader.attached


def test_forming_header_is_nothing_new(path):
    with small_writer(path) as writer, mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        with RawFile(path) as raw:
            state = raw.load(STATE)
            raw.store(STATE, FORMING)
            assert reader.read(timeout=0.01) is None
            with mmapvideo.Reader(path) as other:
                assert not other.attached
            raw.store(STATE, state)
        assert reader.read().number == 1


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


def test_reader_that_polls_is_told_everything_too(path):
    with mmapvideo.Reader(path, on_disconnect="eos") as reader:
        writer = small_writer(path)
        write_small(writer, 1)
        assert reader.read(timeout=0).number == 1
        die_without_end(writer)
        while not reader.ended:
            assert reader.read(timeout=0) is None
            time.sleep(0.01)


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


def test_delivery_of_the_next_session_is_followed(path):
    with mmapvideo.Reader(path, "every-frame", on_disconnect="wait") as reader:
        for delivery, expected in (("latest", 0), ("every-frame", 1), ("acknowledged", 1)):
            with small_writer(path, delivery=delivery, keep_file=True) as writer:
                assert reader.read(timeout=0.01) is None
                with RawFile(path) as raw:
                    assert raw.load(STATE) != ENDED and bool(raw.load(DELIVERY)) == bool(expected)
                from locks import TURN

                assert len(locks_in(path, TURN)) == expected
                thread = threading.Thread(target=write_small, args=(writer, 1))
                thread.start()
                assert reader.read().skipped == 0
                assert reader.read(timeout=0.01) is None
                thread.join()
