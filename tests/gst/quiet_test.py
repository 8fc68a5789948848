#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pipelines as in the README say nothing on stderr with GST_DEBUG=*:WARN, and the latency tracer sees
mmapsrc."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

LIMIT_S = 120
COMPLAINT = re.compile(r" (?:WARN|ERROR) |WARNING|CRITICAL|ERROR")
WRITERS = {
    "a camera": "videotestsrc is-live=true ! videoconvert ! mmapsink location={path}",
    "a file": "videotestsrc ! video/x-raw,framerate=100/1 ! videoconvert ! "
              "mmapsink location={path} delivery=every-frame",
    "tags": "videotestsrc is-live=true ! taginject tags=title=here ! timecodestamper ! "
            "mmapsink location={path}",
}
READERS = {
    "a window": "mmapsrc location={path} ! videoconvert ! fakesink sync=true num-buffers=20",
    "a queue": "mmapsrc location={path} ! queue ! videoconvert ! videoscale ! "
               "video/x-raw,width=100,height=80 ! fakesink sync=true num-buffers=20",
    "two at once": "mmapsrc location={path} num-buffers=20 ! tee name=t t. ! queue ! fakesink "
                   "t. ! queue ! fakesink",
    "every frame": "mmapsrc location={path} delivery=every-frame num-buffers=20 ! fakesink",
}


def environment(**more):
    runtime = os.environ.get("SANITIZER_RUNTIME")
    preload = {"LD_PRELOAD": runtime, "ASAN_OPTIONS": "detect_leaks=0"} if runtime else {}
    return dict(os.environ, GST_DEBUG_NO_COLOR="1", **preload, **more)


def launch(description, **more):
    return subprocess.Popen(["gst-launch-1.0", "-q", *description.split()], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=environment(**more))


def finish(process):
    """What it wrote to stderr; stops it first if it has no end of its own."""
    try:
        return process.communicate(timeout=LIMIT_S)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[1] + "\nit did not end: CRITICAL"


def stop(process):
    process.send_signal(signal.SIGINT)
    return finish(process)


def wait_for(path):
    until = time.monotonic() + LIMIT_S
    while not os.path.exists(path) and time.monotonic() < until:
        time.sleep(0.02)


def installed(element):
    return subprocess.run(["gst-inspect-1.0", "--exists", "--atleast-version=0.0", element], env=environment(),
                          check=False, capture_output=True).returncode == 0


def elements_of(description):
    return [re.split(r"[\s,]", part.strip())[0] for part in description.split(" ! ")]


def complaints(text):
    return [line for line in text.splitlines() if COMPLAINT.search(line)]


def pairs():
    """Each writer and each reader at least once."""
    writers, readers = list(WRITERS.items()), list(READERS.items())
    yield from ((writer, readers[0]) for writer in writers)
    yield from ((writers[0], reader) for reader in readers[1:])


def quiet_problems(folder):
    for (writer_name, writer), (reader_name, reader) in pairs():
        names = [n for n in elements_of(writer) if n.isalpha()]
        missing = [name for name in names if not installed(name)]
        if missing:
            yield f"{writer_name}: not installed: {', '.join(missing)}"
            continue
        path = os.path.join(folder, "camera")
        sending = launch(writer.format(path=path), GST_DEBUG="*:WARN")
        wait_for(path)
        reading = launch(reader.format(path=path), GST_DEBUG="*:WARN")
        said = complaints(finish(reading)) + complaints(stop(sending))
        if reading.returncode != 0 or sending.returncode != 0:
            said.append(f"exit statuses {sending.returncode} and {reading.returncode}")
        for line in said:
            yield f"{writer_name} to {reader_name}: {line}"


def latency_tracer_works():
    """That of GStreamer 1.26.2 stops every pipeline, whatever its elements are."""
    try:
        return subprocess.run("gst-launch-1.0 -q videotestsrc num-buffers=2 ! fakesink".split(),
                              env=environment(GST_TRACERS="latency"), check=False,
                              timeout=LIMIT_S / 4).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def latency_problems(folder):
    """The tracer's time of a frame from mmapsrc to the sink is that of the pipeline in between."""
    if not latency_tracer_works():
        print("the latency tracer of this GStreamer stops its own pipelines: it is not asked")
        return
    path = os.path.join(folder, "traced")
    sending = launch(f"videotestsrc is-live=true ! mmapsink location={path}")
    wait_for(path)
    reading = launch(f"mmapsrc location={path} num-buffers=20 ! identity sleep-time=5000 ! "
                     "fakesink sync=true", GST_TRACERS="latency(flags=pipeline)",
                     GST_DEBUG="GST_TRACER:7")
    traced = finish(reading)
    stop(sending)
    times = [int(n) for n in re.findall(r"src-element=\(string\)mmapsrc.*time=\(guint64\)(\d+)",
                                        traced)]
    if len(times) < 10:
        yield f"the tracer saw {len(times)} of 20 frames of mmapsrc"
    elif min(times) < 5_000_000:
        yield f"{min(times)} ns cannot be: identity holds each frame for 5 ms"
    elif sorted(times)[len(times) // 2] > 10_000_000_000:
        yield "a frame does not take ten seconds from mmapsrc to the sink"


def main():
    if shutil.which("gst-launch-1.0") is None:
        print("gst-launch-1.0 is not installed: skipped")
        return 77
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        problems = [*quiet_problems(folder), *latency_problems(folder)]
    print("\n".join(problems) or "nothing was said")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
