# SPDX-License-Identifier: MIT
"""Ends of life that no `with` sees: fork() and the end of the interpreter.

A forked child shares every lock with its parent, so a lease would not end before both let go of it,
and an unlock in the child would end the parent's. The child therefore closes its descriptors, and
unlocks nothing. At the end of the interpreter writers close, so that readers are told the end.
"""
from __future__ import annotations

import atexit
import os
import weakref
from typing import Protocol


class Forgettable(Protocol):
    def forget(self) -> None: ...


class Closeable(Protocol):
    def close(self) -> None: ...


_files: "weakref.WeakSet[Forgettable]" = weakref.WeakSet()
_writers: "weakref.WeakSet[Closeable]" = weakref.WeakSet()


def close_in_child(file: Forgettable) -> None:
    """Calls file.forget() in every child that is forked while `file` lives."""
    _files.add(file)


def close_at_exit(writer: Closeable) -> None:
    """Calls writer.close() when the interpreter ends, unless it is gone by then."""
    _writers.add(writer)


def _forget_files() -> None:
    for file in list(_files):
        file.forget()
    _files.clear()
    _writers.clear()


def _close_writers() -> None:
    for writer in list(_writers):
        writer.close()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing is inherited
    os.register_at_fork(after_in_child=_forget_files)
atexit.register(_close_writers)
