# SPDX-License-Identifier: MIT
"""What all Python tests have: a place for files, a watchdog, and results as TAP for Meson.

Run by hand: PYTHONPATH=protocol/python INTEROP_PEER=BUILD/tests/python/interop-peer \
READ_FRAMES=BUILD/tests/python/read-frames python3 -m pytest tests/python
"""
import faulthandler
import os
import shutil
import sys
import tempfile

import pytest

# Those modules are for the programs of these tests as well, which pytest does not start.
sys.path.append(os.path.join(os.path.dirname(__file__), "python"))
import process  # noqa: E402
from folder import memory_folder  # noqa: E402


def pytest_configure(config):
    process.stderr = os.fdopen(os.dup(sys.stderr.fileno()), "w")  # before pytest captures it
    if config.pluginmanager.is_blocked("terminal"):
        config.option.verbose = 0  # assertions that fail ask for it, and it is the terminal's
        config.pluginmanager.register(Tap(), "terminalreporter")


class Plain:
    """What assertions that fail are coloured with, by pytest 8."""

    def _highlight(self, source, lexer="python"):
        return source


class Tap:
    """One line for each test case, on stdout. Used with `-p no:terminal`."""

    _tw = Plain()

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
    faulthandler.dump_traceback_later(process.WATCHDOG_SECONDS, exit=True, file=process.stderr)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def test_root():
    with memory_folder() as root:
        yield root


@pytest.fixture
def folder(test_root):
    path = tempfile.mkdtemp(dir=test_root)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def path(folder):
    """Of a file that is not there yet."""
    return os.path.join(folder, "camera")
