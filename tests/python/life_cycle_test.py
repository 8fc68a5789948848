# SPDX-License-Identifier: MIT
"""Signals, fork, and ends of processes."""
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest
from locks import READER, SLOT, TURN, WRITER, locks_in
from pictures import SMALL, is_whole, write_small
from process import Child
from raw_file import ENDED, RELEASED, STATE, RawFile

import mmapvideo


def interrupted(body):
    """Runs body(ready) in a child, interrupts it as Ctrl-C does once it is in its wait."""

    def run(send):
        def ready():
            send("waiting")

        try:
            body(ready)
        except KeyboardInterrupt:
            send("interrupted")

    with Child(run) as child:
        assert child.receive() == "waiting"
        child.signal(signal.SIGINT)
        assert child.receive() == "interrupted"
        assert child.wait() == 0


def test_interrupt_ends_a_wait_for_a_file(path):
    def body(ready):
        with mmapvideo.Reader(path) as reader:
            ready()
            reader.read()

    interrupted(body)


def test_interrupt_ends_a_wait_for_a_frame(path):
    with mmapvideo.Writer(path, **SMALL):

        def body(ready):
            with mmapvideo.Reader(path) as reader:
                ready()
                for _ in reader:
                    pass

        interrupted(body)


def test_interrupt_ends_a_wait_for_readers(path):
    def body(ready):
        with mmapvideo.Writer(path, **SMALL) as writer:
            ready()
            writer.wait_for_readers(1)

    interrupted(body)


@pytest.mark.parametrize("delivery", ["every-frame", "acknowledged"])
def test_interrupt_ends_a_wait_of_a_lossless_writer_and_leaves_the_word_even(path, delivery):
    def body(ready):
        writer = mmapvideo.Writer(
            path, **SMALL, delivery=delivery, wait_timeout=None, slots=4, keep_file=True
        )
        with writer, mmapvideo.Reader(path, "every-frame"):
            if delivery == "every-frame":
                for seed in (1, 2, 3):
                    write_small(writer, seed)
            ready()
            for seed in (4, 5, 6):
                write_small(writer, seed)

    interrupted(body)
    with RawFile(path) as raw:
        assert raw.load(RELEASED) % 2 == 0 and raw.load(STATE) == ENDED


def test_signal_handler_may_close_the_reader_that_waits(path):
    with mmapvideo.Writer(path, **SMALL):
        reader = mmapvideo.Reader(path)
        former = signal.signal(signal.SIGALRM, lambda *_: reader.close())
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(mmapvideo.Closed):
                reader.read()
        finally:
            signal.signal(signal.SIGALRM, former)


def test_forked_child_holds_nothing_and_takes_nothing_from_its_parent(path):
    with mmapvideo.Writer(path, **SMALL, delivery="every-frame", slots=6) as writer:
        reader = mmapvideo.Reader(path, "every-frame")
        write_small(writer, 1)
        frame = reader.read()
        array = frame.array

        def child(send):
            for use in (reader.read, lambda: write_small(writer, 9), lambda: writer.stats):
                with pytest.raises(mmapvideo.Closed, match="fork"):
                    use()
            reader.close()
            writer.close()
            nonlocal frame, array
            send(int(array[5, 5]))
            del frame, array
            send("done")
            signal.pause()

        with Child(child) as forked:
            assert forked.receive() == int(array[5, 5])
            assert forked.receive() == "done"
            for family, count in ((WRITER, 1), (READER, 1), (SLOT, 1), (TURN, 1)):
                assert len(locks_in(path, family)) == count
            del frame, array
            assert locks_in(path, SLOT) == []
            write_small(writer, 2)
            assert is_whole(reader.read())
            reader.close()
            assert locks_in(path, READER) == [] and locks_in(path, TURN) == []
            writer.close()
            assert not os.path.exists(path)


def test_child_that_lives_on_does_not_keep_the_locks_of_a_killed_parent(path):
    def parent(send):
        writer = mmapvideo.Writer(path, **SMALL, slots=6)
        reader = mmapvideo.Reader(path)
        write_small(writer, 1)
        array = reader.read().array
        if os.fork() == 0:
            send((os.getpid(), array.sum()))
            signal.pause()
        signal.pause()

    with Child(parent) as process:
        orphan, _ = process.receive()
        try:
            assert len(locks_in(path, SLOT)) == 1
            process.kill()
            for family in (WRITER, READER, SLOT):
                assert locks_in(path, family) == []
        finally:
            os.kill(orphan, signal.SIGKILL)


def test_fork_while_another_thread_waits(path):
    with mmapvideo.Writer(path, **SMALL) as writer:
        reader = mmapvideo.Reader(path)
        thread = threading.Thread(target=reader.read)
        thread.start()

        def child(send):
            with pytest.raises(mmapvideo.Closed):
                reader.read()
            reader.close()
            with mmapvideo.Reader(path) as other:
                send("reading")
                send(other.read().number)

        with Child(child) as forked:
            assert forked.receive() == "reading"
            write_small(writer, 1)
            assert forked.receive() == 1
            assert forked.wait() == 0
        thread.join()
        reader.close()


SCRIPT = """
    import sys, mmapvideo
    writer = mmapvideo.Writer(sys.argv[1], "GRAY8", 64, 64, keep_file=True)
    reader = mmapvideo.Reader(sys.argv[1])
    writer.write(bytes(4096))
    frame = reader.read()
    array, view = frame.array, frame.payload[5:]
    with writer.frame() as in_place:
        pass
"""


@pytest.mark.parametrize("numpy", [True, False])
@pytest.mark.parametrize(
    "end, status", [("", 0), ("sys.exit(3)", 3), ("raise RuntimeError", 1)]
)
def test_end_of_the_interpreter_ends_the_session_quietly(path, end, status, numpy):
    block = "" if numpy else "import sys; sys.modules['numpy'] = None\n"
    script = block + textwrap.dedent(SCRIPT) + end
    run = subprocess.run(
        [sys.executable, "-X", "dev", "-c", script, path], capture_output=True, text=True
    )
    assert run.returncode == status
    if status != 1:
        assert run.stderr == ""
    with RawFile(path) as raw:
        assert raw.load(STATE) == ENDED
    with mmapvideo.Reader(path) as reader:
        assert [frame.number for frame in reader] == [2]


INTO_A_PIPE = """
import sys, mmapvideo
with mmapvideo.Writer(sys.argv[1], "GRAY8", 64, 64) as writer:
    while True:
        print(writer.write(bytes(4096)), flush=True)
"""


def test_writer_whose_output_nobody_reads_ends_its_session(path):
    """As a program whose output goes to `head -n 1`."""
    with mmapvideo.Reader(path) as reader:
        with subprocess.Popen(
            [sys.executable, "-c", INTO_A_PIPE, path], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as program:
            assert program.stdout.readline() == "1\n"
            assert reader.read() is not None
            program.stdout.close()
            assert "BrokenPipeError" in program.stderr.read()
        # Newer versions of Python count what cannot be written at the very end as well.
        assert program.returncode in (1, 120) and not os.path.exists(path)
        for _ in reader:
            pass
        assert reader.ended


def test_writer_without_references_is_closed(path):
    writer = mmapvideo.Writer(path, **SMALL)
    reader = mmapvideo.Reader(path)
    del writer
    assert not os.path.exists(path)
    assert reader.read() is None and reader.ended
    del reader


def test_descriptors_and_mappings_do_not_pile_up(path):
    def used():
        with open("/proc/self/maps", encoding="ascii") as maps:
            mapped = sum("mmapvideo-test" in line for line in maps)
        return len(os.listdir("/proc/self/fd")), mapped

    before = used()
    for _ in range(20):
        with mmapvideo.Writer(path, **SMALL) as writer, mmapvideo.Reader(path) as reader:
            for size in (64, 100, 200):
                writer.set_format("GRAY8", size, size)
                writer.write(bytes(size * size))
                assert reader.read().width == size
        del writer, reader
    assert used() == before


def test_descriptors_are_not_inherited_by_programs(path):
    with mmapvideo.Writer(path, **SMALL), mmapvideo.Reader(path):
        run = subprocess.run(
            ["ls", "-l", "/proc/self/fd"], capture_output=True, text=True, close_fds=False
        )
        assert "camera" not in run.stdout
