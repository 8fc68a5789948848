# SPDX-License-Identifier: MIT
"""Real processes for tests: forked ones that run a function, and the peers of the C++ library."""
import ctypes
import faulthandler
import os
import pickle
import signal
import subprocess
import sys
import traceback

PEER = os.environ.get("INTEROP_PEER", "")
FOREVER_MS = -1
WATCHDOG_SECONDS = 120
stderr = sys.stderr  # what pytest does not capture, once conftest.py knows it
_PR_SET_PDEATHSIG = 1


class Child:
    """Runs body(send, *arguments) in a forked process; its results come through a pipe.

    Always reaped, and never outlives the test.
    """

    def __init__(self, body, *arguments):
        self._name = f"the process of {body.__qualname__}()"
        reading, writing = os.pipe()
        parent = os.getpid()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            self._run(body, arguments, parent, writing)
        os.close(writing)
        self._results = os.fdopen(reading, "rb")
        self._status = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._status is None:
            self.signal(signal.SIGKILL)
            self.wait()
        self._results.close()

    @staticmethod
    def _run(body, arguments, parent, writing):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # Before the parent's watchdog, which ends this process as well: says where it hangs.
        faulthandler.register(signal.SIGALRM, file=stderr)
        signal.alarm(WATCHDOG_SECONDS - 5)
        status = 95
        try:
            if os.getppid() != parent:
                os._exit(96)
            out = os.fdopen(writing, "wb", buffering=0)
            body(lambda value: out.write(pickle.dumps(value)), *arguments)
            status = 0
        except KeyboardInterrupt:
            status = 130
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)

    def receive(self):
        """The next result."""
        try:
            return pickle.load(self._results)
        except EOFError:
            raise AssertionError(
                f"{self._name} ended with status {self.wait()} and sent nothing more; what it "
                "raised is on stderr"
            ) from None

    def signal(self, number):
        os.kill(self.pid, number)

    def stop(self):
        """Returns when it has really stopped."""
        self.signal(signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait()

    def wait(self):
        """The exit status, or minus the number of the signal that ended it."""
        if self._status is None:
            status = os.waitpid(self.pid, 0)[1]
            self._status = (
                os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
            )
        return self._status


class Peer:
    """A writer or reader of the C++ library, in interop_peer.cpp, asked line by line."""

    DELIVERIES = {"latest": 0, "every-frame": 1, "acknowledged": 2}

    def __init__(self, kind, path, delivery="latest", *arguments, program=(PEER,)):
        words = [*program, kind, path, self.DELIVERIES[delivery], *arguments]
        self._words = [str(word) for word in words]
        self.process = subprocess.Popen(
            self._words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.greeting = self.answer()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.process.stdin.close()
        self.process.stdout.close()

    def ask(self, *words):
        self.tell(*words)
        return self.answer()

    def tell(self, *words):
        print(*words, file=self.process.stdin, flush=True)

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(
                f"{' '.join(self._words)} ended with status {self.process.wait()} without an answer"
            )
        return line.rstrip("\n")

    def next(self, limit_ms=FOREVER_MS):
        """A frame as a dictionary, or the name of another outcome."""
        answer = self.ask("next", limit_ms)
        if not answer.startswith("frame "):
            return answer
        words, _, caps = answer.partition("|")
        names = (
            "number skipped format width height fps_n fps_d pts duration bytes state metadata "
            "colorimetry chroma_site planes"
        ).split()
        frame = dict(zip(names, words.split(" ")[1:]))
        return {**frame, "caps": caps}

    def kill(self):
        self.process.kill()
        return self.process.wait()


def writer_peer(path, delivery="latest", slots=0, wait_ms=1000):
    return Peer("writer", path, delivery, slots, wait_ms)


def reader_peer(path, delivery="latest", max_leases=2):
    return Peer("reader", path, delivery, max_leases)
