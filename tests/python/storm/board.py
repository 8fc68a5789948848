# SPDX-License-Identifier: MIT
"""What the processes of the storm know of each other: words in a file that all of them map.

storm_peer.cpp has the same numbers. Every word is written by one process at a time, and outlives
those that are killed.
"""
import mmap
import os
import sys
import time
import traceback

STOP, WRITER_COMMAND, WRITER_IS_READY, WRITER_RUNNING_SINCE_NS = range(4)
GO_ON, END = range(2)  # commands to the writer

# A row for each reader, and behind them one for the writers.
FIRST_ROW, ROW_WORDS = 8, 16
RUNNING_SINCE_NS, SESSION_TAG, FRAMES_OF_SESSION, PROBLEMS = range(4)
DELIVERED, SKIPPED, LEASED, CHECKED_AGAIN, COPIED, GAPS, MISSED, LONGEST_RECOVERY_NS = range(4, 12)
PUBLISHED, DROPPED, ABORTED, GROWTHS = range(4, 8)

# A row for each session that began, by its tag.
FIRST_SESSION, SESSION_WORDS, SESSIONS = 1024, 4, 4096
TAG, FIRST_PUBLISH_NS, SESSION_GROWTHS = range(3)

WORDS = FIRST_SESSION + SESSIONS * SESSION_WORDS


def now_ns():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class Board:
    def __init__(self, path):
        """Made where it is not there."""
        self.path = path
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(fd, WORDS * 8)
        self.words = memoryview(mmap.mmap(fd, WORDS * 8)).cast("Q")
        os.close(fd)

    def row(self, index):
        start = FIRST_ROW + index * ROW_WORDS
        return self.words[start : start + ROW_WORDS]

    def session(self, tag):
        start = FIRST_SESSION + tag % SESSIONS * SESSION_WORDS
        return self.words[start : start + SESSION_WORDS]

    def report(self, row, what):
        """A problem: told, counted, and the storm ends."""
        self.row(row)[PROBLEMS] += 1
        print(f"FAILURE in process {os.getpid()}: {what}", file=sys.stderr, flush=True)

    def report_exception(self, row):
        self.report(row, traceback.format_exc())

    def problems(self, rows):
        return sum(self.row(row)[PROBLEMS] for row in range(rows))
