#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# gst-inspect-1.0 shows each documented property of both elements, with its type and a blurb.
#
# Usage: inspect_test.py GST-INSPECT
import os
import re
import subprocess
import sys

PROPERTIES = {
    "mmapsink": {"location": "String", "slots": "Unsigned Integer", "delivery": "Enum",
                 "wait-for-readers": "Unsigned Integer", "wait-timeout": "Integer64",
                 "perms": "Unsigned Integer", "keep-file": "Boolean", "stats": "Boxed pointer"},
    "mmapsrc": {"location": "String", "delivery": "Enum", "io-mode": "Enum",
                "max-leases": "Unsigned Integer", "on-disconnect": "Enum", "timeout": "Integer64",
                "stats": "Boxed pointer"},
}
VALUES = {
    "mmapsink": ["latest", "every-frame", "acknowledged"],
    "mmapsrc": ["latest", "every-frame", "auto", "zero-copy", "copy", "wait", "eos", "error"],
}


def environment():
    """gst-inspect-1.0 is not instrumented: a sanitizer's runtime has to be preloaded."""
    runtime = os.environ.get("SANITIZER_RUNTIME")
    if runtime is None:
        return None
    return dict(os.environ, LD_PRELOAD=runtime, ASAN_OPTIONS="detect_leaks=0")


def inspect(*arguments):
    run = subprocess.run([sys.argv[1], *arguments], capture_output=True, text=True,
                         timeout=100, env=environment())
    return run.returncode, run.stdout


def problems_of(element):
    status, text = inspect("--no-colors", element)
    if status != 0:
        yield f"{element} is not found"
        return
    for name, kind in PROPERTIES[element].items():
        found = re.search(rf"^  {name} +: (\S.*)\n((?:^ {{8,}}.*\n)+)", text, re.MULTILINE)
        if not found:
            yield f"{element} does not show a blurb of {name}"
        elif kind not in found.group(2):
            yield f"{element}: {name} is no {kind}: {found.group(2)}"
        elif len(found.group(1)) < 15:
            yield f"{element}: the blurb of {name} says nothing: {found.group(1)}"
    for value in VALUES[element]:
        if not re.search(rf"^ +\(\d+\): {value} +- \S", text, re.MULTILINE):
            yield f"{element} does not explain the value {value}"
    if not re.search(r"Supported URI protocols:\n +mmap\n", text):
        yield f"{element} does not tell that it handles mmap:"
    if not re.search(r"Klass +(Sink|Source)/Video", text):
        yield f"{element} is not filed under video"
    for format_name in ("I420", "NV12", "RGBA", "GRAY16_LE"):
        if format_name not in text:
            yield f"{element} does not list {format_name}"


def main():
    problems = [problem for element in PROPERTIES for problem in problems_of(element)]
    status, text = inspect("mmap")
    if status != 0 or not re.search(r"License +MIT", text):
        problems.append("the plugin does not name its license")
    print("\n".join(problems) or "all properties are shown")
    return 1 if problems else 0


sys.exit(main())
