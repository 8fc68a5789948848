# SPDX-License-Identifier: MIT
"""What a writer does to the file (SPEC.md 7, 10, 11)."""
import errno
import os
import stat

import pytest
from actors import small_writer
from locks import SLOT, WRITER, LockFile, locks_in
from pictures import are_whole, is_whole, write_small
from raw_file import (
    COMPATIBLE_FLAGS,
    EMPTY,
    ENDED,
    FIRST_NUMBER,
    FORMING,
    GENERATION,
    HEAD_NUMBER,
    PUBLISHED,
    RELEASED,
    SESSION_ID,
    STAMP,
    STATE,
    STREAMING,
    RawFile,
)

import mmapvideo
from mmapvideo._words import Words


def leave(path, frames=3, **options):
    """A file as a writer leaves it that ends cleanly."""
    with small_writer(path, keep_file=True, **options) as writer:
        for seed in range(1, frames + 1):
            write_small(writer, seed)


def allocated_bytes(path):
    return os.stat(path).st_blocks * 512


def test_a_little_metadata_needs_no_other_ring(path):
    for width in (64, 61376, 1000):  # 61376: the slot is full without it
        with mmapvideo.Writer(path, "GRAY8", 64, width // 64) as writer, RawFile(path) as raw:
            with mmapvideo.Reader(path) as reader:
                for size in (0, 1, 1000):
                    writer.write(bytes(64 * (width // 64)), metadata=b"m" * size)
                    assert reader.read().metadata == b"m" * size
            assert raw.load(GENERATION) == 1


def test_states_follow_each_other(path):
    writer = small_writer(path, keep_file=True)
    with RawFile(path) as raw:
        assert raw.load(STATE) == EMPTY and raw.load(HEAD_NUMBER) == 0
        former = raw.load(PUBLISHED)
        write_small(writer, 1)
        assert raw.load(STATE) == STREAMING and raw.load(HEAD_NUMBER) == 1
        assert raw.load(PUBLISHED) == former + 1
        writer.close()
        assert raw.load(STATE) == ENDED and raw.load(PUBLISHED) == former + 2
        assert raw.load(RELEASED) % 2 == 0


def test_file_is_removed_at_the_end_unless_it_is_to_stay(path):
    small_writer(path).close()
    assert not os.path.exists(path)
    small_writer(path, keep_file=True).close()
    assert os.path.exists(path)


def test_file_that_replaced_the_writers_is_not_removed(path):
    with small_writer(path):
        os.unlink(path)
        with open(path, "w", encoding="ascii") as file:
            file.write("mine")
    with open(path, encoding="ascii") as file:
        assert file.read() == "mine"


def test_mode_is_what_was_asked_for_whatever_the_umask(path):
    former = os.umask(0o077)
    try:
        for perms in (0o600, 0o644, 0o640):
            with small_writer(path, perms=perms):
                assert stat.S_IMODE(os.stat(path).st_mode) == perms
    finally:
        os.umask(former)


def test_existing_file_keeps_its_mode_and_its_inode(path):
    leave(path)
    os.chmod(path, 0o640)
    inode = os.stat(path).st_ino
    with small_writer(path, perms=0o644):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o640
        assert os.stat(path).st_ino == inode


def test_second_writer_is_refused_and_the_first_goes_on(path):
    with small_writer(path) as writer:
        with pytest.raises(mmapvideo.AlreadyWriting, match=path):
            small_writer(path)
        assert write_small(writer, 1) == 1
        assert locks_in(path, WRITER) == [(0, 0)]
    small_writer(path).close()


def test_takeover_goes_on_with_numbers_ring_and_file(path):
    leave(path, frames=3, slots=8)
    with RawFile(path) as raw:
        session = raw.load(SESSION_ID)
        with small_writer(path) as writer:
            assert raw.load(SESSION_ID) != session and raw.load(GENERATION) == 1
            assert raw.load(FIRST_NUMBER) == 4 and raw.load(STATE) == EMPTY
            assert writer.stats.slots == 8, "kept, as no other depth was asked for"
            assert write_small(writer, 1) == 4


@pytest.mark.parametrize("slots, frame", [(4, (64, 64)), (0, (600, 600))])
def test_takeover_makes_a_new_ring_where_the_old_one_does_not_do(path, slots, frame):
    leave(path, frames=5, slots=8)
    with RawFile(path) as raw:
        with mmapvideo.Writer(path, "GRAY8", *frame, slots=slots) as writer:
            assert raw.load(GENERATION) == 2
            with mmapvideo.Reader(path) as reader:
                assert writer.write(bytes(frame[0] * frame[1])) == 6
                assert reader.read().number == 6


def test_repair_of_what_a_writer_left_that_died(path):
    leave(path, frames=3, slots=8)
    with RawFile(path) as raw:
        claimed, ahead = raw.index_of(2), (raw.index_of(3) + 2) % 8
        raw.store_stamp(claimed, 5)
        raw.store_stamp((ahead - 1) % 8, 1)
        raw.store_stamp(ahead, 2 * 9)
        raw.store(RELEASED, 7)
        raw.store(STATE, FORMING)
        with small_writer(path) as writer:
            stamps = raw.stamps()
            assert stamps[claimed] == 4 and stamps[(ahead - 1) % 8] == 0
            assert raw.load(HEAD_NUMBER) == 9 and raw.load(RELEASED) == 8
            assert write_small(writer, 1) == 10


def leave_two_rings(path):
    """What a killed writer may leave: frame 1 in the former ring, frame 2 in the one in use."""
    with small_writer(path, slots=4, keep_file=True) as writer:
        write_small(writer, 1)
        with RawFile(path) as raw:
            former = raw.ring()
        writer.set_format("GRAY8", 400, 300)
        writer.write(bytes(400 * 300))
    return former


def test_stamp_of_no_possible_frame_is_emptied_in_either_ring(path):
    former = leave_two_rings(path)
    slots = [former["offset"] + index * former["slot_stride"] for index in range(4)]
    with RawFile(path) as raw, LockFile(path) as lane:
        in_use = raw.index_of(2)
        invalid = [(in_use + 1) % 4, (in_use + 2) % 4]
        for index, stamp in zip(invalid, (2**63 + 1, 2**64 - 2)):
            raw.store_stamp(index, stamp)
        for index, stamp in zip(invalid, (2**63, 2**64 - 1)):
            raw.store(STAMP, stamp, slots[index])
            # What is leased is not given back, which would empty it as well.
            lane.shared(SLOT, former["first_slot_id"] + index, 9)
        with small_writer(path) as writer:
            for index in invalid:
                assert raw.stamps()[index] == 0
                assert raw.load(STAMP, slots[index]) == 0
            assert raw.load(HEAD_NUMBER) == 2
            assert write_small(writer, 1) == 3


def test_former_ring_has_no_say_in_the_head_and_the_next_number(path):
    former = leave_two_rings(path)
    with RawFile(path) as raw:
        raw.store(STAMP, 2 * 50, former["offset"])
        with small_writer(path) as writer:
            assert raw.load(HEAD_NUMBER) == 2
            assert write_small(writer, 1) == 3


def test_descriptor_is_named_when_it_is_whole_and_nameless_while_it_changes(path, monkeypatch):
    with mmapvideo.Writer(path, "GRAY8", 1000, 1, slots=2) as writer:
        writer.write(bytes(1000))
        writer.set_format("GRAY8", 1000, 200)
        writer.write(bytes(200000))
        with RawFile(path) as raw:
            at = 192 + 3 % 2 * 64
            store, seen = Words.store64, []

            def watched(words, offset, value):
                # This word of a third generation takes the place of the first one's.
                if offset == at:
                    seen.append((raw.load((0, "Q"), at), raw.bytes[at + 8 : at + 64], value))
                store(words, offset, value)

            monkeypatch.setattr(Words, "store64", watched)
            writer.set_format("GRAY8", 1000, 400)
            writer.write(bytes(400000))
            monkeypatch.undo()
            (name, old, zero), (nameless, new, generation) = seen
            assert (name, zero, nameless, generation) == (1, 0, 0, 3)
            assert old != new and new == raw.bytes[at + 8 : at + 64]


def test_unfinished_creation_is_finished(path):
    leave(path)
    with open(path, "rb") as file:
        content = file.read(4096)
    for size in (0, 1, 7, 12, 30, 48, 4095):
        with open(path, "wb") as file:
            file.write(content[:size])
        with small_writer(path, keep_file=True) as writer:
            assert write_small(writer, 1) == 1


def test_copied_file_with_holes_gets_its_space(path, folder):
    leave(path, slots=4)
    copy = os.path.join(folder, "copy")
    with open(path, "rb") as source, open(copy, "wb") as target:
        content = source.read()
        target.write(content[:70000])
        target.truncate(len(content))
    with small_writer(copy):
        assert allocated_bytes(copy) >= 4 * 65536


def test_space_without_a_descriptor_is_given_back(path):
    leave(path, slots=4)
    with open(path, "ab") as file:
        file.write(b"x" * (1 << 20))
    size = os.path.getsize(path)
    before = allocated_bytes(path)
    with small_writer(path):
        assert allocated_bytes(path) <= before - (1 << 20) + 65536
        assert os.path.getsize(path) == size, "files never shrink"


def test_frames_that_nobody_can_take_are_dropped_and_their_numbers_spent(path):
    with small_writer(path, slots=4) as writer:
        held = []
        for seed in (1, 2, 3):
            write_small(writer, seed)
            with mmapvideo.Reader(path, max_leases=1) as reader:
                held.append(reader.read())
        assert write_small(writer, 4) == 4
        assert write_small(writer, 5) is None
        assert write_small(writer, 6) is None
        assert writer.stats.dropped == 2 and writer.stats.frames == 4
        assert are_whole(held), "what is leased stays"
        held.pop()
        assert write_small(writer, 7) == 7


def test_newest_frame_is_never_rewritten_first(path):
    with small_writer(path, slots=2) as writer, RawFile(path) as raw:
        for seed in range(1, 20):
            write_small(writer, seed)
            with writer.frame():
                assert 2 * raw.load(HEAD_NUMBER) in raw.stamps()


def test_slot_in_the_users_hands_is_not_used_again(path):
    with small_writer(path, slots=4) as writer, mmapvideo.Reader(path) as reader:
        with writer.frame(pts_ns=1) as view:
            view[:] = 7
        for seed in range(2, 20):
            assert write_small(writer, seed) is not None
        assert (view == 7).all() and view.flags.writeable is False
        with RawFile(path) as raw:
            assert raw.index_of(1) >= 0
            del view
            for seed in range(20, 24):
                write_small(writer, seed)
            assert 2 not in raw.stamps()
        assert reader.read().number == 23


def test_slot_that_outlives_its_writer_is_locked_for_its_user(path):
    writer = small_writer(path, slots=4, keep_file=True)
    with writer.frame(pts_ns=1) as view:
        view[:] = 7
    writer.close()
    assert locks_in(path, SLOT) == [(0, 0)] and locks_in(path, WRITER) == []
    with small_writer(path) as other:
        for seed in range(2, 12):
            assert write_small(other, seed) is not None
        assert (view == 7).all()
        del view
        assert locks_in(path, SLOT) == []


def test_frame_that_is_in_the_making_when_the_ring_grows_is_published_in_the_new_one(path):
    with small_writer(path) as writer, mmapvideo.Reader(path) as reader:
        with writer.frame(pts_ns=1) as view:
            view[:] = 5
            writer.set_format("GRAY8", 600, 600)
        frame = reader.read()
        assert frame.width == 64 and (frame.array == 5).all()


def test_former_ring_is_given_back_after_a_round_but_for_what_is_leased(path):
    with mmapvideo.Writer(path, "GRAY8", 1000, 1000, slots=4) as writer:
        with mmapvideo.Reader(path) as reader:
            writer.write(bytes([1]) * 1000000)
            frame = reader.read()
            writer.set_format("GRAY8", 1100, 1000)
            with_both = allocated_bytes(path)
            for _ in range(8):
                writer.write(bytes(1100000))
            assert allocated_bytes(path) <= with_both - 3 * 1000000
            assert (frame.array == 1).all()
            del frame
            for _ in range(4):
                writer.write(bytes(1100000))
            assert allocated_bytes(path) <= with_both - 4 * 1000000


def test_no_room_is_an_error_with_figures_and_leaves_nothing(path, monkeypatch):
    from mmapvideo import _linux

    def full(self, offset, length):
        if length > 100_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(_linux.OpenFile, "reserve", full)
        with pytest.raises(mmapvideo.NoSpace, match=r"needs \d+\.\d MiB, \d+\.\d MiB is free"):
            small_writer(path)
        assert not os.path.exists(path)
    with small_writer(path) as writer, mmapvideo.Reader(path) as reader:
        with monkeypatch.context() as patch:
            patch.setattr(_linux.OpenFile, "reserve", full)
            with pytest.raises(mmapvideo.NoSpace):
                writer.set_format("GRAY8", 1000, 1000)
        assert write_small(writer, 1) == 1
        assert is_whole(reader.read())


def test_unlocked_flag_of_a_former_writer_is_cleared(path):
    leave(path)
    with RawFile(path) as raw:
        raw.store(COMPATIBLE_FLAGS, 0xFF)
        with small_writer(path):
            assert raw.load(COMPATIBLE_FLAGS) == 0


def test_file_system_without_locks_is_written_and_read_by_copying(path, monkeypatch):
    from mmapvideo import _linux

    def without(*_):
        raise _linux.NoLocks

    monkeypatch.setattr(_linux.OpenFile, "_lock", without)
    with small_writer(path, delivery="every-frame") as writer:
        with RawFile(path) as raw:
            assert raw.load(COMPATIBLE_FLAGS) == 1
        with mmapvideo.Reader(path, "every-frame") as reader:
            for seed in (1, 2):
                write_small(writer, seed)
                frame = reader.read()
                assert frame.number == seed and frame.is_copy and is_whole(frame)
            assert reader.writer_alive, "nobody can tell"
            assert not writer.wait_for_readers(1, timeout=0)
        writer.close()


def test_unlocked_file_is_read_by_copying(path):
    with small_writer(path) as writer, mmapvideo.Reader(path, "every-frame") as reader:
        with RawFile(path) as raw:
            raw.store(COMPATIBLE_FLAGS, 1)
        write_small(writer, 1)
        assert reader.read().is_copy
        assert locks_in(path, SLOT) == []


def test_waiting_for_readers(path):
    with small_writer(path) as writer:
        assert writer.wait_for_readers(0)
        assert not writer.wait_for_readers(1, timeout=0.01)
        with mmapvideo.Reader(path), mmapvideo.Reader(path):
            assert writer.wait_for_readers(2)
            assert not writer.wait_for_readers(3, timeout=0)
        with RawFile(path) as raw:
            assert raw.load(RELEASED) % 2 == 0


def test_hostile_lock_on_the_writers_item_is_a_refusal(path):
    leave(path)
    with LockFile(path) as file:
        file.shared(WRITER, 0, 0)
        with pytest.raises(mmapvideo.AlreadyWriting):
            small_writer(path)


def test_arguments_are_checked(path):
    for wrong in (
        {"format": "MJPG"}, {"width": 0}, {"height": -1}, {"width": 40000}, {"slots": 1},
        {"slots": 1025}, {"perms": 0o10000}, {"delivery": "all"}, {"wait_timeout": -1},
        {"fps": -1},
    ):
        with pytest.raises(ValueError):
            small_writer(path, **wrong)
        assert not os.path.exists(path)
    with small_writer(path) as writer:
        for wrong in (-1, 2**64 - 1):
            with pytest.raises(ValueError):
                writer.write(bytes(4096), pts_ns=wrong)


def test_closed_writer_says_so(path):
    writer = small_writer(path)
    writer.close()
    writer.close()
    for use in (
        lambda: writer.write(bytes(4096)), lambda: writer.stats,
        lambda: writer.wait_for_readers(0), lambda: writer.frame().__enter__(),
    ):
        with pytest.raises(mmapvideo.Closed, match=path):
            use()
