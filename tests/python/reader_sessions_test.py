# SPDX-License-Identifier: MIT
"""What a reader makes of files and writers that come, end, die and are replaced (SPEC.md 8.1, 8.3)."""
import os
import threading
import time

import pytest
from actors import die_without_end, later, small_writer
from locks import TURN, locks_in
from pictures import write_small
from raw_file import DELIVERY, ENDED, FORMING, STATE, RawFile

import mmapvideo


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


def test_reader_that_polls_is_told_everything_too(path):
    with mmapvideo.Reader(path, on_disconnect="eos") as reader:
        writer = small_writer(path)
        write_small(writer, 1)
        assert reader.read(timeout=0).number == 1
        die_without_end(writer)
        while not reader.ended:
            assert reader.read(timeout=0) is None
            time.sleep(0.01)


def test_delivery_of_the_next_session_is_followed(path):
    with mmapvideo.Reader(path, "every-frame", on_disconnect="wait") as reader:
        for delivery, expected in (("latest", 0), ("every-frame", 1), ("acknowledged", 1)):
            with small_writer(path, delivery=delivery, keep_file=True) as writer:
                assert reader.read(timeout=0.01) is None
                with RawFile(path) as raw:
                    assert raw.load(STATE) != ENDED and bool(raw.load(DELIVERY)) == bool(expected)
                assert len(locks_in(path, TURN)) == expected
                thread = threading.Thread(target=write_small, args=(writer, 1))
                thread.start()
                assert reader.read().skipped == 0
                assert reader.read(timeout=0.01) is None
                thread.join()
