#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shared library exports the functions of its header and nothing else, under a version.

Usage: exports_test.py LIBRARY HEADER
"""
import re
import subprocess
import sys


def declared(header):
    with open(header, encoding="utf-8") as file:
        text = file.read()
    return set(re.findall(r"^MMAPVIDEO_API[^;(]*?\b(mmapvideo_\w+)\s*\(", text, re.MULTILINE))


def exported(library):
    lines = subprocess.run(
        ["nm", "--dynamic", "--defined-only", "--with-symbol-versions", library],
        check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split()[2] for line in lines if line.split()[1] != "A"}


def main():
    library, header = sys.argv[1:]
    wanted = {f"{name}@@MMAPVIDEO_0" for name in declared(header)}
    found = exported(library)
    for name in sorted(wanted - found):
        print(f"declared, but not exported: {name}")
    for name in sorted(found - wanted):
        print(f"exported, but not declared: {name}")
    if not wanted:
        print("no declarations were found")
    return wanted != found or not wanted


if __name__ == "__main__":
    sys.exit(main())
