# SPDX-License-Identifier: MIT
"""Readers and writers as on Windows (as_on_windows.py)."""
import gc
import time

import pytest
from as_on_windows import in_thread, kernel32, mmapvideo, path, wait_until_asleep
from pictures import SMALL, WHOLE, are_whole, is_whole, write_picture, write_small

from mmapvideo import _layout, _windows

__all__ = ["path"]  # a fixture


def small_writer(path, **options):
    return mmapvideo.Writer(path, **{**SMALL, **options})


def die(writer):
    """As a killed process: its handles are closed, and nothing is said in the file."""
    handle = writer._session._file.file._handle
    writer._session._file.file._handle = 0
    kernel32.CloseHandle(handle)


# ---- What cannot be opened ------------------------------------------------------------------------


def test_a_full_disk_is_told_with_its_numbers(path):
    kernel32.failures["SetEndOfFile"] = kernel32.DISK_FULL
    with pytest.raises(mmapvideo.NoSpace, match="No room"):
        small_writer(path)


def test_a_file_that_may_not_be_opened_is_told_with_the_remedy(path):
    kernel32.failures["CreateFileW"] = kernel32.ACCESS_DENIED
    with pytest.raises(mmapvideo.PermissionDenied, match="Windows says 5.*icacls"):
        small_writer(path)


def test_directories_and_links_are_refused(path, tmp_path):
    with pytest.raises(mmapvideo.NotARegularFile):
        small_writer(str(tmp_path))
    (tmp_path / "link").symlink_to(path)
    open(path, "w").close()
    with pytest.raises(mmapvideo.NotARegularFile):
        small_writer(str(tmp_path / "link"))


def test_a_directory_that_is_not_there_is_told(path):
    with pytest.raises(mmapvideo.NotFound):
        small_writer(path + "/in/between")


# ---- Writers and readers --------------------------------------------------------------------------


@pytest.mark.parametrize("copy", [False, True])
def test_frames_arrive_with_their_times(path, copy):
    with small_writer(path) as writer, mmapvideo.Reader(path, copy=copy) as reader:
        for seed in range(1, 30):
            write_small(writer, seed)
            frame = reader.read(timeout=30)
            assert (frame.pts_ns, is_whole(frame)) == (seed, WHOLE)
            assert frame.latency_ns is not None and frame.latency_ns >= 0


def test_readers_sleep_until_a_frame_comes(path):
    with small_writer(path) as writer, mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        assert reader.read(timeout=30).pts_ns == 1
        frames = []
        kernel32.calls.clear()
        join = in_thread(lambda: frames.append(reader.read(timeout=30)))
        wait_until_asleep()
        write_small(writer, 2)
        assert join() < 29
        assert frames[0].pts_ns == 2


def test_a_leased_frame_stays_as_it_is(path):
    with small_writer(path, slots=4) as writer, mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        kept = reader.read(timeout=30)
        for seed in range(2, 50):
            write_small(writer, seed)
        assert (kept.pts_ns, is_whole(kept)) == (1, WHOLE)
        leases = [lock for lock in kernel32.locks_held(path) if lock[0] >= _layout.lock_item(_layout.SLOT, 0, 0)[0]]
        assert [lock[2] for lock in leases] == [False]
        del kept
        assert [lock for lock in kernel32.locks_held(path) if lock[0] >= _layout.lock_item(_layout.SLOT, 0, 0)[0]] == []


def test_a_lossless_reader_gets_every_frame(path):
    def write():
        with small_writer(path, slots=4, delivery="every-frame", wait_timeout=30) as writer:
            assert writer.wait_for_readers(1, timeout=30)
            for seed in range(1, 301):
                write_small(writer, seed)

    join = in_thread(write)
    with mmapvideo.Reader(path, delivery="every-frame") as reader:
        seen = []
        for frame in reader:
            assert is_whole(frame) == WHOLE
            seen.append(frame.pts_ns)
    assert seen == list(range(1, 301))
    join()


def test_an_acknowledged_frame_was_read_when_write_returns(path):
    with small_writer(path, delivery="acknowledged", wait_timeout=30) as writer:
        seen = []

        def read():
            with mmapvideo.Reader(path, delivery="every-frame") as reader:
                for frame in reader:
                    seen.append(frame.pts_ns)

        join = in_thread(read)
        assert writer.wait_for_readers(1, timeout=30)
        for seed in range(1, 51):
            write_small(writer, seed)
            assert seen[-1:] == [seed]
        writer.close()
        join()


def test_a_larger_format_grows_the_file_under_its_readers(path):
    with small_writer(path) as writer, mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        kept = reader.read(timeout=30)
        writer.set_format("BGR", 640, 480)
        write_picture(writer, "BGR", 640, 480, 2)
        frame = reader.read(timeout=30)
        assert (frame.width, is_whole(frame)) == (640, WHOLE)
        assert is_whole(kept) == WHOLE


def test_a_second_writer_is_refused(path):
    with small_writer(path) as writer:
        with pytest.raises(mmapvideo.AlreadyWriting):
            small_writer(path)
        write_small(writer, 1)


def test_the_next_writer_goes_on_in_the_file_of_a_killed_one(path):
    first = small_writer(path)
    write_small(first, 1)
    reader = mmapvideo.Reader(path)
    assert reader.read(timeout=30).number == 1
    die(first)
    assert reader.read(timeout=0.3) is None
    assert not reader.writer_alive
    with small_writer(path) as second:
        write_small(second, 2)
        frame = reader.read(timeout=30)
        assert (frame.number, frame.pts_ns) == (2, 2)
    reader.close()


def test_the_file_goes_with_its_writer(path):
    with small_writer(path) as writer:
        write_small(writer, 1)
    assert _windows.identity_at(path) is None


def test_the_name_is_free_even_if_the_file_is_kept_for_who_has_it_mapped(path, monkeypatch):
    monkeypatch.setattr(kernel32, "keeps_mapped_files", True)
    with mmapvideo.Reader(path, on_disconnect="wait") as reader:
        with small_writer(path) as writer:
            write_small(writer, 1)
            assert reader.read(timeout=30).number == 1
        assert _windows.identity_at(path) is None
        with small_writer(path) as writer:
            write_small(writer, 7)
            frame = reader.read(timeout=30)
            assert (frame.pts_ns, is_whole(frame)) == (7, WHOLE)


def test_a_file_that_windows_keeps_says_its_end(path, monkeypatch):
    monkeypatch.setattr(kernel32, "keeps_mapped_files", True)
    kernel32.failures["MoveFileExW"] = kernel32.ACCESS_DENIED
    with mmapvideo.Reader(path) as reader:
        with small_writer(path) as writer:
            write_small(writer, 1)
            assert reader.read(timeout=30).number == 1
        assert reader.read(timeout=30) is None
        assert reader.ended
    with small_writer(path) as writer, mmapvideo.Reader(path) as reader:
        write_small(writer, 7)
        assert reader.read(timeout=30).number == 2


def test_frames_of_many_threads_are_whole(path):
    """Writer and readers at full speed; each frame is looked at again when it is given up."""
    frames = []

    def read():
        with mmapvideo.Reader(path) as reader:
            for frame in reader:
                time.sleep(0.0005)
                frames.append(str(is_whole(frame)))

    joins = [in_thread(read) for _ in range(3)]
    with small_writer(path, slots=5) as writer:
        assert writer.wait_for_readers(3, timeout=30)
        for seed in range(1, 500):
            write_small(writer, seed)
    for join in joins:
        join()
    assert frames and set(frames) == {""}


def test_nothing_is_left_when_all_are_closed(path):
    gc.collect()
    handles, views = len(kernel32._handles), kernel32.views_mapped()
    with small_writer(path) as writer, mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        assert are_whole([reader.read(timeout=30)]) == WHOLE
    del writer, reader
    gc.collect()
    assert (len(kernel32._handles), kernel32.views_mapped()) == (handles, views)
