#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A storm of Python and C++ processes on one file: readers of all kinds and writers of both
languages are killed, stopped, continued and restarted at random points, the file is removed or left,
and its ring grows. No frame is ever torn, every number is accounted for and none goes back, nobody
hangs, and nothing grows or stays behind.

    PYTHONPATH=protocol/python:tests/python STORM_PEER=BUILD/tests/python/storm/storm-peer \\
        python3 tests/python/storm/storm.py [--seconds N] [--seed S]

Calm follows each squall: all run, a new writer has a new file, and each reader has to deliver its
frames. What the survivors occupy then is compared with what they occupied in the first calm. The
seed fixes what happens in which order, not how the processes interleave.
"""
import argparse
import faulthandler
import gc
import os
import random
import sys
import time

import board as b
import locks
from board import Board, now_ns
from crew import FOREVER_NS, MORTALS, ROLES, WRITER_ROW, Crew, Footprint
from folder import memory_folder
from frames import calm_session, draw_session

SQUALL_SECONDS = 1.5
CALM_FRAMES = 60
# How long a reader may take is printed, and not judged: a machine may be slow.
HUNG_SECONDS = 60
HUNG_ALTOGETHER_SECONDS = 180
# What allocators may add after the start.
ALLOWANCE = Footprint(own_kib=8192, descriptors=2, mappings=16)
MS = 1_000_000


class Storm:
    def __init__(self, crew, board, numbers):
        self.crew, self._board, self._numbers = crew, board, numbers
        self.squalls = 0
        self.first = self.last = None
        self._last_tag = 0
        self._writer_due_ns = 0

    def problems(self):
        return self._board.problems(WRITER_ROW + 1)

    def run(self, seconds):
        end = time.monotonic() + seconds
        while True:
            faulthandler.dump_traceback_later(HUNG_ALTOGETHER_SECONDS, exit=True)
            self._squall()
            self._calm()
            self.squalls += 1
            self.last = self._measure()
            self.first = self.first or self.last
            if time.monotonic() > end or self.problems():
                break
        if not self.problems():
            self._judge_growth()
            self._finish()
        faulthandler.cancel_dump_traceback_later()

    def _next_tag(self):
        self._last_tag += 1
        return self._last_tag

    def _squall(self):
        end = time.monotonic() + SQUALL_SECONDS
        while time.monotonic() < end and not self.problems():
            time.sleep(self._numbers.uniform(0.001, 0.025))
            self.crew.continue_who_is_due(now_ns())
            self.crew.expect_all_alive()
            if self.crew.writer is None and now_ns() >= self._writer_due_ns:
                self._start_writer(draw_session(self._numbers, self._next_tag()))
            self._disturb()

    def _start_writer(self, session):
        self.crew.start_writer(session, in_python=self._numbers.randrange(3) != 0)

    def _disturb(self):
        dice = self._numbers.randrange(72)
        if dice < 6:
            self.crew.kill_and_restart_reader(self._numbers.choice(MORTALS))
        elif dice < 11:
            self.crew.kill_writer()
            self._replace_writer()
        elif dice < 14:
            self.crew.end_writer()
            self._replace_writer()
        elif dice < 15:
            self.crew.remove_file()  # its writer, if there is one, does not know
        elif dice < 25:
            self.crew.stop(self.crew.readers[self._numbers.randrange(len(ROLES))], self._some_ns())
        elif dice < 27 and self.crew.writer:
            self.crew.stop(self.crew.writer, self._some_ns())

    def _some_ns(self):
        """Some stops are longer than a writer waits."""
        return self._numbers.randrange(400 if self._numbers.randrange(4) == 0 else 50) * MS

    def _replace_writer(self):
        """At once, or after a time in which its readers notice that it is gone."""
        if self._numbers.randrange(5) == 0:
            self.crew.remove_file()
        pause = self._numbers.randrange(300) if self._numbers.randrange(3) == 0 else 0
        self._writer_due_ns = now_ns() + pause * MS

    def _calm(self):
        """Everybody runs and delivers what a new writer publishes into a new file."""
        self.crew.continue_who_is_due(FOREVER_NS)
        self.crew.kill_writer()
        self.crew.remove_file()
        tag = self._next_tag()
        self._start_writer(calm_session(tag))
        since = time.monotonic()
        for place in range(len(ROLES)):
            while not self._delivers(place, tag) and not self.problems():
                self.crew.expect_all_alive()
                if time.monotonic() - since > HUNG_SECONDS:
                    self._board.report(WRITER_ROW, f"{self.crew.readers[place].name} hangs")
                time.sleep(0.001)

    def _delivers(self, place, tag):
        row = self._board.row(place)
        return row[b.SESSION_TAG] == tag and row[b.FRAMES_OF_SESSION] >= CALM_FRAMES

    def _measure(self):
        readers = self.crew.readers
        return {place: readers[place].footprint() for place in readers if ROLES[place].survives}

    def _judge_growth(self):
        for place, first in self.first.items():
            last = self.last[place]
            if any(b > a + more for a, b, more in zip(first, last, ALLOWANCE)):
                self._board.report(WRITER_ROW, f"reader {place} has grown: {first} to {last}")

    def _finish(self):
        """All end by themselves, the writer last, and leave one file without a lock."""
        self.crew.continue_who_is_due(FOREVER_NS)
        self._board.words[b.STOP] = 1
        for reader in self.crew.readers.values():
            self.crew.expect_success(reader)
        self.crew.end_writer()  # of a calm session, which keeps its file
        held = {family: locks.locks_in(self.crew.path, family) for family in range(4)}
        if any(held.values()):
            self._board.report(WRITER_ROW, f"locks were left behind: {held}")
        self.crew.remove_file()
        left = set(os.listdir(os.path.dirname(self.crew.path))) - {"board"}
        if left:
            self._board.report(WRITER_ROW, f"files were left behind: {left}")


def print_figures(storm, board):
    crew = storm.crew
    counts = ", ".join(f"{count} {what}" for what, count in crew.counts.items())
    print(f"storm: {storm.squalls} squalls; {counts}")
    sessions = ", ".join(
        f"{count} {delivery} in {language}"
        for (language, delivery), count in sorted(crew.sessions.items())
    )
    row = board.row(WRITER_ROW)
    print(f"writers: sessions: {sessions};\n         {row[b.PUBLISHED]} frames published, "
          f"{row[b.DROPPED]} dropped, {row[b.ABORTED]} aborted, {row[b.GROWTHS]} growths")
    for language, in_python in (("Python", True), ("C++", False)):
        places = [board.row(place) for place, role in enumerate(ROLES) if role.in_python == in_python]

        def total(word, rows=places):
            return sum(row[word] for row in rows)

        print(f"readers in {language}: {total(b.DELIVERED)} delivered, {total(b.SKIPPED)} skipped, "
              f"{total(b.LEASED)} leased, {total(b.CHECKED_AGAIN)} checked again under the lease, "
              f"{total(b.COPIED)} copied;\n         {total(b.GAPS)} gaps with {total(b.MISSED)} "
              "frames in lossless sessions")
    longest = max(board.row(place)[b.LONGEST_RECOVERY_NS] for place in range(len(ROLES)))
    print(f"recovery: at most {longest / 1e6:.1f} ms until a survivor met the next session")
    for place, first in (storm.first or {}).items():
        last = storm.last[place]
        print(f"survivor {place}, {ROLES[place].name:20} {first.own_kib} -> {last.own_kib} KiB, "
              f"{first.descriptors} -> {last.descriptors} descriptors, {first.mappings} -> "
              f"{last.mappings} mappings")
    print(f"problems: {storm.problems()}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.seconds:g} s", flush=True)
    gc.freeze()  # children share what is there by now
    numbers = random.Random(options.seed)
    with memory_folder() as folder:
        board = Board(os.path.join(folder, "board"))
        path = os.path.join(folder, "camera")
        with Crew(path, os.environ["STORM_PEER"], board, numbers) as crew:
            storm = Storm(crew, board, numbers)
            storm.run(options.seconds)
            print_figures(storm, board)
        return 1 if storm.problems() else 0


if __name__ == "__main__":
    sys.exit(main())
