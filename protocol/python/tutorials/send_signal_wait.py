#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Send a picture to another process and wait for its answer. The page is send_signal_wait.md.

    python3 send_signal_wait.py filter     # in one terminal: makes negatives of pictures
    python3 send_signal_wait.py ask        # in another: sends pictures, looks at the negatives
"""
import argparse
import os
import sys
import time

import numpy as np

import mmapvideo


class Asker:
    """Sends pictures through one file, and takes the answers out of another."""

    def __init__(self, path, limit):
        self.limit = limit
        self.requests = mmapvideo.Writer(
            path + ".requests", "GRAY8", 640, 480, delivery="acknowledged", wait_timeout=limit
        )
        self.answers = mmapvideo.Reader(path + ".answers", "every-frame", on_disconnect="error")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answers.close()
        self.requests.close()

    def ask(self, picture):
        """The answer. Raises TimeoutError, or WriterLost if the filter died or ended."""
        end = time.monotonic() + self.limit
        question = os.urandom(8)
        self.requests.write(picture, metadata=question)  # send, signal, wait
        while True:
            answer = self.answers.read(timeout=max(end - time.monotonic(), 0))
            if answer is None:
                raise TimeoutError(f"no answer within {self.limit:g} s")
            if answer.metadata == question:
                return answer
            print("an answer to an earlier question came too late")


def ask(options):
    trips_us, told, problem = [], time.monotonic(), None
    with Asker(options.path, options.limit) as asker:
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            picture = np.random.randint(0, 256, (480, 640), np.uint8)
            began = time.monotonic()
            try:
                answer = asker.ask(picture)
            except (TimeoutError, mmapvideo.WriterLost) as failure:
                if str(failure) != problem:
                    problem = str(failure)
                    print(problem)
                continue
            if problem is not None:
                problem = None
                print("answers again")
            trips_us.append((time.monotonic() - began) * 1e6)
            if not np.array_equal(answer.array, 255 - picture):
                raise AssertionError("not the negative of this picture")
            if time.monotonic() - told >= 1:
                print(f"{len(trips_us)} answers, {np.median(trips_us):.0f} us there and back")
                trips_us, told = [], time.monotonic()


def make_negatives(options):
    with mmapvideo.Reader(
        options.path + ".requests", "every-frame", on_disconnect="wait"
    ) as requests, mmapvideo.Writer(
        options.path + ".answers", "GRAY8", 640, 480, delivery="every-frame"
    ) as answers:
        told = ""
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            # To ask for the next request is to say that the former one is finished.
            request = requests.read(timeout=1)
            if request is not None:
                with answers.frame(metadata=request.metadata) as negative:
                    np.subtract(255, request.array, out=negative)
                news = "requests come in"
            elif requests.attached and requests.writer_alive:
                news = "the asker is silent"
            else:
                news = "nobody asks"
            if news != told:
                told = news
                print(news)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("role", choices=["ask", "filter"])
    parser.add_argument("path", nargs="?", default="/dev/shm/negatives")
    parser.add_argument("--limit", type=float, default=0.5, help="seconds for one answer")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after so many")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # also into pipes and files
    try:
        ask(options) if options.role == "ask" else make_negatives(options)
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:  # nobody wants to hear more, as behind "| head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except mmapvideo.Error as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
