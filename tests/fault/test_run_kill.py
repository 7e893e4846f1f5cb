#!/usr/bin/env python3
"""kill -9 at random instants: engine, worker or both, then a plain run.

The run that follows completes without help, gives the same bytes as an
undisturbed one, and computes nothing again that was committed.  OSTEON_KILLS
says how often (8), OSTEON_SEED where the random instants begin.
"""
import os
import pathlib
import random
import subprocess
import sys
import time

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from runs import (BIN, STUDY, check, children, digests, kill, osteon, remove,
                  totals, verdicts, write)

KILLS = int(os.environ.get("OSTEON_KILLS", "8"))
SEED = int(os.environ.get("OSTEON_SEED", "1"))


def disturbed(rng, duration, what):
    """Starts a run and kills some of it; what it had committed by then."""
    with open("events", "wb") as out:
        run = subprocess.Popen(
            [BIN, "run", "study.json", "--store", "store", "--events", "-",
             "--jobs", "2"], stdout=out, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0, duration))
        workers = children(run.pid)
        victims = {"engine": [run.pid], "both": [run.pid] + workers,
                   "worker": rng.sample(workers, min(1, len(workers)))}[what]
        kill(victims)
        run.wait()
    text = pathlib.Path("events").read_text()
    return {s for s, v in verdicts(text).items() if v in ("ran", "cached")}


def main():
    rng = random.Random(SEED)
    print("seed", SEED)
    write("study.json", STUDY)
    began = time.monotonic()
    osteon("run", "study.json", "--store", "reference", "--out", "expected")
    duration = time.monotonic() - began
    expected = digests("expected")
    kept = 0
    for i in range(KILLS):
        what = ("engine", "worker", "both")[i % 3]
        remove("store", "out")
        committed = disturbed(rng, duration, what)
        done = osteon("run", "study.json", "--store", "store", "--out", "out",
                      "--events", "-")
        check(digests("out") == expected, f"kill {i} ({what}): other bytes")
        again = {s for s, v in verdicts(done.stdout).items() if v == "ran"}
        check(not committed & again,
              f"kill {i} ({what}): computed again: {committed & again}")
        check(totals(done.stdout)["failed"] == 0, f"kill {i}: failures")
        osteon("store", "fsck", "--store", "store")
        kept += len(committed)
    print(f"{KILLS} kills, {kept} committed steps kept")


main()
