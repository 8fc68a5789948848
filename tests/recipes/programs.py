# SPDX-License-Identifier: MIT
"""Shell lines and programs as a user starts them, none of which outlives the tests."""
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pytest

LIMIT_S = 60

# Reads which process groups began and ended, and which folders there are. When its stdin closes,
# even if that is because the tests were killed, it kills and removes what is left.
_GUARDIAN = """
import os, shutil, signal, sys
groups, folders = set(), set()
for line in sys.stdin:
    word, value = line.rstrip().split(" ", 1)
    if word == "folder":
        folders.add(value)
    else:
        (groups.add if word == "began" else groups.discard)(int(value))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
for folder in folders:
    shutil.rmtree(folder, ignore_errors=True)
"""


class Guardian:
    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-c", _GUARDIAN], stdin=subprocess.PIPE, text=True, bufsize=1,
            start_new_session=True,
        )

    def tell(self, word, value):
        print(word, value, file=self._process.stdin)

    def folder(self):
        """A new one on disk, until the end."""
        path = tempfile.mkdtemp(prefix="mmapvideo-test-")
        self.tell("folder", path)
        return path

    def end(self):
        self._process.stdin.close()
        self._process.wait()


class Program:
    """A command in a process group of its own, its output in a file."""

    def __init__(self, guardian, words, log, **options):
        self._guardian = guardian
        self._log = log
        with open(log, "wb") as out:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                **options,
            )
        self.group = self._process.pid
        guardian.tell("began", self.group)

    @property
    def output(self):
        with open(self._log, encoding="utf-8", errors="replace") as file:
            return file.read().replace("\r", "\n")

    @property
    def running(self):
        return self._process.poll() is None

    def signal(self, number):
        os.killpg(self.group, number)

    def interrupt(self):
        """What Ctrl-C does, to all processes of the line."""
        self.signal(signal.SIGINT)
        return self.wait()

    def kill(self):
        self.signal(signal.SIGKILL)
        self._process.wait()

    def wait(self):
        """The exit status, when all processes of the group are gone."""
        until(lambda: not self.running and not self.members(), "its end", self)
        return self._process.returncode

    def succeeds(self):
        """Ends by itself, with status 0."""
        status = self.wait()
        assert status == 0, f"status {status}\n{self.output}"
        return self.output

    def is_at_work(self):
        assert self.running, f"ended with {self._process.returncode}\n{self.output}"

    def clean_up(self):
        if self.running or self.members():
            self.signal(signal.SIGKILL)
            self._process.wait()
        self._guardian.tell("ended", self.group)

    def members(self):
        """Names of its processes. A zombie whose parent is gone is nobody's."""
        names = []
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    head, _, tail = file.read().rpartition(")")
            except OSError:
                continue
            state, _, group = tail.split()[:3]
            if int(group) == self.group and state != "Z":
                names.append(head.partition("(")[2])
        return names


def until(condition, what, program=None):
    """Waits, under a watchdog, until the condition holds, and gives what it gave."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    said = f"\n{program.output}" if program is not None else ""
    raise AssertionError(f"waited {LIMIT_S} s for {what}{said}")


def in_time(body, *arguments):
    """The result of a call that might never return."""
    results = []
    thread = threading.Thread(target=lambda: results.append(body(*arguments)), daemon=True)
    thread.start()
    thread.join(LIMIT_S)
    assert not thread.is_alive(), f"waited {LIMIT_S} s for {body}"
    return results[0]


def _has_network():
    """An address beside the loopback interface's, even if it leads nowhere."""
    with open("/proc/net/route", encoding="ascii") as routes:
        found = len(routes.readlines()) > 1
    if not found and os.path.exists("/proc/net/if_inet6"):
        with open("/proc/net/if_inet6", encoding="ascii") as addresses:
            found = any(line.split()[-1] != "lo" for line in addresses)
    return found


needs_network = pytest.mark.skipif(
    not _has_network(), reason="no network but the loopback interface, which WebRTC does not use"
)


def needs(programs="", elements="", modules=""):
    """Marks tests of what is not here as skipped, each missing thing by name."""
    missing = [name for name in programs.split() if shutil.which(name) is None]
    missing += [name for name in elements.split() if not _has_element(name)]
    missing += [name for name in modules.split() if not _has_module(name)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def _has_element(name):
    words = ["gst-inspect-1.0", "--exists", "--atleast-version=0.0", name]
    return shutil.which(words[0]) is not None and subprocess.run(words, check=False).returncode == 0


def _has_module(name):
    code = f"import gi; gi.require_version('{name}', '1.0')" if name[0].isupper() else f"import {name}"
    return subprocess.run(
        [sys.executable, "-c", code], stderr=subprocess.DEVNULL, check=False
    ).returncode == 0
