# SPDX-License-Identifier: MIT
"""Shared words on machines that keep loads and stores in order, and on those that do not."""
import platform
import sys
import threading

import pytest
from pictures import SMALL, is_whole, write_small

import mmapvideo
from mmapvideo import _words as words

KINDS = [words.Words, words.FencedWords]


@pytest.mark.parametrize("kind", KINDS)
def test_words_are_those_of_the_memory(kind):
    memory = bytearray(64)
    shared = kind(memoryview(memory))
    shared.store64(8, 2**64 - 5)
    shared.store32(20, 2**32 - 7)
    assert int.from_bytes(memory[8:16], "little") == shared.load64(8) == shared.longs[1] == 2**64 - 5
    assert int.from_bytes(memory[20:24], "little") == shared.load32(20) == 2**32 - 7
    assert shared.load_every(8, 16) == [2**64 - 5, 0, 0, 0]
    shared.fence()


@pytest.mark.parametrize("kind", KINDS)
def test_words_let_go_of_their_memory_at_once(kind):
    memory = bytearray(64)
    before = sys.getrefcount(memory)
    shared = kind(memoryview(memory))
    shared.load64(0)
    del shared
    memory.extend(b"x")  # which a view would forbid
    assert sys.getrefcount(memory) == before


def test_fences_of_several_threads_do_not_wait_for_each_other():
    shared = words.FencedWords(memoryview(bytearray(8)))
    inside, go_on = threading.Event(), threading.Event()

    def stay():
        shared.fence()
        inside.set()
        go_on.wait()

    thread = threading.Thread(target=stay)
    thread.start()
    inside.wait()
    for _ in range(1000):
        shared.fence()
    go_on.set()
    thread.join()


@pytest.mark.parametrize("delivery", ["latest", "every-frame", "acknowledged"])
def test_frames_arrive_on_machines_that_need_fences(path, monkeypatch, delivery):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert type(words.words_of(memoryview(bytearray(8)))) is words.FencedWords
    count = 200
    with mmapvideo.Writer(path, **SMALL, delivery=delivery, slots=4, wait_timeout=None) as writer:
        found = []

        def follow():
            with mmapvideo.Reader(path, "every-frame") as reader:
                for frame in reader:
                    found.append((frame.number, frame.skipped, is_whole(frame)))

        thread = threading.Thread(target=follow)
        thread.start()
        writer.wait_for_readers(1)
        for seed in range(1, count + 1):
            write_small(writer, seed)
        writer.close()
        thread.join()
    last = 0
    for number, skipped, whole in found:
        assert whole and number == last + 1 + skipped
        last = number
    assert last == count and (delivery == "latest" or len(found) == count)
