#!/usr/bin/env python3
"""A run that waits for a step of another run: it takes the result, or the step
when the other run is killed or stopped."""
import os
import signal
import sys

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
import hold
from hold import AT_IT, GO
from runs import check, descendants, kill, osteon, remove, verdicts


def read_until(run, words):
    text = ""
    for line in run.stdout:
        text += line
        if words in line:
            return text
    raise SystemExit(f"no '{words}' in: {text}{run.stderr.read()}")


def both_at_it():
    """Two runs; the first computes `hold`, the second waits for it."""
    remove("store")
    for path in (AT_IT, GO):
        path.unlink(missing_ok=True)
    one = hold.start()
    hold.wait_for_hold(one)
    two = hold.start()
    # What was cached is told before anything is waited for.
    seen = read_until(two, '"step_finished"')
    AT_IT.unlink()
    return one, two, seen


def ended(label, run, seen):
    """The verdicts of a run that has to end well."""
    out, err = run.communicate()
    check(run.returncode == 0, f"{label}: status {run.returncode}: {err}")
    return verdicts(seen + out)


def waits():
    one, two, seen = both_at_it()
    GO.touch()
    first = ended("one", one, "")
    second = ended("two", two, seen)
    check((first["first"], first["hold"]) == ("ran", "ran"), f"one: {first}")
    check((second["first"], second["hold"]) == ("cached", "cached"),
          f"two: {second}")
    # It belongs to the one that comes to it first.
    check({first["last"], second["last"]} == {"ran", "cached"},
          f"{first} {second}")
    check(not AT_IT.exists(), "computed twice")
    print("a second run waits and takes the result")


def takes_over(label, end):
    one, two, seen = both_at_it()
    programs = descendants(one.pid)
    end(one)
    one.communicate()
    kill(programs)  # nobody else ends those of an engine that was killed
    hold.wait_for_hold(two)
    GO.touch()
    told = ended(label, two, seen)
    check(told == {"first": "cached", "hold": "ran", "last": "ran"},
          f"{label}: {told}")
    osteon("store", "fsck", "--store", "store")
    print(f"{label}: the second run takes over")


hold.prepare()
waits()
takes_over("kill -9 of the first", lambda run: run.kill())
takes_over("an interrupt of the first",
           lambda run: run.send_signal(signal.SIGINT))
