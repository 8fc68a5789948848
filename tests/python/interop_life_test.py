# SPDX-License-Identifier: MIT
"""Both implementations on one file: ends, deaths, takeovers, growth and leases."""
import os
import signal

import pytest
from locks import READER, SLOT, TURN, WRITER, locks_in
from pictures import SMALL, WHOLE, are_whole, is_whole, write_picture, write_small
from process import Child, reader_peer, writer_peer
from raw_file import RELEASED, STATE, STREAMING, RawFile

import mmapvideo

SMALL_WORDS = ("format", "GRAY8", 64, 64, 30, 1)


def small_peer(path, *arguments):
    peer = writer_peer(path, *arguments)
    assert peer.greeting == "ready" and peer.ask(*SMALL_WORDS) == "ok"
    return peer


def test_one_writer_at_a_time_of_either_kind(path):
    with small_peer(path):
        with pytest.raises(mmapvideo.AlreadyWriting):
            mmapvideo.Writer(path, **SMALL)
    with mmapvideo.Writer(path, **SMALL):
        with writer_peer(path) as peer:
            assert "already being written" in peer.greeting


def test_clean_end_of_the_library_ends_iteration(path):
    with small_peer(path) as peer, mmapvideo.Reader(path, "every-frame") as reader:
        peer.ask("publish", 3, 1)
        peer.ask("close", 0)
        assert [frame.number for frame in reader] == [1, 2, 3]
        assert reader.ended and not os.path.exists(path)


def test_clean_end_of_python_is_told_to_the_library(path):
    with mmapvideo.Writer(path, **SMALL) as writer, reader_peer(path) as peer:
        write_small(writer, 1)
        assert peer.next()["number"] == "1"
        writer.close()
        assert peer.next() == "ended"


def test_death_of_the_library_is_noticed_and_python_takes_over(path):
    with mmapvideo.Reader(path, "every-frame", on_disconnect="wait") as reader:
        with small_peer(path) as peer:
            peer.ask("publish", 2, 1)
            assert peer.ask("begin") == "taken"
            assert [reader.read().number for _ in range(2)] == [1, 2]
            peer.kill()
        assert not reader.writer_alive
        with RawFile(path) as raw:
            assert 1 in raw.stamps() and raw.load(STATE) == STREAMING
            with mmapvideo.Writer(path, **SMALL) as writer:
                assert 1 not in raw.stamps()
                assert write_small(writer, 3) == 3
                frame = reader.read()
                assert (frame.number, frame.skipped, is_whole(frame)) == (3, 0, WHOLE)
        assert reader.stats.attached == 1


def test_death_of_python_is_told_and_the_library_takes_over(path):
    def write(send):
        writer = mmapvideo.Writer(path, **SMALL)
        writer.wait_for_readers(1)
        for seed in (1, 2):
            write_small(writer, seed)
        view = writer.frame().__enter__()
        view[:] = 0
        send("written")
        signal.pause()

    with reader_peer(path, "every-frame") as peer:
        peer.tell("next", -1)
        with Child(write) as child:
            assert child.receive() == "written"
            assert peer.answer().startswith("frame 1 0 GRAY8")
            assert peer.next()["number"] == "2"
            child.kill()
        assert peer.next() == "writer lost"
        with small_peer(path) as writer:
            assert writer.ask("publish", 1, 3) == "published 3"
            frame = peer.next()
            assert (frame["number"], frame["skipped"], frame["state"]) == ("3", "0", "whole")


def test_writers_of_both_kinds_take_turns_with_one_file(path):
    with mmapvideo.Reader(path, "every-frame", on_disconnect="wait") as reader:
        with reader_peer(path, "every-frame") as other:
            assert other.next(0) == "timeout"
            seed = 0
            for round_number in range(6):
                seed += 1
                if round_number % 2:
                    with small_peer(path) as peer:
                        peer.ask("publish", 1, seed)
                        peer.ask("close", 1)
                else:
                    with mmapvideo.Writer(path, **SMALL, keep_file=True) as writer:
                        write_small(writer, seed)
                frame = reader.read()
                assert (frame.number, frame.skipped, is_whole(frame)) == (seed, 0, WHOLE)
                frame = other.next()
                assert (frame["number"], frame["state"]) == (str(seed), "whole")
                assert other.next() == "ended"


@pytest.mark.parametrize("size", [(600, 400), (1600, 1200)])
def test_either_kind_grows_the_ring_of_the_other(path, size):
    with mmapvideo.Reader(path, "every-frame", on_disconnect="wait") as reader:
        with mmapvideo.Writer(path, **SMALL, keep_file=True) as writer:
            write_small(writer, 1)
            assert reader.read().number == 1
        with small_peer(path) as peer:
            assert peer.ask("format", "BGR", *size, 30, 1) == "ok"
            assert peer.ask("publish", 3, 2) == "published 4"
            for number in (2, 3, 4):
                frame = reader.read()
                assert (frame.number, frame.skipped, is_whole(frame)) == (number, 0, WHOLE)
            peer.ask("close", 1)
        with reader_peer(path) as other:
            assert other.next()["number"] == "4"
            assert other.next() == "ended"
            larger = (size[0] * 2, size[1])
            with mmapvideo.Writer(path, "BGR", *larger) as writer:
                for number in range(5, 12):
                    assert write_picture(writer, "BGR", *larger, number) == number
                    frame = other.next()
                    assert (frame["number"], frame["width"]) == (str(number), str(larger[0]))
                    assert frame["state"] == "whole"
                    assert is_whole(reader.read())


def test_library_leaves_alone_what_python_leases(path):
    with small_peer(path, "latest", 4) as peer, mmapvideo.Reader(path) as reader:
        frames = []
        for seed in (1, 2):
            peer.ask("publish", 1, seed)
            frames.append(reader.read())
        assert not any(frame.is_copy for frame in frames)
        peer.ask("publish", 100, 3)
        assert are_whole(frames)
        assert [frame.number for frame in frames] == [1, 2]
        assert peer.ask("stats").split()[:2] == ["102", "0"]
        frames.clear()
        assert locks_in(path, SLOT) == []
        peer.ask("publish", 4, 103)
        with RawFile(path) as raw:
            assert min(raw.stamps()) > 4


def test_python_leaves_alone_what_the_library_leases(path):
    with mmapvideo.Writer(path, **SMALL, slots=4) as writer, reader_peer(path) as peer:
        for seed in (1, 2):
            peer.tell("hold")
            writer.wait_for_readers(1)
            write_small(writer, seed)
            assert peer.answer() == f"held {seed}"
        for seed in range(3, 103):
            assert write_small(writer, seed) == seed
        assert peer.ask("look") == "whole"
        assert writer.stats.dropped == 0
        peer.ask("drop")
        assert locks_in(path, SLOT) == []


def test_killed_reader_of_the_library_holds_nothing(path):
    with mmapvideo.Writer(path, **SMALL, slots=4, delivery="every-frame") as writer:
        with reader_peer(path, "every-frame") as peer:
            peer.tell("hold")
            writer.wait_for_readers(1)
            write_small(writer, 1)
            assert peer.answer() == "held 1"
            assert len(locks_in(path, READER)) == len(locks_in(path, TURN)) == 1
            peer.kill()
        for seed in range(2, 20):
            assert write_small(writer, seed) == seed
        assert writer.stats.waits == 0


def test_readers_are_counted_by_the_other_kind(path):
    with small_peer(path) as peer:
        with mmapvideo.Reader(path), mmapvideo.Reader(path):
            assert peer.ask("readers", 2) == "ok"
            assert peer.ask("stats").split()[4] == "2"
    with mmapvideo.Writer(path, **SMALL) as writer, reader_peer(path) as peer:
        peer.ask("next", 0)
        assert writer.wait_for_readers(1, timeout=0)


def test_waiting_writer_of_the_library_is_woken_by_a_python_reader(path):
    with small_peer(path) as peer:
        peer.tell("readers", 1)
        with mmapvideo.Reader(path) as reader:
            assert peer.answer() == "ok"
            peer.ask("publish", 1, 1)
            assert is_whole(reader.read())
        with RawFile(path) as raw:
            assert raw.load(RELEASED) % 2 == 0
        assert locks_in(path, WRITER) == [(0, 0)]
