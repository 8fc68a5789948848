#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the single test cases of a run of `meson test`, and says which failed.

Usage: count_tests.py LOG_FOLDER STATUS, the folder with Meson's logs and its exit status. Prints
"failed: " and a name for each that failed, with the end of what it said indented below, and last a
line like "123 passed, 0 failed"; exit status 1 if one failed or none passed.

Every program that Meson ran is a line of the JSON log; its single cases, where it has any, are in
the JUnit log. A program that failed without a failing case (crash, time limit) counts as one.
"""
import glob, json, sys
import xml.etree.ElementTree as xml

LINES_OF_A_FAILURE = 40


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") == "notrun":
        return "skipped"
    return "passed"


def cases_by_program(folder):
    """Lists of (case, outcome, what it said) by the name of suite or program."""
    cases = {}
    for path in glob.glob(f"{folder}/*log*.junit.xml"):
        for suite in xml.parse(path).iter("testsuite"):
            name = suite.get("name").partition(".")[2]
            for case in suite.findall("testcase"):
                problems = [*case.findall("failure"), *case.findall("error")]
                said = "\n".join(p.text or p.get("message") or "" for p in problems)
                cases.setdefault(name, []).append((case.get("name"), outcome(case), said))
    return cases


def tell_failure(name, said):
    print(f"failed: {name}")
    for line in said.strip().splitlines()[-LINES_OF_A_FAILURE:]:
        print(f"    {line}")


folder, status = sys.argv[1], int(sys.argv[2])
suites = cases_by_program(folder)
total = {"passed": 0, "failed": 0, "skipped": 0}
for path in glob.glob(f"{folder}/*log*.json"):
    for line in open(path, encoding="utf-8"):
        program = json.loads(line)
        name, result = program["name"], program["result"]
        cases = [
            case
            for suite, found in suites.items()
            if suite == name or suite.startswith(name + ".")
            for case in found
        ]
        ended_well = result in ("OK", "EXPECTEDFAIL", "SKIP")
        if not cases and ended_well:
            cases = [(name, "skipped" if result == "SKIP" else "passed", "")]
        if not ended_well and not any(how == "failed" for _, how, _ in cases):
            said = program.get("stdout", "") + program.get("stderr", "")
            cases.append((result, "failed", said))
        for case, how, said in cases:
            total[how] += 1
            if how == "failed":
                tell_failure(f"{name}: {case}", said)

passed, failed, skipped = total.values()
if status and not failed and passed:
    failed = 1
print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
sys.exit(0 if passed and not failed and not status else 1)
