# SPDX-License-Identifier: MIT
"""Readers and writers as processes of their own, which are stopped and killed."""
import os
import signal
import time

import pytest
from locks import READER, SLOT, TURN, WRITER, locks_in
from pictures import SMALL, are_whole, is_whole, write_small
from process import Child

import mmapvideo


def follow(send, path, delivery, count, hold=0):
    """Tells of each frame; keeps the first `hold`."""
    kept = []
    with mmapvideo.Reader(path, delivery, max_leases=hold + 2) as reader:
        send("ready")
        for frame in reader:
            assert is_whole(frame)
            send((frame.number, frame.skipped))
            if len(kept) < hold:
                kept.append(frame)
            assert are_whole(kept)
            if frame.number >= count:
                break


@pytest.mark.parametrize("delivery", ["latest", "every-frame"])
def test_every_number_is_accounted_for_and_no_frame_is_mixed(path, delivery):
    count = 2000
    with Child(follow, path, delivery, count) as reader:
        assert reader.receive() == "ready"
        with mmapvideo.Writer(path, **SMALL) as writer:
            writer.wait_for_readers(1)
            for seed in range(1, count + 1):
                write_small(writer, seed)
            assert writer.stats.dropped == 0
            last = 0
            while last < count:
                number, skipped = reader.receive()
                begins = last == 0 and delivery == "latest"
                assert begins or number == last + 1 + skipped
                last = number
        assert reader.wait() == 0


def test_lossless_readers_in_several_processes_miss_nothing(path):
    count = 2000
    writer = mmapvideo.Writer(path, **SMALL, delivery="every-frame", wait_timeout=None)
    children = [Child(follow, path, "every-frame", count) for _ in range(3)]
    try:
        for child in children:
            assert child.receive() == "ready"
        writer.wait_for_readers(3)
        for seed in range(1, count + 1):
            assert write_small(writer, seed) == seed
        for child in children:
            for number in range(1, count + 1):
                assert child.receive() == (number, 0)
            assert child.wait() == 0
        assert writer.stats.passed_over == 0
    finally:
        writer.close()
        for child in children:
            child.__exit__()


def keep_two_frames(send, path):
    with mmapvideo.Reader(path, "every-frame", max_leases=4) as reader:
        send("ready")
        kept = [reader.read(), reader.read()]
        send([frame.number for frame in kept])
        signal.pause()


def test_killed_reader_holds_nothing(path):
    with mmapvideo.Writer(path, **SMALL, delivery="every-frame", slots=4) as writer:
        with Child(keep_two_frames, path) as reader:
            assert reader.receive() == "ready"
            for seed in (1, 2):
                write_small(writer, seed)
            assert reader.receive() == [1, 2]
            for family, count in ((READER, 1), (SLOT, 2), (TURN, 1)):
                assert len(locks_in(path, family)) == count
            reader.kill()
            for family in (READER, SLOT, TURN):
                assert locks_in(path, family) == []
        for seed in range(3, 30):
            assert write_small(writer, seed) == seed
        assert writer.stats.waits == 0 and writer.stats.readers == 0


def test_stopped_reader_costs_its_leases_and_nothing_else(path):
    with mmapvideo.Writer(path, **SMALL) as writer:
        with Child(follow, path, "latest", 10**9, 2) as reader:
            assert reader.receive() == "ready"
            for seed in (1, 2):
                write_small(writer, seed)
                reader.receive()
            reader.stop()
            with mmapvideo.Reader(path) as other:
                other.read(timeout=0)
                for seed in range(3, 300):
                    assert write_small(writer, seed) == seed
                    assert other.read().number == seed
            reader.signal(signal.SIGCONT)
            write_small(writer, 300)
            while True:
                number, _ = reader.receive()
                if number == 300:
                    break


def test_stopped_lossless_reader_is_passed_over_and_comes_back(path):
    writer = mmapvideo.Writer(
        path, **SMALL, delivery="every-frame", slots=6, wait_timeout=0.05
    )
    with writer, Child(follow, path, "every-frame", 60) as reader:
        assert reader.receive() == "ready"
        write_small(writer, 1)
        assert reader.receive() == (1, 0)
        reader.stop()
        for seed in range(2, 41):
            assert write_small(writer, seed) == seed
        assert writer.stats.passed_over == 1
        reader.signal(signal.SIGCONT)
        last, missed = 1, 0
        while last < 40:
            number, skipped = reader.receive()
            assert number == last + 1 + skipped
            last, missed = number, missed + skipped
        assert missed > 0
        time.sleep(0.2)  # it joins again
        for seed in range(41, 61):
            assert write_small(writer, seed) == seed
            assert reader.receive() == (seed, 0)


def write_on(send, path, delivery, first):
    writer = mmapvideo.Writer(path, **SMALL, delivery=delivery, slots=6)
    send("ready")
    for seed in range(first, 10**9):
        write_small(writer, seed)
        if seed == first + 20:
            send("going")


@pytest.mark.parametrize("delivery", ["latest", "every-frame"])
def test_writers_are_killed_at_any_moment_and_readers_go_on(path, delivery):
    with mmapvideo.Reader(path, delivery) as reader, mmapvideo.Reader(path, copy=True) as copier:
        last, sessions = 0, set()
        for round_number in range(8):
            with Child(write_on, path, delivery, 1 + round_number * 1000) as writer:
                assert writer.receive() == "ready"
                limit = time.monotonic() + 0.02 + 0.003 * round_number
                while time.monotonic() < limit or len(sessions) <= round_number:
                    for each in (reader, copier):
                        frame = each.read()
                        assert is_whole(frame)
                        if each is reader:
                            assert last == 0 or frame.number == last + 1 + frame.skipped
                            last = frame.number
                            sessions.add(frame.session_id)
                        del frame
                writer.kill()
            assert locks_in(path, WRITER) == []
            for each in (reader, copier):
                while True:
                    frame = each.read(timeout=0)
                    if frame is None:
                        break
                    assert is_whole(frame)
                    if each is reader:
                        last = frame.number
                    del frame
        assert len(sessions) == 8 and reader.stats.attached == 1
        with mmapvideo.Writer(path, **SMALL) as writer:
            write_small(writer, 1)
            assert is_whole(reader.read())


def test_readers_come_and_go_while_frames_are_written(path):
    def visit(send):
        for _ in range(60):
            with mmapvideo.Reader(path, "every-frame") as reader:
                frames = [reader.read() for _ in range(3)]
                assert are_whole(frames)
                assert sum(frame.skipped for frame in frames[1:]) == 0
        send("done")

    writer = mmapvideo.Writer(path, **SMALL, delivery="every-frame", wait_timeout=None)
    with writer, Child(visit) as one, Child(visit) as other:
        # The pipes are asked only when both have ended, so that writing never stops.
        seed = 0
        alive = {one.pid, other.pid}
        while alive:
            seed += 1
            write_small(writer, seed)
            if seed % 10 == 0:
                for pid in list(alive):
                    if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                        alive.discard(pid)
        assert one.receive() == other.receive() == "done"
        assert writer.stats.passed_over == 0
