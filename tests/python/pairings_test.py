# SPDX-License-Identifier: MIT
"""Each implementation against the other, and this one against itself, in processes of their own:
every format bit for bit and none missed, through growth, ends, deaths and restarts, in one file."""
import contextlib
import signal
import time

import pytest
from locks import TURN, locks_in
from pictures import FORMATS, is_whole, write_picture
from process import Child, reader_peer, writer_peer
from raw_file import GENERATION, RawFile

import mmapvideo
from mmapvideo.formats import layout_of

FRAMES = 4  # of each size: no more than fit the ring while nobody reads
FOREVER_MS = -1


def sizes_of(session):
    """Padded rows and odd chroma; frames for which the ring has to grow; small ones again."""
    width = 101
    while layout_of(FORMATS[session], width, 200).payload_bytes < 80_000 * (session + 1):
        width += 25
    return [(61, 47), (width, 200), (61, 47)]


def frames_of(session):
    """Format, size and seed of all frames that the writer of this session publishes."""
    first = session * len(sizes_of(session)) * FRAMES + 1
    sizes = [size for size in sizes_of(session) for _ in range(FRAMES)]
    return [(FORMATS[session], size, seed) for seed, size in enumerate(sizes, start=first)]


def publish_in_python(send, path, session, is_killed):
    writer = mmapvideo.Writer(
        path, "GRAY8", 1, 1, delivery="every-frame", wait_timeout=None, keep_file=True
    )
    writer.wait_for_readers(1)
    for format_name, size, seed in frames_of(session):
        if seed == FRAMES + 1:
            wait_until_the_reader_goes_on(path)
        writer.set_format(format_name, *size)
        assert write_picture(writer, format_name, *size, seed) == seed
    send("published")
    if is_killed:
        signal.pause()
    writer.close()


def wait_until_the_reader_goes_on(path):
    """A reader of the library is counted before it maps the ring, which it may miss if it is
    replaced at that moment."""
    while [index for index, _ in locks_in(path, TURN)] == [1]:
        time.sleep(0.001)


@contextlib.contextmanager
def python_writer(path, session, is_killed):
    with Child(publish_in_python, path, session, is_killed) as child:
        yield
        assert child.receive() == "published"
        assert child.kill() == -signal.SIGKILL if is_killed else child.wait() == 0


@contextlib.contextmanager
def library_writer(path, session, is_killed):
    with writer_peer(path, "every-frame", 0, FOREVER_MS) as peer:
        assert peer.greeting == "ready"
        for format_name, size, seed in frames_of(session)[::FRAMES]:
            peer.tell("format", format_name, *size, 30, 1)
            peer.tell("readers", 1)
            peer.tell("publish", FRAMES, seed)
        yield
        for _, _, seed in frames_of(session)[::FRAMES]:
            answers = [peer.answer() for _ in range(3)]
            assert answers == ["ok", "ok", f"published {seed + FRAMES - 1}"]
        if is_killed:
            assert peer.kill() == -signal.SIGKILL
        else:
            assert peer.ask("close", 1) == "closed"


class PythonReader:
    def __init__(self, path):
        self._reader = mmapvideo.Reader(path, "every-frame", on_disconnect="wait")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._reader.close()

    def expect(self, format_name, size, seed):
        frame = self._reader.read()
        assert (frame.number, frame.skipped, frame.format) == (seed, 0, format_name)
        assert ((frame.width, frame.height), frame.pts_ns) == (size, seed)
        assert not frame.is_copy and is_whole(frame)


class LibraryReader:
    def __init__(self, path):
        self._peer = reader_peer(path, "every-frame")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._peer.__exit__()

    def expect(self, format_name, size, seed):
        frame = self._peer.next()
        while isinstance(frame, str):
            assert frame in ("writer lost", "ended")
            frame = self._peer.next()
        assert (frame["number"], frame["skipped"]) == (str(seed), "0")
        assert (frame["format"], frame["width"], frame["height"]) == (format_name, *map(str, size))
        assert (frame["pts"], frame["state"]) == (str(seed), "whole")


@pytest.mark.parametrize("killed", [0, 1])
@pytest.mark.parametrize(
    "writer, reader",
    [(library_writer, PythonReader), (python_writer, LibraryReader), (python_writer, PythonReader)],
)
def test_every_format_arrives_whole_through_growth_and_restart(path, writer, reader, killed):
    with reader(path) as reading:
        for session in range(len(FORMATS)):
            with writer(path, session, is_killed=session % 2 == killed):
                for format_name, size, seed in frames_of(session):
                    reading.expect(format_name, size, seed)
        with RawFile(path) as raw:
            assert raw.load(GENERATION) > len(FORMATS), "each session grew its ring"
