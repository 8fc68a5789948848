# SPDX-License-Identifier: MIT
"""Readers of every frame and writers that wait for them (SPEC.md 7.4, 8.4)."""
import threading
import time

import pytest
from locks import READER, TURN, LockFile, locks_in
from pictures import SMALL, WHOLE, is_whole, write_small
from raw_file import RELEASED, RawFile

import mmapvideo
from mmapvideo._turn import Turn


def waiting_writer(path, delivery="every-frame", slots=4, wait_timeout=None):
    return mmapvideo.Writer(
        path, **SMALL, delivery=delivery, slots=slots, wait_timeout=wait_timeout
    )


def turns_in(path):
    return [index for index, _ in locks_in(path, TURN)]


def publish(writer, count, first=1):
    for seed in range(first, first + count):
        write_small(writer, seed)


@pytest.mark.parametrize(
    "writer_delivery, reader_delivery", [("latest", "every-frame"), ("every-frame", "latest")]
)
def test_latest_on_either_side_takes_no_turn(path, writer_delivery, reader_delivery):
    with waiting_writer(path, writer_delivery) as writer:
        with mmapvideo.Reader(path, reader_delivery) as reader:
            write_small(writer, 1)
            assert reader.read() is not None
            assert turns_in(path) == []


def test_frames_that_come_while_a_reader_joins_are_no_gap(path, monkeypatch):
    """A turn keeps 4096 frames; a writer may publish more before it is there."""
    with waiting_writer(path, wait_timeout=0.001) as writer:
        publish(writer, 1)
        join = Turn.join

        def late_join(turn, number):
            publish(writer, 5000)
            join(turn, number)

        monkeypatch.setattr(Turn, "join", late_join)
        with mmapvideo.Reader(path, "every-frame") as reader:
            publish(writer, 8)
            assert writer.stats.passed_over == 1, "somebody is there to be waited for"
            frame = reader.read()
            assert (frame.number, frame.skipped) == (5001, 0)


def test_turn_is_on_the_frame_that_is_not_finished(path):
    with waiting_writer(path) as writer, mmapvideo.Reader(path, "every-frame") as reader:
        assert turns_in(path) == [1]
        for number in range(1, 6):
            write_small(writer, number)
            assert reader.read().number == number
            assert turns_in(path) == [number]
            assert reader.read(timeout=0.001) is None
            assert turns_in(path) == [number + 1], "moved before it slept"
    assert not reader.attached


def test_turn_is_in_the_lane_of_its_reader(path):
    with waiting_writer(path), mmapvideo.Reader(path, "every-frame"):
        assert locks_in(path, TURN)[0][1] == locks_in(path, READER)[0][1]


def test_turn_is_never_more_than_a_quarter_of_the_ring_behind(path):
    with waiting_writer(path, slots=16) as writer:
        with mmapvideo.Reader(path, "every-frame") as reader:
            publish(writer, 15)
            for number in range(1, 16):
                assert reader.read().number == number
                assert len(turns_in(path)) == 1
                assert number - 4 <= turns_in(path)[0] <= number


def test_turn_moves_at_once_when_the_writer_waits(path):
    with waiting_writer(path, slots=16) as writer:
        with mmapvideo.Reader(path, "every-frame") as reader, RawFile(path) as raw:
            publish(writer, 3)
            assert reader.read().number == 1
            raw.store(RELEASED, 1)
            assert reader.read().number == 2 and turns_in(path) == [2]
            raw.store(RELEASED, 2)


@pytest.mark.parametrize("delivery", ["every-frame", "acknowledged"])
def test_slow_readers_get_every_frame(path, delivery):
    count = 300
    with waiting_writer(path, delivery, slots=6) as writer:
        readers = [mmapvideo.Reader(path, "every-frame") for _ in range(3)]
        failures = []

        def follow(reader, which):
            with reader:
                for number in range(1, count + 1):
                    frame = reader.read()
                    if (frame.number, frame.skipped, is_whole(frame)) != (number, 0, WHOLE):
                        failures.append((which, frame.number, frame.skipped))
                    if which == 2 and number % 30 == 0:
                        time.sleep(0.003)

        threads = [
            threading.Thread(target=follow, args=(reader, which))
            for which, reader in enumerate(readers)
        ]
        for thread in threads:
            thread.start()
        publish(writer, count)
        for thread in threads:
            thread.join()
        assert failures == [] and writer.stats.passed_over == 0 and writer.stats.dropped == 0


def test_acknowledged_frame_is_finished_when_write_returns(path):
    with waiting_writer(path, "acknowledged", slots=16) as writer:
        reader = mmapvideo.Reader(path, "every-frame")
        written = []

        def write():
            for seed in range(1, 51):
                written.append(write_small(writer, seed))

        thread = threading.Thread(target=write)
        thread.start()
        for number in range(1, 51):
            assert reader.read().number == number
            assert len(written) < number, "it is not finished"
            while number == 25 and writer.stats.waits == 0:
                time.sleep(0.001)  # until the writer has looked, as the frame is not finished
        reader.close()
        thread.join()
        assert writer.stats.passed_over == 0 and writer.stats.waits > 0


def test_reader_that_is_late_is_passed_over_and_told_the_gap(path):
    with waiting_writer(path, slots=4, wait_timeout=0.02) as writer:
        with mmapvideo.Reader(path, "every-frame") as late:
            publish(writer, 3)
            publish(writer, 7, first=4)
            assert writer.stats.passed_over == 1 and writer.stats.dropped == 0
            assert writer.stats.waits == 1, "who was passed over is not waited for again"
            assert late.read().number == 1, "its turn holds it"
            frame = late.read()
            # The oldest that is left, with a turn on it.
            assert (frame.number, frame.skipped) == (8, 6)
            assert turns_in(path) == [8]
            for number in (9, 10):
                assert late.read().skipped == 0
            assert late.read(timeout=0.001) is None
            publish(writer, 3, first=11)
            assert [late.read().skipped for _ in range(3)] == [0, 0, 0]
            assert writer.stats.passed_over == 1


def held_frames(path, candidates):
    """Those of the candidates that are in a slot."""
    with RawFile(path) as raw:
        there = {stamp >> 1 for stamp in raw.stamps()}
    return [number for number in candidates if number in there]


def test_frames_that_a_turn_holds_stay_when_its_reader_is_passed_over(path):
    with waiting_writer(path, slots=16, wait_timeout=0.02) as writer, LockFile(path) as file:
        publish(writer, 1)
        file.shared(TURN, 2, 7)
        publish(writer, 100, first=2)
        assert writer.stats.waits == 1 and writer.stats.dropped == 0
        assert held_frames(path, range(1, 20)) == [2, 3, 4, 5]
        file.unlock(TURN, 2, 7)
        publish(writer, 30, first=102)
        assert held_frames(path, range(1, 20)) == []


@pytest.mark.parametrize("slots, held", [(16, [2, 3, 4, 5]), (3, [])])
def test_writer_that_waits_for_nobody_leaves_alone_what_turns_hold(path, slots, held):
    first = mmapvideo.Writer(path, **SMALL, delivery="every-frame", slots=slots, keep_file=True)
    publish(first, 3)
    first.close()
    with LockFile(path) as file:
        file.shared(TURN, 2, 7)
        with waiting_writer(path, "latest", slots=slots) as writer:
            publish(writer, 100, first=4)
            assert writer.stats.waits == 0 and writer.stats.dropped == 0
            assert held_frames(path, range(1, 20)) == held
            file.unlock(TURN, 2, 7)
            publish(writer, 30, first=104)
            assert held_frames(path, range(1, 20)) == []


def test_turn_that_was_passed_over_counts_again_after_it_was_gone(path):
    with waiting_writer(path, slots=4, wait_timeout=0.02) as writer:
        with LockFile(path) as file:
            file.shared(TURN, 1, 7)
            publish(writer, 20)
            assert writer.stats.passed_over == 1
            file.unlock(TURN, 1, 7)
            publish(writer, 10, first=21)
            file.shared(TURN, 1, 7)  # behind, but not gone through more than 4096 numbers
            publish(writer, 10, first=31)
            assert writer.stats.passed_over == 2


def test_turns_far_behind_and_far_ahead_keep_nothing(path):
    with waiting_writer(path, slots=4) as writer, LockFile(path) as file:
        for turn in (65535, 40000, 1000):
            file.shared(TURN, turn, 7)
        publish(writer, 20)
        assert writer.stats.waits == 0


def test_numbers_wrap_in_the_lock_table(path):
    from mmapvideo import _turn_watch as turn_watch
    from mmapvideo import _layout as layout

    assert turn_watch._turns_up_to(5) == [layout.all_lanes(layout.TURN, 1, 5)]
    assert turn_watch._turns_up_to(4096) == [layout.all_lanes(layout.TURN, 1, 4096)]
    assert turn_watch._turns_up_to(65536 + 3) == [
        layout.all_lanes(layout.TURN, 61444, 65535),
        layout.all_lanes(layout.TURN, 0, 3),
    ]


def test_reader_and_writer_go_through_the_wrap(path):
    with waiting_writer(path, slots=4) as writer:
        writer._session._number = 65530
        with mmapvideo.Reader(path, "every-frame") as reader:
            write_small(writer, 1)
            assert reader.read().number == 65531
            for number in range(65532, 65545):
                write_small(writer, number)
                assert reader.read().number == number
                assert reader.read(timeout=0.001) is None
                assert turns_in(path) == [(number + 1) % 65536]


def test_lossless_writer_with_all_slots_leased_drops_after_its_time(path):
    with waiting_writer(path, slots=4, wait_timeout=0.02) as writer:
        held = []
        for seed in (1, 2, 3):
            write_small(writer, seed)
            with mmapvideo.Reader(path, max_leases=1) as reader:
                held.append(reader.read())
        write_small(writer, 4)
        assert write_small(writer, 5) is None
        assert writer.stats.waits == 1 and writer.stats.dropped == 1
        held.clear()
        assert write_small(writer, 6) == 6


def test_writer_goes_on_when_a_reader_leaves(path):
    with waiting_writer(path, slots=4) as writer:
        reader = mmapvideo.Reader(path, "every-frame")
        publish(writer, 3)
        raw = RawFile(path)

        def leave():
            while raw.load(RELEASED) % 2 == 0:
                time.sleep(0.001)  # until the writer waits
            reader.close()

        thread = threading.Thread(target=leave)
        thread.start()
        publish(writer, 3, first=4)
        thread.join()
        assert writer.stats.waits == 1 and writer.stats.passed_over == 0


def test_close_ends_a_wait(path):
    writer = waiting_writer(path, slots=4)
    with mmapvideo.Reader(path, "every-frame"):
        publish(writer, 3)
        thread = threading.Timer(0.05, writer.close)
        thread.start()
        with pytest.raises(mmapvideo.Closed):
            publish(writer, 3, first=4)
        thread.join()


def test_released_is_even_after_every_wait(path):
    with waiting_writer(path, slots=4, wait_timeout=0.01) as writer, RawFile(path) as raw:
        with mmapvideo.Reader(path, "every-frame"):
            publish(writer, 6)
            assert writer.stats.waits > 0
            assert raw.load(RELEASED) % 2 == 0 and raw.load(RELEASED) > 0


def test_takeover_by_a_waiting_writer_keeps_what_readers_need(path):
    first = mmapvideo.Writer(path, **SMALL, delivery="every-frame", slots=4, keep_file=True)
    with mmapvideo.Reader(path, "every-frame", on_disconnect="wait") as reader:
        publish(first, 3)
        first.close()
        with waiting_writer(path, slots=0) as writer:
            thread = threading.Thread(target=publish, args=(writer, 10, 4))
            thread.start()
            for number in range(1, 14):
                frame = reader.read()
                assert (frame.number, frame.skipped) == (number, 0)
            thread.join()
