#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Runs a program under valgrind's memcheck. Fails when an error or a definite leak has a frame in
# one of our libraries; what GStreamer does among itself is its own business.
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

OURS = ("libgstmmap", "libmmapvideo")
REPORTED = ("Leak_DefinitelyLost", "Leak_IndirectlyLost")


def is_ours(error):
    objects = (os.path.basename(frame.findtext("obj", "")) for frame in error.iter("frame"))
    return any(name.startswith(OURS) for name in objects)


def describe(error):
    what = error.findtext("what") or error.findtext("xwhat/text")
    frames = (f"    {frame.findtext('fn', '?')} ({os.path.basename(frame.findtext('obj', ''))})"
              for frame in error.iter("frame"))
    return "\n".join([what, *frames])


def main(program, suppressions):
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: skipped")
        return 77
    root = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="mmapvideo-test-", dir=root) as directory:
        report = os.path.join(directory, "report.xml")
        run = subprocess.run(
            ["valgrind", "--leak-check=full", "--num-callers=40", "--xml=yes",
             f"--xml-file={report}", f"--suppressions={suppressions}", program, directory],
            env={**os.environ, "G_SLICE": "always-malloc", "ORC_CODE": "backup"}, check=False)
        errors = list(xml.parse(report).iter("error"))
    ours = [e for e in errors if is_ours(e) and
            (not e.findtext("kind").startswith("Leak") or e.findtext("kind") in REPORTED)]
    for error in ours:
        print(describe(error))
    print(f"{len(errors)} findings, {len(ours)} of them ours; the program ended with {run.returncode}")
    return 1 if ours or run.returncode else 0


sys.exit(main(*sys.argv[1:]))
