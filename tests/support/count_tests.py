#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the single test cases of a run of `meson test`.

Usage: count_tests.py LOG_FOLDER STATUS, the folder with Meson's logs and its exit status. Prints a
line like "123 passed, 0 failed"; exit status 1 if one failed or none passed.

Every program that Meson ran is a line of the JSON log; its single cases, where it has any, are in
the JUnit log. A program that failed without a failing case (crash, time limit) counts as one.
"""
import glob, json, sys
import xml.etree.ElementTree as xml

folder, status = sys.argv[1], int(sys.argv[2])
suites = []
for path in glob.glob(f"{folder}/*log*.junit.xml"):
    for suite in xml.parse(path).iter("testsuite"):
        name = suite.get("name").partition(".")[2]
        cases = suite.findall("testcase")
        failed = sum(c.find("failure") is not None or c.find("error") is not None for c in cases)
        skipped = sum(c.find("skipped") is not None or c.get("status") == "notrun" for c in cases)
        suites.append((name, len(cases) - failed - skipped, failed, skipped))

total = [0, 0, 0]
for path in glob.glob(f"{folder}/*log*.json"):
    for line in open(path, encoding="utf-8"):
        program = json.loads(line)
        name, result = program["name"], program["result"]
        good, skip = result in ("OK", "EXPECTEDFAIL"), result == "SKIP"
        found = [s[1:] for s in suites if s[0] == name or s[0].startswith(name + ".")]
        counts = [sum(c) for c in zip(*found)] or [int(good), int(not good and not skip), int(skip)]
        if not good and not skip and counts[1] == 0:
            counts[1] = 1
        total = [a + b for a, b in zip(total, counts)]

passed, failed, skipped = total
if status and not failed and passed:
    failed = 1
print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
sys.exit(0 if passed and not failed and not status else 1)
