# SPDX-License-Identifier: MIT
"""Imports the package as on Windows, with fake_kernel32.py in place of kernel32.dll. For programs that
import the package by this module only.

All sides are threads of one process, each with handles of its own, as processes have.
"""
import gc
import importlib
import sys
import threading
import time

import fake_kernel32 as kernel32
import pytest
from folder import memory_folder

with pytest.MonkeyPatch.context() as patch:
    importlib.import_module("numpy")  # before the system seems to be another one
    sys.modules["mmapvideo._kernel32"] = kernel32
    patch.setattr(sys, "platform", "win32")
    mmapvideo = importlib.import_module("mmapvideo")


@pytest.fixture
def path():
    gc.collect()
    assert kernel32.event_names() == [], "a former test left something open"
    with memory_folder() as root:
        yield f"{root}/camera"
    kernel32.failures.clear()


def in_thread(function, *arguments):
    """Starts it; the returned function waits for its end and says how long it took, in seconds."""
    took = []

    def run():
        began = time.monotonic()
        function(*arguments)
        took.append(time.monotonic() - began)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def join():
        thread.join(30)
        assert took, "it does not return"
        return took[0]

    return join


def wait_until_asleep(count=1):
    while kernel32.calls.count("WaitForSingleObject") < count:
        time.sleep(0.001)
