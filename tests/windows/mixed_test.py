# SPDX-License-Identifier: MIT
"""A process of Linux and one of Windows (under Wine) on one file, each as the writer: bit for bit,
leases respected, growth, ends, deaths and restarts.

NATIVE_PEER and WINDOWS_PEER are tests/python/interop_peer.cpp for the two systems, WINE is what
runs the latter.
"""
import os

import pytest
from process import Peer

PROGRAMS = {
    "linux": (os.environ["NATIVE_PEER"],),
    "windows": (os.environ["WINE"], os.environ["WINDOWS_PEER"]),
}
FORMATS = ("BGR", "RGBA", "GRAY8", "GRAY16_LE", "NV12", "I420", "YUY2", "P010_10LE")
FOREVER_MS = -1
PAIRS = [("linux", "windows"), ("windows", "linux")]
both_ways = pytest.mark.parametrize("writes, reads", PAIRS)


def path_on(system, path):
    return "Z:" + path if system == "windows" else path


def peer(system, kind, path, *arguments):
    return Peer(kind, path_on(system, path), *arguments, program=PROGRAMS[system])


def writer(system, path, delivery="latest", slots=0, wait_ms=FOREVER_MS):
    return peer(system, "writer", path, delivery, slots, wait_ms)


def reader(system, path, delivery="every-frame", max_leases=2):
    return peer(system, "reader", path, delivery, max_leases)


def publish(to, count, first_seed):
    return to.ask("publish", count, first_seed)


def next_frame(of, outcomes=()):
    """Past the outcomes that may come before it."""
    answer = of.next()
    while answer in outcomes:
        answer = of.next()
    return answer


@both_ways
@pytest.mark.parametrize("format_name", FORMATS)
def test_frames_arrive_bit_for_bit(path, writes, reads, format_name):
    with writer(writes, path) as out, reader(reads, path) as found:
        assert out.greeting == found.greeting == "ready"
        for seed, (width, height) in enumerate([(61, 47), (320, 240), (62, 48)], start=1):
            assert out.ask("format", format_name, width, height, 30, 1) == "ok"
            assert publish(out, 1, seed) == f"published {seed}"
            frame = next_frame(found)
            assert frame["state"] == "whole"
            assert (frame["number"], frame["skipped"]) == (str(seed), "0")
            assert (frame["format"], frame["width"], frame["height"]) == (
                format_name, str(width), str(height))


@both_ways
def test_growing_ring_is_followed_without_a_loss(path, writes, reads):
    with writer(writes, path, "every-frame") as out, reader(reads, path) as found:
        assert out.ask("format", "GRAY8", 64, 64, 30, 1) == "ok"
        found.tell("run", 60)
        assert out.ask("readers", 1) == "ok"
        seed = 1
        for width in (64, 400, 1500):
            assert out.ask("format", "GRAY8", width, 200, 30, 1) == "ok"
            assert publish(out, 20, seed) == f"published {seed + 19}"
            seed += 20
        assert found.answer() == "ran 60 0 0"


@both_ways
def test_reader_of_every_frame_misses_none(path, writes, reads):
    with writer(writes, path, "every-frame", 4) as out, reader(reads, path) as found:
        assert out.ask("format", "GRAY8", 64, 64, 30, 1) == "ok"
        found.tell("run", 300)
        assert out.ask("readers", 1) == "ok"
        assert publish(out, 300, 1) == "published 300"
        assert found.answer() == "ran 300 0 0"
        assert out.ask("stats") == "300 0 " + " ".join(out.ask("stats").split()[2:])


@both_ways
def test_acknowledged_frames_are_finished_one_by_one(path, writes, reads):
    with writer(writes, path, "acknowledged", 4) as out, reader(reads, path) as found:
        assert out.ask("format", "GRAY8", 64, 64, 30, 1) == "ok"
        found.tell("run", 50)
        assert out.ask("readers", 1) == "ok"
        assert publish(out, 49, 1) == "published 49"
        out.tell("publish", 1, 50)
        assert found.answer() == "ran 50 0 0"
        assert found.next(0) == "timeout"
        assert out.answer() == "published 50"


@both_ways
def test_leased_frames_are_not_rewritten(path, writes, reads):
    with writer(writes, path, "latest", 6) as out, reader(reads, path) as found:
        out.ask("format", "GRAY8", 64, 64, 30, 1)
        for seed in (1, 2):
            publish(out, 1, seed)
            assert found.ask("hold") == f"held {seed}"
        assert publish(out, 200, 3) == "published 202"
        assert found.ask("look") == "whole"
        assert out.ask("stats").split()[:2] == ["202", "0"]
        assert found.ask("drop") == "ok"


@both_ways
def test_killed_reader_leaves_its_slots_to_the_writer(path, writes, reads):
    with writer(writes, path, "latest", 4) as out:
        out.ask("format", "GRAY8", 64, 64, 30, 1)
        with reader(reads, path) as found:
            for seed in (1, 2):
                publish(out, 1, seed)
                assert found.ask("hold") == f"held {seed}"
            assert out.ask("stats").split()[4] == "1"
            found.kill()
        publish(out, 1, 3)
        assert publish(out, 12, 4) == "published 15"
        # Wine's server drops the locks of a dead process a little after its end.
        stats = out.ask("stats").split()
        while stats[4] != "0":
            stats = out.ask("stats").split()
        assert stats[1] == "0"


@both_ways
def test_second_writer_of_the_other_system_is_refused(path, writes, reads):
    with writer(writes, path) as out:
        out.ask("format", "GRAY8", 64, 64, 30, 1)
        with writer(reads, path) as second:
            assert second.greeting.startswith("error")
            assert "already being written" in second.greeting
        assert publish(out, 1, 1) == "published 1"


@both_ways
def test_killed_writer_is_told_and_one_of_the_other_system_takes_over(path, writes, reads):
    with reader(reads, path) as found:
        with writer(writes, path) as out:
            out.ask("format", "GRAY8", 64, 64, 30, 1)
            assert found.next(0) == "timeout"
            publish(out, 3, 1)
            numbers = [next_frame(found)["number"] for _ in range(3)]
            assert numbers == ["1", "2", "3"]
            assert out.ask("begin") == "taken"
            out.kill()
        assert found.next() == "writer lost"
        for system in (reads, writes):
            with writer(system, path) as out:
                assert out.greeting == "ready"
                out.ask("format", "GRAY8", 64, 64, 30, 1)
                first = int(publish(out, 1, 10).split()[1])
                frame = next_frame(found, ("writer lost", "ended"))
                assert (frame["number"], frame["state"]) == (str(first), "whole")
                assert out.ask("close", 1) == "closed"


@both_ways
def test_lease_outlives_its_killed_writer_beside_the_next_one(path, writes, reads):
    with reader(reads, path) as found:
        with writer(writes, path, "latest", 4) as out:
            out.ask("format", "GRAY8", 64, 64, 30, 1)
            publish(out, 1, 1)
            assert found.ask("hold") == "held 1"
            out.kill()
        assert found.next() == "writer lost"
        with writer(reads, path, "latest", 4) as out:
            out.ask("format", "GRAY8", 64, 64, 30, 1)
            publish(out, 30, 2)
            assert found.ask("look") == "whole"
