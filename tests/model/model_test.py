#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The steps of SPEC.md are in the right order, and a wrong order would be found.

model_test.py C-COMPILER [PART OF A TITLE]

Spin makes a checker of each model and its sizes, and the checker visits every state. A case of CHECKS passes if the
search was complete, found no error, and saw happen what it is about. A case of MISTAKES puts a mistake into the model
and passes if the rule that the mistake breaks is found broken.
"""
import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))
MEMORY_MIB = 3000
SECONDS = 900


@dataclasses.dataclass
class Case:
    title: str
    model: str
    sizes: str
    happens: tuple = ()     # in a check: what the search has to see
    broken: str = ""        # in a mistake: part of the rule that has to be found broken

    @property
    def liveness(self):
        return "LIVENESS" in self.sizes.split()

    @property
    def defines(self):
        return ["-D" + size for size in self.sizes.split()]


CHECKS = [
    Case("a lossless reader that leases, four slots", "frames",
         "SLOTS=4 FRAMES=6 LEASING=1 TIME_LIMITS=2",
         ("frame leased", "frame copied", "lease found", "turn found", "time is up", "gap", "end told")),
    Case("a lossless reader that copies, passed over twice", "frames",
         "SLOTS=3 FRAMES=6 TIME_LIMITS=2 SPLIT=3",
         ("frame copied", "copy thrown away", "snapshot thrown away", "turn found", "time is up", "gap")),
    Case("a lossless reader that copies, one that leases the newest", "frames",
         "READERS=2 SLOTS=3 FRAMES=5 LOSSLESS=1 LEASING=2 NEWEST=2",
         ("frame leased", "frame copied", "lease found", "turn found", "snapshot thrown away", "end told")),
    Case("a lossless reader that leases, one that copies the newest", "frames",
         "READERS=2 SLOTS=3 FRAMES=4 LOSSLESS=1 LEASING=1 NEWEST=2 TIME_LIMITS=1",
         ("frame leased", "frame copied", "copy thrown away", "lease found", "turn found", "time is up",
          "frame dropped")),
    Case("two lossless readers", "frames",
         "READERS=2 SLOTS=2 FRAMES=3 LOSSLESS=3 LEASING=1 TIME_LIMITS=1",
         ("frame leased", "frame copied", "lease found", "turn found", "time is up", "gap")),
    Case("two lossless readers that acknowledge", "frames",
         "READERS=2 SLOTS=2 FRAMES=3 LOSSLESS=3 LEASING=1 TIME_LIMITS=1 DELIVERY=2",
         ("frame leased", "frame copied", "frame acknowledged", "time is up")),
    Case("no lossless reader: one leases the newest, one copies every frame", "frames",
         "READERS=2 SLOTS=3 FRAMES=5 LOSSLESS=0 LEASING=1 NEWEST=1 DELIVERY=0",
         ("frame leased", "frame copied", "copy thrown away", "snapshot thrown away", "lease found")),
    Case("a lossless reader that keeps a lease without a lock, passed over", "frames",
         "SLOTS=4 FRAMES=6 KEEPING=1 TURN_HOLDS=1 TIME_LIMITS=1",
         ("frame leased without a lock", "kept lease locked", "held frame found", "lease found", "turn found",
          "time is up", "frame copied", "gap")),
    Case("a turn that holds two frames", "frames",
         "SLOTS=4 FRAMES=6 KEEPING=1 TURN_HOLDS=2 TIME_LIMITS=1 SPLIT=3",
         ("frame leased without a lock", "kept lease locked", "held frame found", "time is up", "frame copied")),
    Case("two lossless readers, one keeps a lease without a lock", "frames",
         "READERS=2 SLOTS=2 FRAMES=3 LOSSLESS=3 KEEPING=1 TURN_HOLDS=1 TIME_LIMITS=1",
         ("frame leased without a lock", "kept lease locked", "time is up", "frame copied")),
    Case("a keeper of a lease or its writer dies", "frames",
         "WRITERS=2 KILLS=1 SLOTS=3 FRAMES=4 KEEPING=1 TURN_HOLDS=1",
         ("writer killed", "reader killed", "frame leased without a lock", "kept lease locked")),
    Case("processes die, a second writer takes over", "frames",
         "WRITERS=2 KILLS=1 SLOTS=3 FRAMES=4 LEASING=1",
         ("writer killed", "reader killed", "head repaired", "slot in writing voided", "claimed slot restored",
          "frame leased", "frame copied", "lease found", "turn found", "end told")),
    Case("two processes die", "frames",
         "WRITERS=2 KILLS=2 SLOTS=2 FRAMES=4",
         ("writer killed", "reader killed", "head repaired", "slot in writing voided", "claimed slot restored",
          "frame copied", "turn found")),

    Case("all get on beside a lossless reader that is stopped", "frames",
         "LIVENESS HALTS=1 READERS=2 SLOTS=2 FRAMES=3 LOSSLESS=3 WAIT_FOR_READERS",
         ("reader halted", "time is up", "turn found", "frame copied")),
    Case("all get on beside a lease whose reader is stopped", "frames",
         "LIVENESS HALTS=1 READERS=2 SLOTS=2 FRAMES=3 LOSSLESS=2 LEASING=1 NEWEST=1",
         ("reader halted", "time is up", "frame dropped", "lease found", "frame leased", "frame copied")),
    Case("all get on with a lossless reader that leases, stopped or not", "frames",
         "LIVENESS HALTS=1 SLOTS=3 FRAMES=5 LEASING=1",
         ("reader halted", "time is up", "lease found", "turn found", "frame leased", "frame copied")),
    Case("all get on beside a lease without a lock whose reader is stopped", "frames",
         "LIVENESS HALTS=1 SLOTS=4 FRAMES=5 KEEPING=1 TURN_HOLDS=1",
         ("reader halted", "time is up", "frame leased without a lock", "held frame found", "frame copied")),
    Case("all get on with acknowledgements", "frames",
         "LIVENESS HALTS=1 SLOTS=3 FRAMES=5 LEASING=1 DELIVERY=2",
         ("reader halted", "time is up", "frame acknowledged", "frame leased")),
    Case("all get on when a process dies", "frames",
         "LIVENESS KILLS=1 WRITERS=2 SLOTS=2 FRAMES=3",
         ("writer killed", "reader killed", "frame copied", "turn found")),

    Case("growth with a lossless reader", "growth",
         "GENERATIONS=4 FRAMES=5",
         ("growth", "slot given back", "slot not given back", "frame copied from a former ring")),
    Case("growth with a reader that leases the newest", "growth",
         "GENERATIONS=3 FRAMES=6 LOSSLESS=0 LEASING=1 NEWEST=1",
         ("growth", "slot given back", "slot not given back", "frame leased in a former ring")),
    Case("growth with a reader that copies every frame", "growth",
         "GENERATIONS=3 FRAMES=6 LOSSLESS=0",
         ("growth", "slot given back", "frame copied from a former ring")),
    Case("growth with a lossless reader and one that leases the newest", "growth",
         "READERS=2 GENERATIONS=2 FRAMES=3 LOSSLESS=1 LEASING=2 NEWEST=2",
         ("growth", "slot given back", "slot not given back", "frame copied from a former ring",
          "frame leased in a former ring")),
    Case("growth, and the writer dies", "growth",
         "WRITERS=2 KILLS=1 GENERATIONS=2 FRAMES=3",
         ("writer killed", "growth", "slot given back", "slot not given back", "head repaired")),
]

# Parts of the rules, as the checker writes them.
LEASED_SLOT_CHANGED = "(trusted[slot]==0)"
TORN = "(copy0==position[r])&&(copy1==position[r])"
MISSED = "lost[r]"
MISSED_IN_GROWTH = "began"
NUMBER_GIVEN_TWICE = "completed&(1<<number)"
TWO_WRITERS = "(owner==(me+1))"
TORN_DESCRIPTOR = "(copy1==generation)"
STUCK = "acceptance cycle"

MISTAKES = [
    Case("a slot is asked about before it is claimed", "frames",
         "WRONG_ASK_BEFORE_CLAIM LOSSLESS=0 LEASING=1 NEWEST=1", broken=LEASED_SLOT_CHANGED),
    Case("the stamp is looked at before the lease is locked", "frames",
         "WRONG_LOOK_BEFORE_LOCK LOSSLESS=0 LEASING=1 NEWEST=1", broken=LEASED_SLOT_CHANGED),
    Case("no second look at the stamp after copying", "frames",
         "WRONG_NO_SECOND_LOOK LOSSLESS=0 NEWEST=1", broken=TORN),
    Case("the slot is not marked as being written", "frames",
         "WRONG_NO_WRITING_STAMP LOSSLESS=0 NEWEST=1", broken=TORN),
    Case("the head is published before the stamp is complete", "frames",
         "WRONG_HEAD_BEFORE_STAMP", broken=MISSED),
    Case("turns are not asked for", "frames",
         "WRONG_NO_TURNS_ASKED", broken=MISSED),
    Case("the newer numbers are asked for first", "frames",
         "WRONG_NEWER_TURNS_FIRST", broken=MISSED),
    Case("a turn is unlocked before the next one is locked", "frames",
         "WRONG_UNLOCK_BEFORE_LOCK", broken=MISSED),
    Case("the first frame is chosen before the turn is locked", "frames",
         "WRONG_CHOOSE_BEFORE_JOIN", broken=MISSED),
    Case("a claimed slot is taken for one that is gone", "frames",
         "WRONG_CLAIMED_IS_GONE", broken=MISSED),
    Case("a copy is thrown away because its slot was claimed", "frames",
         "WRONG_CLAIM_IS_A_CHANGE", broken=MISSED),
    Case("a lossless reader takes the middle of what is there", "frames",
         "WRONG_MIDDLE READERS=2 SLOTS=2 LEASING=2 NEWEST=2 TIME_LIMITS=1", broken=MISSED),
    Case("all turns of a reader that was passed over are ignored", "frames",
         "WRONG_LANE_PASSED_OVER TIME_LIMITS=1", broken=MISSED),
    Case("a turn that was passed over holds nothing", "frames",
         "WRONG_PASSED_OVER_HOLDS_NOTHING SLOTS=4 KEEPING=1 TURN_HOLDS=1 TIME_LIMITS=1", broken=LEASED_SLOT_CHANGED),
    Case("a turn leaves a lease that has no lock", "frames",
         "WRONG_TURN_LEAVES_LEASE SLOTS=4 KEEPING=1 TURN_HOLDS=1", broken=LEASED_SLOT_CHANGED),
    Case("leases are asked for before turns", "frames",
         "WRONG_LEASES_ASKED_FIRST SLOTS=4 KEEPING=1 TURN_HOLDS=1", broken=LEASED_SLOT_CHANGED),
    Case("turns that were passed over are asked for after the others", "frames",
         "WRONG_HELD_ASKED_LAST SLOTS=4 FRAMES=6 KEEPING=1 TURN_HOLDS=2 TIME_LIMITS=1", broken=LEASED_SLOT_CHANGED),
    Case("the state is loaded after the head", "frames",
         "WRONG_END_LOADED_LATE", broken=MISSED),
    Case("a restart voids a claimed slot", "frames",
         "WRONG_CLAIMED_IS_VOIDED WRITERS=2 KILLS=1", broken=MISSED),
    Case("a restart leaves a complete slot above the head", "frames",
         "WRONG_HEAD_NOT_REPAIRED WRITERS=2 KILLS=1", broken=NUMBER_GIVEN_TWICE),
    Case("the WRITER lock is not taken", "frames",
         "WRONG_NO_WRITER_LOCK WRITERS=2", broken=TWO_WRITERS),

    Case("a reader sleeps with an old turn", "frames",
         "LIVENESS WRONG_SLEEP_WITH_OLD_TURN", broken=STUCK),
    Case("a wait has no limit", "frames",
         "LIVENESS WRONG_NO_TIME_LIMIT HALTS=1", broken=STUCK),
    Case("readers are woken before the head is published", "frames",
         "LIVENESS WRONG_WAKE_BEFORE_HEAD", broken=STUCK),
    Case("`published` is loaded after the look", "frames",
         "LIVENESS WRONG_PUBLISHED_LOADED_LATE", broken=STUCK),

    Case("growth does not wait for lossless readers", "growth",
         "GENERATIONS=4 WRONG_GROWS_UNASKED", broken=MISSED_IN_GROWTH),
    Case("a reader goes from its ring to the newest", "growth",
         "WRONG_NEWEST_RING_NEXT", broken=MISSED_IN_GROWTH),
    Case("a reader goes from its ring to the next or the newest", "growth",
         "GENERATIONS=4 WRONG_NEXT_RING_OR_NEWEST", broken=MISSED_IN_GROWTH),
    Case("a reader that finds the older ring gone looks for the newest", "growth",
         "GENERATIONS=4 WRONG_RING_GONE_NEWEST_NEXT", broken=MISSED_IN_GROWTH),
    Case("a reader joins in a ring that is left behind", "growth",
         "GENERATIONS=4 WRONG_JOINS_IN_FORMER_RING", broken=MISSED_IN_GROWTH),
    Case("a ring is left before it was read to its end", "growth",
         "WRONG_NEW_RING_FIRST", broken=MISSED_IN_GROWTH),
    Case("slots with turns are given back", "growth",
         "WRONG_GIVEN_BACK_UNASKED", broken=MISSED_IN_GROWTH),
    Case("leased slots are given back", "growth",
         "WRONG_GIVEN_BACK_UNASKED LOSSLESS=0 LEASING=1", broken=LEASED_SLOT_CHANGED),
    Case("a slot is given back before its stamp is voided", "growth",
         "WRONG_GIVEN_BACK_BEFORE_VOIDED LOSSLESS=0", broken=TORN),
    Case("a descriptor keeps its generation while it is rewritten", "growth",
         "WRONG_DESCRIPTOR_NOT_VOIDED", broken=TORN_DESCRIPTOR),
    Case("the generation is not loaded again after the descriptor", "growth",
         "WRONG_GENERATION_LOADED_ONCE", broken=TORN_DESCRIPTOR),
]


def run(command, folder):
    """What the command prints; an error if it fails."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def search(case, compiler, folder):
    """What the checker of a case prints."""
    for name in ("common.pml", f"{case.model}.pml"):
        shutil.copy(f"{FOLDER}/{name}", folder)
    run(["spin", *case.defines, "-a", f"{case.model}.pml"], folder)
    # Processes are killed by Spin's `unless`, which forbids partial order reduction.
    options = ["-O2", "-w", "-DNOREDUCE", f"-DMEMLIM={MEMORY_MIB}"]
    options += ["-DNFAIR=3"] if case.liveness else ["-DSAFETY"]
    run([*compiler, *options, "-o", "pan", "pan.c"], folder)
    return run(["./pan", *(["-a", "-f"] if case.liveness else [])], folder)


def problems_of_check(case, output):
    if not re.search(r"errors: 0$", output, re.MULTILINE):
        yield "there is an error"
    for sign in ("Search not completed", "max search depth too small", "MEMLIM bound"):
        if sign in output:
            yield f"the search is not complete: {sign}"
    if "Full statespace search" not in output.replace("\t", " "):
        yield "this was no search of all states"
    seen = set(re.findall(r"^happened: (.*)$", output, re.MULTILINE))
    for what in case.happens:
        if what not in seen:
            yield f"it never happened: {what}"


def problems_of_mistake(case, output):
    found = re.search(r"^pan:\d+: (.*)$", output, re.MULTILINE)
    if not found:
        yield "the mistake is not found"
    elif case.broken.replace(" ", "") not in found.group(1).replace(" ", ""):
        yield f"another rule is broken: {found.group(1)}"


def trail(case, folder):
    """The end of the way to the error, if there is one."""
    if not os.path.exists(f"{folder}/{case.model}.pml.trail"):
        return ""
    steps = run(["spin", *case.defines, "-t", "-p", "-g", f"{case.model}.pml"], folder)
    return "\n".join(steps.splitlines()[-200:])


def judge(case, compiler):
    """A line about the search, and what is wrong with it."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            output = search(case, compiler, folder)
            problems = list((problems_of_mistake if case.broken else problems_of_check)(case, output))
            if problems:
                problems += [output, trail(case, folder)]
        except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
            return "no search", [str(error)]
    states = re.search(r"([\d.e+]+) states, stored", output)
    count = int(float(states.group(1))) if states else 0
    return f"{count} states, {time.monotonic() - start:.1f} s", problems


def main():
    compiler = sys.argv[1].split() if len(sys.argv) > 1 else ["cc"]
    part = sys.argv[2] if len(sys.argv) > 2 else ""
    cases = [case for case in CHECKS + MISTAKES if part in case.title]
    print(f"1..{len(cases)}", flush=True)
    failed = 0
    for number, case in enumerate(cases, 1):
        about, problems = judge(case, compiler)
        title = f"found: {case.title}" if case.broken else case.title
        print(f"{'not ok' if problems else 'ok'} {number} - {title} ({about})", flush=True)
        for line in "\n".join(problems).splitlines():
            print(f"# {line}", flush=True)
        failed += bool(problems)
    return 1 if failed else 0


sys.exit(main())
