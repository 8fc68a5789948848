# SPDX-License-Identifier: MIT
"""What all Python tests have: a place for files, a watchdog, and results as TAP for Meson.

Run by hand: PYTHONPATH=protocol/python INTEROP_PEER=BUILD/tests/python/interop-peer \
python3 -m pytest tests/python
"""
import faulthandler
import os
import shutil
import subprocess
import sys
import tempfile

import pytest

WATCHDOG_SECONDS = 120


_stderr = sys.stderr


def pytest_configure(config):
    global _stderr
    _stderr = os.fdopen(os.dup(sys.stderr.fileno()), "w")  # before pytest captures it
    if config.pluginmanager.is_blocked("terminal"):
        config.option.verbose = 0  # assertions that fail ask for it, and it is the terminal's
        config.pluginmanager.register(Tap())


class Tap:
    """One line for each test case, on stdout. Used with `-p no:terminal`."""

    def __init__(self):
        self.count = 0

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or (report.when == "setup" and not report.passed):
            self.tell(report)
        elif report.when == "teardown" and report.failed:
            self.tell(report)

    def pytest_collectreport(self, report):
        if not report.passed:
            self.tell(report)

    def pytest_sessionfinish(self):
        print(f"1..{self.count}", flush=True)

    def tell(self, report):
        self.count += 1
        name = report.nodeid.rpartition("::")[2].replace("#", "")
        skipped = " # SKIP " + str(report.longrepr[2]) if report.skipped else ""
        print(f"{'not ok' if report.failed else 'ok'} {self.count} - {name}{skipped}", flush=True)
        if report.failed:
            sections = "".join(f"\n{title}\n{text}" for title, text in report.sections)
            print(report.longreprtext + sections, file=sys.stderr, flush=True)


@pytest.fixture(autouse=True)
def watchdog():
    """The only time limit: no test asserts that something is fast."""
    faulthandler.dump_traceback_later(WATCHDOG_SECONDS, exit=True, file=_stderr)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def test_root():
    """A directory in memory, removed at the end even if this process is killed."""
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    root = tempfile.mkdtemp(prefix="mmapvideo-test-", dir=parent)
    guardian = subprocess.Popen(
        ["sh", "-c", 'read -r _; rm -rf -- "$1"', "sh", root],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    yield root
    shutil.rmtree(root)
    guardian.stdin.close()
    guardian.wait()


@pytest.fixture
def folder(test_root):
    path = tempfile.mkdtemp(dir=test_root)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def path(folder):
    """Of a file that is not there yet."""
    return os.path.join(folder, "camera")
