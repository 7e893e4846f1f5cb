#!/usr/bin/env python3
"""kill -9 at random instants of the main workflow, as often as asked for.

    kill_loop.py [--kills N] [--seed S]

The workflow is contour_baseline with few patients.
Engine, one worker or both are killed: by the clock, or at a random event of
the run.  One to three kills hit one store before a plain run, without help,
has to complete: the same metrics, predictions and weights as an undisturbed
run, nothing computed again that had been recorded, a sound store, no process
left.  Needs OSTEON_BIN and OSTEON_SOURCE; works in the current folder.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from runs import (BIN, check, children, digests, events, kill, osteon, remove,
                  totals, verdicts, write)

WORKFLOWS = pathlib.Path(os.environ["OSTEON_SOURCE"]) / "workflows"
WORDS = ["run", "study.json", "--preset", "small", "--set", "epochs=3",
         "--jobs", "2", "--threads", "2"]
PATIENTS = 16
KINDS = ("engine", "worker", "both")


class Run:
    """A run to be killed, and what it has said so far."""

    def __init__(self):
        self.process = subprocess.Popen(
            [BIN, *WORDS, "--store", "store", "--out", "out", "--events", "-"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.text = b""
        self.lines = 0
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.text += line
                self.lines += 1
                self.changed.notify_all()
        with self.changed:
            self.lines = sys.maxsize
            self.changed.notify_all()

    def wait_for_lines(self, n):
        with self.changed:
            self.changed.wait_for(lambda: self.lines >= n)

    def end(self):
        self.process.wait()
        self.reader.join()
        return self.text.decode()


def disturb(rng, what, seconds, lines):
    """A run that is hit once, within a time or between two lines of its
    events; None when it had ended before."""
    run = Run()
    if rng.random() < 0.5:
        time.sleep(rng.uniform(0, seconds))
    else:
        run.wait_for_lines(rng.randint(*lines))
        time.sleep(rng.uniform(0, 0.01))
    victims = children(run.process.pid)
    if what == "worker":
        victims = rng.sample(victims, min(1, len(victims)))
    elif what == "engine":
        victims = [run.process.pid]
    else:
        victims.append(run.process.pid)
    # A process that has ended and was not waited for takes signals, too.
    hit = run.process.poll() is None and kill(victims)
    text = run.end()
    status = run.process.returncode
    # It may see its worker die, or end by itself, before its own turn comes.
    check(status in {"engine": (0, -9), "worker": (0, 1),
                     "both": (0, 1, -9)}[what],
          f"exit status {status} of a run whose {what} was killed:\n{text}")
    return text if hit and (status or what == "worker") else None


def left(store):
    """Processes that have the store open."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if os.fsencode(store) in words and b"osteon-worker" in words[0]:
            found.append(path.parent.name)
    return found


class Loop:
    def __init__(self, rng):
        self.rng = rng
        self.kills = dict.fromkeys(KINDS, 0)
        self.late = 0
        self.kept = self.again = self.most_again = 0

    def prepare(self):
        study = json.loads((WORKFLOWS / "contour_baseline.json").read_text())
        study["nodes"]["phantom"]["with"]["patients"] = PATIENTS
        write("study.json", study)
        done = osteon(*WORDS, "--store", "reference", "--out", "expected",
                      "--events", "-")
        self.seconds = totals(done.stdout)["seconds"]
        self.lines = len(events(done.stdout))
        self.steps = len(verdicts(done.stdout))
        self.expected = digests("expected")
        check(any("weights" in name for name in self.expected), "no weights")

    def round(self, label):
        """Some kills on an empty store, then a run that completes."""
        finished, started, story = set(), set(), []
        remove("store", "out")
        for _ in range(self.rng.randint(1, 3)):
            what = self.rng.choice(KINDS)
            share = 1 - len(finished) / self.steps
            first = 1 + len(finished)
            text = disturb(self.rng, what, self.seconds * share,
                           (0, first + int(self.lines * share)))
            if text is None:
                self.late += 1
                continue
            self.kills[what] += 1
            story.append(what)
            self.look(label, story, text, finished, started)
        done = osteon(*WORDS, "--store", "store", "--out", "out", "--events",
                      "-")
        self.look(label, story, done.stdout, finished, started)
        check(totals(done.stdout)["status"] == "ok", f"{label}: not ok")
        check(digests("out") == self.expected,
              f"{label} {story}: other bytes than an undisturbed run")
        fsck = osteon("store", "fsck", "--store", "store").stdout
        check("0 wrong, 0 missing" in fsck, f"{label} {story}: {fsck}")
        check(not left(str(pathlib.Path("store").resolve())),
              f"{label} {story}: a worker is left")

    def look(self, label, story, text, finished, started):
        """Nothing recorded is computed again, only what was in progress."""
        now = verdicts(text)
        ran = {s for s, v in now.items() if v == "ran"}
        check(not ran & finished,
              f"{label} {story}: computed again: {ran & finished}")
        again = len(ran & started)
        self.kept += sum(v == "cached" for v in now.values())
        self.again += again
        self.most_again = max(self.most_again, again)
        finished |= {s for s, v in now.items() if v in ("ran", "cached")}
        started |= {e["step"] for e in events(text)
                    if e["event"] == "step_started"}
        started -= finished


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    loop = Loop(random.Random(args.seed))
    loop.prepare()
    began = time.monotonic()
    rounds = 0
    while sum(loop.kills.values()) < args.kills:
        rounds += 1
        loop.round(f"seed {args.seed}, round {rounds}")
        print(f"round {rounds}: {sum(loop.kills.values())} kills", flush=True)
    print(f"seed {args.seed}: {loop.kills} kills in {rounds} rounds and "
          f"{time.monotonic() - began:.0f} s, {loop.late} came too late; "
          f"undisturbed run {loop.seconds:.1f} s; every round completed with "
          f"the same {len(loop.expected)} files; {loop.kept} recorded steps "
          f"kept, {loop.again} that were in progress computed again, at most "
          f"{loop.most_again} a run")


main()
