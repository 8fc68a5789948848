#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a Python program does without a library: a mapped file, a counter, and a loop that looks.

python_mmap.py ROLE TASK, started by transport-bench with a role `python-writer` or `python-reader`.
The writer copies each frame into the file between two steps of a counter, odd while it writes. The
reader looks at the counter without a pause, copies the frame, and looks again: changed, and the copy
is thrown away. Both say what they found in the words of bench_process.hpp.
"""
import json
import mmap
import resource
import sys
import time

import numpy

PAGE_BYTES = 4096
COUNTER, ENDED = 0, 1  # words of the first page
FRAMES_AFTER = 8  # the readers' windows close later
PERCENTS = (1, 5, 10, 25, 50, 75, 90, 95, 99)


def say(line):
    print(line, flush=True)


def wait_to_be_told(word):
    """False: the parent closed its end."""
    return any(line.strip() == word for line in sys.stdin)


def used():
    """Microseconds of processor time and page faults of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1e6, usage.ru_minflt


class Window:
    """The part of a run that counts, as in bench_window.hpp."""

    def __init__(self, task):
        self.warmup_ns, self.length_ns = task["warmup_ns"], task["length_ns"]
        self.first_ns = self.opened_ns = self.last_ns = self.count = 0
        self.closed = False
        self.at_start = self.at_end = None

    def note(self, event_ns):
        """Does the event lie inside?"""
        if self.closed:
            return False
        if not self.first_ns:
            self.first_ns = event_ns
        if not self.opened_ns:
            if event_ns >= self.first_ns + self.warmup_ns:
                self.opened_ns = self.last_ns = event_ns
                self.at_start = used()
            return False
        self.count += 1
        self.last_ns = event_ns
        if event_ns >= self.opened_ns + self.length_ns:
            self.at_end = used()
            self.closed = True
        return True

    def figures(self):
        if not self.count:
            return {"frames": 0}
        end = self.at_end or used()
        return {
            "frames": self.count,
            "frames_per_s": self.count * 1e9 / (self.last_ns - self.opened_ns),
            "cpu_us": (end[0] - self.at_start[0]) / self.count,
            "faults": (end[1] - self.at_start[1]) / self.count,
        }


class Shared:
    """The file: a page of words, and one frame."""

    def __init__(self, path, frame_bytes, create):
        with open(path, "w+b" if create else "r+b") as file:
            if create:
                file.truncate(PAGE_BYTES + frame_bytes)
            mapped = mmap.mmap(file.fileno(), PAGE_BYTES + frame_bytes)
        self.words = memoryview(mapped)[:PAGE_BYTES].cast("Q")
        self.frame = numpy.frombuffer(mapped, numpy.uint8, frame_bytes, PAGE_BYTES)


def write(task):
    shared = Shared(task["path"], task["frame_bytes"], create=True)
    frame = numpy.ones(task["frame_bytes"], numpy.uint8)
    head = frame[:16].view(numpy.uint64)
    period_ns, filled, words = task["period_ns"], task["filled"], shared.words
    window = Window(task)
    say("ready")
    if not wait_to_be_told("go"):
        return
    next_ns, number, after = time.monotonic_ns(), 0, 0
    while after < FRAMES_AFTER:
        number += 1
        if period_ns:
            next_ns += period_ns
            time.sleep(max(0, next_ns - time.monotonic_ns()) / 1e9)
        if filled:
            frame.fill(1 + number % 255)
        stamp_ns = time.monotonic_ns()
        head[0], head[1] = number, stamp_ns
        window.note(stamp_ns)
        words[COUNTER] += 1
        shared.frame[:] = frame
        words[COUNTER] += 1
        after += window.closed
    words[ENDED] = 1
    say("result " + json.dumps(window.figures()))
    wait_to_be_told("stop")


def whole(frame, number, stamp_ns):
    """Is this what was filled and then got its head?"""
    words = frame[: frame.size // 8 * 8].view(numpy.uint64)
    filled = 0x0101010101010101 * (1 + number % 255) * (words.size - 2)
    return int(words.sum(dtype=numpy.uint64)) == (filled + number + stamp_ns) % 2**64


def frames_in(shared, own):
    """Each new frame, copied to `own`, until the writer ends."""
    words, last = shared.words, 0
    while not words[ENDED]:
        count = words[COUNTER]
        if count == last or count & 1:
            continue
        own[:] = shared.frame
        if words[COUNTER] == count:
            last = count
            yield


def read(task):
    shared = Shared(task["path"], task["frame_bytes"], create=False)
    own = numpy.ones(task["frame_bytes"], numpy.uint8)
    head, filled = own[:16].view(numpy.uint64), task["filled"]
    window, latencies_ns = Window(task), []
    last_number = skipped = damaged = 0
    say("ready")
    for _ in frames_in(shared, own):
        arrival_ns = time.monotonic_ns()
        number, stamp_ns = int(head[0]), int(head[1])
        if window.note(arrival_ns):
            skipped += number - last_number - 1
            latencies_ns.append(arrival_ns - stamp_ns)
        last_number = number
        if filled and not whole(own, number, stamp_ns):
            damaged += 1
    if not wait_to_be_told("stop"):
        return
    figures = window.figures()
    if not latencies_ns:
        say("error no frame arrived")
        return
    latencies_ns.sort()
    for percent in PERCENTS:
        at = int(percent / 100 * (len(latencies_ns) - 1))
        figures[f"latency_p{percent}_us"] = latencies_ns[at] / 1e3
    figures.update(latency_max_us=latencies_ns[-1] / 1e3, skipped=skipped, damaged=damaged)
    say("result " + json.dumps(figures))


if __name__ == "__main__":
    {"python-writer": write, "python-reader": read}[sys.argv[1]](json.loads(sys.argv[2]))
