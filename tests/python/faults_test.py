# SPDX-License-Identifier: MIT
"""Each call of the package to the system fails once, at each place: an error in words, no debris."""
import errno
import os

import pytest
from pictures import SMALL, write_small
from raw_file import RawFile

import mmapvideo
from mmapvideo import _linux

# What may be wrong with a call. Locks: a file system may have none, or ask another machine.
FAULTS = [
    ("open", errno.EMFILE),
    ("open", errno.EACCES),
    ("fstat", errno.EIO),
    ("pread", errno.EIO),
    ("preadv", errno.EIO),
    ("pwrite", errno.EIO),
    ("pwrite", errno.ENOSPC),
    ("posix_fallocate", errno.ENOSPC),
    ("posix_fallocate", errno.EFBIG),
    ("posix_fallocate", errno.EIO),
    ("stat", errno.EACCES),
    ("lstat", errno.EACCES),
    ("unlink", errno.EPERM),
    ("statvfs", errno.EIO),
    ("fcntl", errno.ENOLCK),
    ("fcntl", errno.EIO),
    ("mmap", errno.ENOMEM),
]


class Failing:
    """A module of the standard library, of which one call fails when its turn has come."""

    def __init__(self, module, name, number):
        self.module, self.name, self.number = module, name, number
        self.nth = self.count = 0

    def __getattr__(self, name):
        real = getattr(self.module, name)
        if name != self.name:
            return real

        def call(*arguments, **named):
            self.count += 1
            if self.count == self.nth:
                raise OSError(self.number, os.strerror(self.number))
            return real(*arguments, **named)

        return call


def failing(monkeypatch, name, number):
    if name == "mmap":
        mapped = Failing(_linux, "_Mapped", number)
        monkeypatch.setattr(_linux, "_Mapped", lambda *arguments: mapped_call(mapped, arguments))
        return mapped
    module = "fcntl" if name == "fcntl" else "os"
    fault = Failing(getattr(_linux, module), name, number)
    monkeypatch.setattr(_linux, module, fault)
    return fault


_real_mapped = _linux._Mapped


def mapped_call(fault, arguments):
    fault.count += 1
    if fault.count == fault.nth:
        raise OSError(fault.number, os.strerror(fault.number))
    return _real_mapped(*arguments)


def use_everything(path):
    """A writer that takes over, grows and ends, with a reader of every frame that looks on."""
    with mmapvideo.Writer(path, **SMALL, slots=3, keep_file=True) as writer:
        with mmapvideo.Reader(path, delivery="every-frame", max_leases=0) as reader:
            write_small(writer, 1)
            reader.read(timeout=0)
            write_small(writer, 2)
            writer.set_format("GRAY8", 1000, 100)
            writer.write(bytes(100000))
            for _ in range(2):
                reader.read(timeout=0)
        with mmapvideo.Reader(path) as reader:
            reader.read(timeout=0)
    with mmapvideo.Writer(path, **SMALL) as writer:
        write_small(writer, 3)


def open_descriptors():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("name, number", FAULTS)
def test_failure_of_a_call_is_an_error_of_the_package_and_the_file_stays_usable(
    path, monkeypatch, name, number
):
    fault = failing(monkeypatch, name, number)
    before = open_descriptors()
    for fault.nth in range(1, 400):
        fault.count = 0
        try:
            use_everything(path)
        except mmapvideo.Error as error:
            assert path in str(error) and str(error).endswith("."), (fault.nth, error)
        finally:
            reached, fault.nth = fault.count >= fault.nth, 0
        assert open_descriptors() == before, fault.nth
        with mmapvideo.Writer(path, **SMALL, keep_file=True) as writer:
            with mmapvideo.Reader(path) as reader:
                number_after = write_small(writer, 7)
                assert reader.read().number == number_after
        if os.path.exists(path):
            with RawFile(path) as raw:
                assert raw.load((0, "Q")) == int.from_bytes(b"mmapvid\n", "little")
        if not reached:
            break
    else:
        pytest.fail("the scenario does not end")


@pytest.mark.parametrize("name", ["fstat", "lstat"])
def test_file_that_cannot_be_asked_who_it_is_was_not_replaced(path, monkeypatch, name):
    with mmapvideo.Writer(path, **SMALL) as writer, mmapvideo.Reader(path) as reader:
        write_small(writer, 1)
        assert reader.read().number == 1
        fault = failing(monkeypatch, name, errno.EACCES)
        fault.nth = 1
        assert reader.read(timeout=0.25) is None  # looks after its file
        assert fault.count > 1 and reader.stats.attached == 1
        assert write_small(writer, 2) == reader.read().number
