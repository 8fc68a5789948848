# SPDX-License-Identifier: MIT
"""Python programs as processes: their lines are waited for as they come, and all of them end."""
import os
import signal
import subprocess
import sys
import threading
import time

from process import WATCHDOG_SECONDS


class Script:
    """`words` run by this Python. What it prints is in `lines`, stderr as well."""

    def __init__(self, *words, **options):
        self.words = [str(word) for word in words]
        self.lines = []
        self._came = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, *self.words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            **options,
        )
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.wait()

    def _read(self):
        for line in self.process.stdout:
            with self._came:
                self.lines.append(line.rstrip("\n"))
                self._came.notify_all()
        with self._came:
            self.lines.append(None)
            self._came.notify_all()

    def wait_for(self, start, after=0):
        """A line that begins so, at `after` or later; returns the number of the one behind it."""
        deadline = time.monotonic() + WATCHDOG_SECONDS - 10
        at = after
        with self._came:
            while True:
                while at < len(self.lines):
                    line, at = self.lines[at], at + 1
                    if line is None:
                        raise AssertionError(f'{self} ended without "{start}"')
                    if line.startswith(start):
                        return at
                if not self._came.wait(deadline - time.monotonic()):
                    raise AssertionError(f'{self} did not print "{start}"')

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Returns when it has really stopped."""
        self.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    def interrupt(self):
        """As Ctrl-C; returns the exit status. Python drops an interrupt that meets a finalizer, and
        users press it again."""
        while self.process.poll() is None:
            self.signal(signal.SIGINT)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                pass
        return self.wait()

    def wait(self):
        """The exit status, or minus the number of the signal that ended it."""
        status = self.process.wait(WATCHDOG_SECONDS - 10)
        self._thread.join()
        self.process.stdout.close()
        return status

    def __str__(self):
        return "\n".join([" ".join(self.words), *map(str, self.lines)])
