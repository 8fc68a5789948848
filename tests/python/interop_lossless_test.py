# SPDX-License-Identifier: MIT
"""Turns between the implementations, at full speed: nothing is missed, nobody is passed over."""
import threading

import pytest
from locks import TURN, locks_in
from pictures import SMALL, WHOLE, is_whole, write_small
from process import reader_peer, writer_peer

import mmapvideo

FOREVER_MS = -1
COUNT = 3000


def waiting_peer(path, delivery, slots=6):
    peer = writer_peer(path, delivery, slots, FOREVER_MS)
    assert peer.greeting == "ready" and peer.ask("format", "GRAY8", 64, 64, 30, 1) == "ok"
    return peer


def figures_of(peer):
    """Frames, dropped, waits, passed over."""
    return [int(word) for word in peer.ask("stats").split()[:4]]


@pytest.mark.parametrize("copy", [False, True])
@pytest.mark.parametrize("delivery", ["every-frame", "acknowledged"])
def test_python_misses_nothing_of_the_library(path, delivery, copy):
    with waiting_peer(path, delivery) as peer:
        with mmapvideo.Reader(path, "every-frame", copy=copy) as reader:
            assert len(locks_in(path, TURN)) == 1
            peer.tell("publish", COUNT, 1)
            for number in range(1, COUNT + 1):
                frame = reader.read()
                assert (frame.number, frame.skipped) == (number, 0)
                if number % 10 == 0:
                    assert is_whole(frame)
            assert reader.read(timeout=0.001) is None
            assert peer.answer() == f"published {COUNT}"
            frames, dropped, waits, passed_over = figures_of(peer)
            assert (frames, dropped, passed_over) == (COUNT, 0, 0) and waits > 0


@pytest.mark.parametrize("max_leases", [0, 2])
@pytest.mark.parametrize("delivery", ["every-frame", "acknowledged"])
def test_library_misses_nothing_of_python(path, delivery, max_leases):
    with mmapvideo.Writer(
        path, **SMALL, slots=6, delivery=delivery, wait_timeout=None
    ) as writer, reader_peer(path, "every-frame", max_leases) as peer:
        peer.tell("run", COUNT)
        peer.tell("next", FOREVER_MS)  # who asks for the next frame has finished the last one
        writer.wait_for_readers(1)
        for seed in range(1, COUNT + 1):
            assert write_small(writer, seed) == seed
        writer.close()
        assert peer.answer() == f"ran {COUNT} 0 0"
        assert peer.answer() == "ended"


def test_readers_of_both_kinds_miss_nothing_of_either_writer(path):
    for kind in ("python", "library"):
        with reader_peer(path, "every-frame") as peer:
            peer.tell("run", COUNT)
            missed, reader = [], mmapvideo.Reader(path, "every-frame")

            def follow():
                with reader:
                    for frame in reader:
                        if frame.skipped or not is_whole(frame):
                            missed.append(frame.number)

            thread = threading.Thread(target=follow)
            thread.start()
            if kind == "python":
                with mmapvideo.Writer(
                    path, **SMALL, delivery="every-frame", wait_timeout=None
                ) as writer:
                    writer.wait_for_readers(2)
                    for seed in range(1, COUNT + 1):
                        write_small(writer, seed)
                    assert writer.stats.passed_over == 0
            else:
                with waiting_peer(path, "every-frame") as writer:
                    assert writer.ask("readers", 2) == "ok"
                    assert writer.ask("publish", COUNT, 1) == f"published {COUNT}"
                    assert figures_of(writer)[3] == 0
                    writer.ask("close", 0)
            thread.join()
            assert missed == [] and peer.answer() == f"ran {COUNT} 0 0"


def test_python_that_stands_still_is_passed_over_by_the_library_and_told(path):
    with writer_peer(path, "every-frame", 4, 20) as peer:
        peer.ask("format", "GRAY8", 64, 64, 30, 1)
        with mmapvideo.Reader(path, "every-frame") as reader:
            assert peer.ask("publish", 20, 1) == "published 20"
            assert figures_of(peer)[1] == 0 and figures_of(peer)[3] == 1
            frame = reader.read()
            assert (frame.number, is_whole(frame)) == (1, WHOLE), "its turn holds it"
            frame = reader.read()
            assert frame.skipped == frame.number - 2 > 0 and is_whole(frame)
            numbers = [reader.read().number for _ in range(20 - frame.number)]
            assert numbers == list(range(frame.number + 1, 21))


def test_library_that_stands_still_is_passed_over_by_python_and_told(path):
    with mmapvideo.Writer(
        path, **SMALL, slots=4, delivery="every-frame", wait_timeout=0.02
    ) as writer, reader_peer(path, "every-frame") as peer:
        assert peer.next(0) == "timeout"
        for seed in range(1, 21):
            assert write_small(writer, seed) == seed
        assert writer.stats.passed_over == 1 and writer.stats.dropped == 0
        frame = peer.next()
        assert (frame["number"], frame["state"]) == ("1", "whole"), "its turn holds it"
        frame = peer.next()
        assert int(frame["skipped"]) == int(frame["number"]) - 2 > 0 and frame["state"] == "whole"
        for number in range(int(frame["number"]) + 1, 21):
            assert peer.next()["number"] == str(number)


def test_library_grows_under_a_python_reader_of_every_frame(path):
    """The third ring waits until the reader has left the first one."""
    with waiting_peer(path, "every-frame", slots=4) as peer:
        with mmapvideo.Reader(path, "every-frame") as reader:
            seed = 0
            for size in (64, 300, 700):
                peer.tell("format", "GRAY8", size, size, 30, 1)
                peer.tell("publish", 2, seed + 1)
                seed += 2
            for number in range(1, 7):
                frame = reader.read()
                assert (frame.number, frame.skipped, is_whole(frame)) == (number, 0, WHOLE)
            answers = [peer.answer() for _ in range(6)]
            assert answers[1::2] == ["published 2", "published 4", "published 6"]
