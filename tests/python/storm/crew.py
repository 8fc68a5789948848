# SPDX-License-Identifier: MIT
"""The processes of the storm: starting, stopping, continuing, ending and killing them, and what
they occupy."""
import os
import signal
import subprocess
import time
from typing import NamedTuple

import board as b
from board import now_ns
from process import Child
from reader import StormReader
from writer import StormWriter

DELIVERIES = ("latest", "every-frame", "acknowledged")
FOREVER_NS = 2**62


class Role(NamedTuple):
    name: str
    delivery: str
    leases: bool
    in_python: bool
    survives: bool  # the whole storm; others are killed now and then


ROLES = [
    Role(f"{delivery}, {'leasing' if leases else 'copying'}", delivery, leases, in_python, survives)
    for in_python, survives in ((True, True), (True, False), (False, False))
    for delivery in DELIVERIES[:2]
    for leases in (False, True)
]
WRITER_ROW = len(ROLES)
MORTALS = [place for place, role in enumerate(ROLES) if not role.survives]


class Footprint(NamedTuple):
    own_kib: int
    descriptors: int
    mappings: int


class PythonProcess(Child):
    """A forked process that runs body()."""

    def __init__(self, body):
        def run(_):
            signal.alarm(0)  # the storm has a watchdog of its own
            body()

        super().__init__(run)


class PeerProcess:
    """storm-peer with these arguments; as PythonProcess."""

    def __init__(self, *words):
        self._process = subprocess.Popen([str(word) for word in words])
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def signal(self, number):
        self._process.send_signal(number)

    def stop(self):
        self.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def kill(self):
        self._process.kill()
        return self.wait()

    def wait(self):
        return self._process.wait()


class Member:
    """A process that runs, or is stopped until some time."""

    def __init__(self, name, process, running_since):
        self.name, self.process = name, process
        self._running_since = running_since  # words of the board, and which of them
        self._stopped_until_ns = 0
        self._note_running()

    def _note_running(self):
        words, index = self._running_since
        words[index] = now_ns()

    def stop_until(self, time_ns):
        if self._stopped_until_ns == 0:
            self.process.stop()
            self._stopped_until_ns = time_ns
            return 1
        return 0

    def continue_if_due(self, time_ns):
        if 0 < self._stopped_until_ns <= time_ns:
            self._note_running()
            self.process.signal(signal.SIGCONT)
            self._stopped_until_ns = 0

    def ended_by_itself(self):
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)

    def footprint(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            own = [line.split()[1] for line in file if line.startswith("RssAnon:")]
        with open(f"/proc/{self.process.pid}/maps", encoding="utf-8") as file:
            mappings = sum(1 for _ in file)
        return Footprint(int(own[0]), len(os.listdir(f"/proc/{self.process.pid}/fd")), mappings)


class Crew:
    def __init__(self, path, peer, board, numbers):
        self.path, self._peer, self._board, self._numbers = path, peer, board, numbers
        self.readers = {}
        self.writer = None
        self.counts = dict.fromkeys(
            ("readers killed", "writers killed", "writers ended", "stops", "files removed"), 0
        )
        self.sessions = {}  # by what wrote, and delivery
        for place in range(len(ROLES)):
            self.start_reader(place)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for member in self.members():
            member.process.__exit__()

    def members(self):
        return [*self.readers.values(), *([self.writer] if self.writer else [])]

    # ---- Readers

    def start_reader(self, place):
        role, seed = ROLES[place], self._numbers.getrandbits(63)
        if role.in_python:
            process = PythonProcess(
                StormReader(self.path, role, seed, self._board, place).run
            )
        else:
            process = PeerProcess(
                self._peer, "reader", self.path, self._board.path, place, seed,
                DELIVERIES.index(role.delivery), int(role.leases),
            )
        language = "Python" if role.in_python else "C++"
        name = f"reader {place} ({role.name}, {language})"
        self.readers[place] = Member(name, process, (self._board.row(place), b.RUNNING_SINCE_NS))

    def kill_and_restart_reader(self, place):
        self.readers[place].process.kill()
        self.readers[place].process.__exit__()
        self.counts["readers killed"] += 1
        self.start_reader(place)

    # ---- Writers

    def start_writer(self, session, in_python):
        """Returns when it is about to publish."""
        words = self._board.words
        words[b.WRITER_COMMAND], words[b.WRITER_IS_READY] = b.GO_ON, 0
        if in_python:
            process = PythonProcess(
                StormWriter(self.path, session, self._board, WRITER_ROW).run
            )
        else:
            process = PeerProcess(
                self._peer, "writer", self.path, self._board.path, WRITER_ROW, session.seed,
                session.tag, session.slots, DELIVERIES.index(session.delivery),
                int(session.wait_timeout * 1000), session.most_rows, session.more_metadata_bytes,
                session.longest_pause_us, int(session.grows), int(session.keeps_file),
            )
        key = ("Python" if in_python else "C++", session.delivery)
        self.sessions[key] = self.sessions.get(key, 0) + 1
        self.writer = Member("the writer", process, (words, b.WRITER_RUNNING_SINCE_NS))
        while not words[b.WRITER_IS_READY] and not self._board.problems(WRITER_ROW + 1):
            self.expect_alive(self.writer)
            time.sleep(0.0002)

    def kill_writer(self):
        if self.writer:
            self.writer.process.kill()
            self._bury_writer("writers killed")

    def end_writer(self):
        """By its own close."""
        if self.writer:
            self.writer.continue_if_due(FOREVER_NS)
            self._board.words[b.WRITER_COMMAND] = b.END
            self.expect_success(self.writer)
            self._bury_writer("writers ended")

    def _bury_writer(self, how):
        self.counts[how] += 1
        self.writer.process.__exit__()
        self.writer = None

    def remove_file(self):
        try:
            os.unlink(self.path)
            self.counts["files removed"] += 1
        except FileNotFoundError:
            pass

    # ---- Both

    def stop(self, member, duration_ns):
        self.counts["stops"] += member.stop_until(now_ns() + duration_ns)

    def continue_who_is_due(self, time_ns):
        for member in self.members():
            member.continue_if_due(time_ns)

    def expect_alive(self, member):
        if member.ended_by_itself():
            self._board.report(WRITER_ROW, f"{member.name} ended by itself")

    def expect_all_alive(self):
        for member in self.members():
            self.expect_alive(member)

    def expect_success(self, member):
        status = member.process.wait()
        if status != 0:
            self._board.report(WRITER_ROW, f"{member.name} ended with status {status}")
