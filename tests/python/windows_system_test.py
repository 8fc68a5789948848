# SPDX-License-Identifier: MIT
"""The package's module for Windows: locks, events, mappings and files (as_on_windows.py)."""
import ctypes
import gc
import re
import time
from pathlib import Path

import pytest
from as_on_windows import in_thread, kernel32, path, wait_until_asleep

from mmapvideo import _events, _layout, _lock_list, _patience, _windows

__all__ = ["path"]  # a fixture

WRITER = _layout.lock_item(_layout.WRITER, 0, 0)


@pytest.fixture
def file(path):
    opened, created = _windows.open_to_write(path, 0o600)
    assert created
    return opened


def another(path):
    return _windows.open_to_read(path)


def item(index, lane=1):
    return _layout.lock_item(_layout.SLOT, index, lane)


# ---- Locks ----------------------------------------------------------------------------------------


def test_a_lock_refuses_others_until_it_is_unlocked(file, path):
    other = another(path)
    assert file.try_lock(item(0), exclusive=True)
    assert not other.try_lock(item(0), exclusive=False)
    file.unlock(item(0))
    assert other.try_lock(item(0), exclusive=False)


def test_an_item_that_is_locked_again_is_locked_once(file, path):
    assert file.try_lock(item(0), exclusive=False)
    assert file.try_lock(item(0), exclusive=False)
    file.unlock(item(0))
    assert kernel32.locks_held(path) == []
    file.unlock(item(0))  # and one that is not held: nothing happens


def test_a_question_sees_others_and_not_the_asker(file, path):
    other = another(path)
    file.try_lock(item(3), exclusive=False)
    everything = _layout.all_lanes(_layout.SLOT, 0, 9)
    assert file.find_lock(everything) is None
    assert other.find_lock(everything) == item(3)
    other.try_lock(item(7, lane=12345), exclusive=False)
    assert file.find_lock(everything) == item(7, lane=12345)
    assert file.find_lock(item(3)) is None


def test_questions_leave_no_lock_behind(file, path):
    other = another(path)
    other.try_lock(item(5), exclusive=False)
    before = kernel32.locks_held(path)
    file.find_lock(_layout.all_lanes(_layout.SLOT, 0, 2**20))
    assert kernel32.locks_held(path) == before


def test_every_lock_of_others_is_listed_with_its_place(file, path):
    holders = [another(path) for _ in range(3)]
    places = [item(0, 1), item(0, 2**32 - 1), item(4, 77), item(2**20, 5)]
    for number, place in enumerate(places):
        assert holders[number % 3].try_lock(place, exclusive=False)
    file.try_lock(item(4, 76), exclusive=False)
    everything = (_layout.lock_item(_layout.SLOT, 0, 0)[0], 2**60)
    assert sorted(_lock_list.locks_of_others(file, everything)) == places


def test_a_lock_over_everything_is_one_lock(file, path):
    reader, intruder = another(path), another(path)
    everything = _layout.all_lanes(_layout.TURN, 0, _layout.TURN_COUNT - 1)
    half = (everything[0], everything[1] // 32 * 16)
    assert reader.try_lock(_layout.lock_item(_layout.TURN, 65000, 5), exclusive=False)
    assert intruder.try_lock(half, exclusive=False)
    assert list(_lock_list.locks_of_others(file, everything)) == [
        half,
        _layout.lock_item(_layout.TURN, 65000, 5),
    ]
    intruder.unlock(half)
    assert intruder.try_lock(everything, exclusive=False)
    assert list(_lock_list.locks_of_others(file, everything)) == [everything]


@pytest.fixture
def at_the_second_pause(monkeypatch):
    """What happens while somebody who is patient waits."""
    pauses = []

    def set_action(action):
        def sleep(_):
            pauses.append(None)
            if len(pauses) == 2:
                action()

        monkeypatch.setattr(_patience.time, "sleep", sleep)

    return set_action


def test_a_try_that_meets_a_question_is_made_again(file, path, at_the_second_pause):
    other = another(path)
    assert other._lock(item(0), exclusive=True)  # the question of another process
    at_the_second_pause(lambda: other._unlock(item(0)))
    assert _patience.lock_shared(file, item(0))


def test_a_writer_is_not_kept_out_by_who_only_asks_for_one(file, path, at_the_second_pause):
    other = another(path)
    assert other._lock(WRITER, exclusive=False)  # "does a writer live?"
    at_the_second_pause(lambda: other._unlock(WRITER))
    assert _patience.lock_exclusive(file, WRITER)
    began = time.monotonic()
    second, _ = _windows.open_to_write(path, 0o600)
    assert not _patience.lock_exclusive(second, WRITER)
    assert second.has_exclusive_lock(WRITER) and other.has_exclusive_lock(WRITER)
    assert not file.has_exclusive_lock(WRITER), "its own"
    assert time.monotonic() - began < 60


def test_a_question_of_others_is_no_reader(file, path, at_the_second_pause):
    reader, other = another(path), another(path)
    lane = _layout.lock_item(_layout.READER, 0, 77)
    assert reader.try_lock(_layout.lock_item(_layout.READER, 0, 99), exclusive=False)
    assert other._lock(lane, exclusive=True)
    at_the_second_pause(lambda: other._unlock(lane))
    assert _lock_list.count_readers(file, 5) == 1


def test_readers_that_hold_shared_locks_are_no_writer(file, path):
    other = another(path)
    other.try_lock(item(0), exclusive=False)
    assert not file.has_exclusive_lock(item(0))
    assert file.find_lock(item(0)) == item(0)


def test_a_closed_handle_drops_its_locks(file, path):
    other = another(path)
    other.try_lock(item(0), exclusive=False)
    other.close()
    assert file.find_lock(item(0)) is None
    assert not other.is_open()


def test_a_file_system_without_locks_is_known_as_such(file):
    kernel32.failures["LockFileEx"] = 50
    with pytest.raises(_windows.NoLocks):
        file.try_lock(item(0), exclusive=False)


# ---- Events ---------------------------------------------------------------------------------------


@pytest.fixture
def header(file):
    put_header(file)
    return file.map(0, 4096, writable=True)


def put_header(file):
    """With a file_id of 16, 17, ... 31."""
    file.reserve(0, 65536)
    file.write(bytes(range(16, 32)), 32)
    file.write(_layout.CLOCK_QPC.to_bytes(4, "little"), 52)


PUBLISHED, RELEASED = 448, 512


def store(region, word, value):
    region.view[word : word + 4] = value.to_bytes(4, "little")


def publish(header, value):
    """As the writer announces it."""
    _windows.before_change(header.address + PUBLISHED)
    store(header, PUBLISHED, value)
    _windows.wake_all(header.address + PUBLISHED)


def test_names_of_events_carry_the_id_of_the_file(header):
    prefix = "Local\\mmapvideo-101112131415161718191a1b1c1d1e1f-"
    assert kernel32.event_names() == sorted(
        [prefix + str(i) for i in range(16)] + [prefix + "released"]
    )


def test_every_publication_ends_the_sleep_of_readers(header, path):
    readers = [another(path).map(0, 4096, writable=False) for _ in range(2)]
    for value in range(40):
        kernel32.calls.clear()
        sleeps = [
            in_thread(_windows.sleep_on, reader.address + PUBLISHED, value, 20_000_000_000)
            for reader in readers
        ]
        wait_until_asleep(2)
        publish(header, value + 1)
        for join in sleeps:
            assert join() < 19


def test_a_reader_whose_word_has_changed_does_not_sleep(header, path):
    reader = another(path).map(0, 4096, writable=False)
    store(header, PUBLISHED, 5)
    kernel32.calls.clear()
    _windows.sleep_on(reader.address + PUBLISHED, 4, 10**12)
    assert "WaitForSingleObject" not in kernel32.calls


def test_a_sleep_without_a_writer_is_short_and_creates_nothing(file, path):
    put_header(file)
    reader = another(path).map(0, 4096, writable=False)
    _windows.sleep_on(reader.address + PUBLISHED, 0, 10**12)
    assert kernel32.event_names() == []


def test_a_writer_of_another_system_is_not_waited_for_with_events(header, path):
    reader = another(path).map(0, 4096, writable=False)
    store(header, 52, _layout.CLOCK_MONOTONIC)
    kernel32.calls.clear()
    _windows.sleep_on(reader.address + PUBLISHED, 0, 10**12)
    assert "WaitForSingleObject" not in kernel32.calls


def test_a_restarted_writer_brings_the_events_into_step(header, path):
    reader = another(path).map(0, 4096, writable=False)
    for value in range(1, 8):
        publish(header, value)
    _windows.sleep_on(reader.address + PUBLISHED, 7, 1_000_000)  # has the events open
    for handle in _windows._events[header.address]._ring:
        kernel32.SetEvent(handle)  # what a killed writer may leave
    again, _ = _windows.open_to_write(path, 0o600)
    new = again.map(0, 4096, writable=True)
    kernel32.calls.clear()
    join = in_thread(_windows.sleep_on, reader.address + PUBLISHED, 7, 20_000_000_000)
    wait_until_asleep()
    publish(new, 8)
    assert join() < 19


def test_readers_wake_a_writer_that_waits_for_them(header, path):
    reader = another(path).map(0, 4096, writable=False)
    store(header, RELEASED, 1)
    kernel32.calls.clear()
    join = in_thread(_windows.sleep_on, header.address + RELEASED, 1, 20_000_000_000)
    wait_until_asleep()
    _windows.wake_all(reader.address + RELEASED)
    assert join() < 19


def test_events_go_with_the_mapping_they_are_for(header, path):
    reader = another(path).map(0, 4096, writable=False)
    _windows.sleep_on(reader.address + PUBLISHED, 0, 0)
    _windows.wake_all(reader.address + RELEASED)
    assert kernel32.events_open() == 2 * (_events.EVENT_COUNT + 1)
    del reader
    assert kernel32.events_open() == _events.EVENT_COUNT + 1


def test_events_that_cannot_be_made_are_an_error(file):
    put_header(file)
    views = kernel32.views_mapped()
    kernel32.failures["CreateEventW"] = kernel32.ACCESS_DENIED
    with pytest.raises(PermissionError, match="CreateEvent"):
        file.map(0, 4096, writable=True)
    gc.collect()
    assert kernel32.views_mapped() == views


def test_the_library_has_the_same_events():
    source = Path(__file__).parents[2] / "protocol" / "src" / "platform" / "wakeup_windows.cpp"
    text = source.read_text(encoding="utf-8")
    assert re.search(r"event_count = (\d+);", text)[1] == str(_events.EVENT_COUNT)
    for words in ('"Local\\\\mmapvideo-"', '"%02x"', '"-%s"', '"released"'):
        assert words in text


# ---- Files ----------------------------------------------------------------------------------------


def test_a_view_stays_while_anybody_looks_at_it(file):
    file.reserve(0, 3 * 65536)
    region = file.map(65536, 65536, writable=True)
    region.view[0:5] = b"hello"
    part = region.view[0:5]
    file.close()
    del region, file
    assert bytes(part) == b"hello"
    mapped = kernel32.views_mapped()
    del part
    assert kernel32.views_mapped() == mapped - 1


def test_a_mapped_file_grows_and_is_never_cut(file):
    file.reserve(0, 65536)
    region = file.map(0, 65536, writable=True)
    region.view[0] = 7
    file.reserve(65536, 65536)
    assert file.size() == 131072
    file.reserve(0, 4096)
    assert file.size() == 131072
    assert region.view[0] == 7


def test_files_are_told_apart_by_more_than_their_names(file, path):
    assert _windows.identity_at(path) == file.identity() == another(path).identity()
    assert not file.is_unlinked()
    _windows.remove(path)
    assert file.is_unlinked()
    assert _windows.identity_at(path) is None
    new, created = _windows.open_to_write(path, 0o600)
    assert created and new.identity() != file.identity()


def test_the_boot_is_told_by_its_start_whatever_the_clock_was_set_to(file):
    instant = 133_000_000_000_000_000
    assert _windows.boot_id() == instant.to_bytes(16, "little")
    assert ctypes.sizeof(_windows._TimeOfDay) == 48
