#!/usr/bin/env python3
"""The folder of --out: leftovers, what is in the way, gates, several runs."""
import copy
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from runs import (BIN, STUDY, check, digests, osteon, remove, verdicts, write)

GONE = 999999999  # no process has this number


def workflow(path, **gate):
    study = copy.deepcopy(STUDY)
    study["params"]["fill"] = 3
    if gate:
        study["outputs"]["metrics"] = {"from": "metrics", "gate": gate}
    write(path, study)


def leftovers():
    """Of killed runs they are removed, of runs that go on and of others not."""
    mine = os.getpid()
    out = pathlib.Path("out")
    gone = [out / f".model.{GONE}.tmp/fold=0/weights",
            out / f"metrics.json.{GONE}-0.tmp",
            out / f"predictions.csv.{GONE}-11.tmp"]
    kept = [out / f".model.{mine}.tmp/weights", out / "my.tmp",
            out / f"metrics.json.{mine}-3.tmp", out / f"my.{GONE}.tmp",
            out / f"metrics-of-mine.{GONE}.tmp", out / "metrics.json.12x.tmp"]
    for path in gone + kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    osteon("run", "study.json", "--store", "store", "--out", "out")
    for path in gone:
        check(not path.exists(), f"{path} is left")
        check(path.parent == out or not path.parent.exists(), f"{path} left")
    for path in kept:
        check(path.read_text() == "x", f"{path} is gone")
        path.unlink()
    (out / f".model.{mine}.tmp").rmdir()
    check(digests("out") == digests("expected"), "other bytes")
    print("leftovers of killed runs are removed, nothing else")


def in_the_way():
    """A folder that osteon did not write is never replaced."""
    remove("out")
    mine = pathlib.Path("out/model/mine.txt")
    mine.parent.mkdir(parents=True)
    mine.write_text("x")
    done = osteon("run", "study.json", "--store", "store", "--out", "out",
                  status=1)
    check("out/model" in done.stderr and "in the way" in done.stderr,
          done.stderr)
    check(mine.read_text() == "x", "a folder of somebody else was replaced")
    print("what osteon did not write stays")


def gates():
    """Status 3 and a table; the outputs are there to be looked at."""
    remove("out")
    workflow("gate.json", **{"pooled.auc": ">= 0.0", "pooled.n_items": "> 1e6"})
    for i in range(2):
        done = osteon("run", "gate.json", "--store", "store", "--out", "out",
                      status=3)
        text = done.stdout + done.stderr
        check("pooled.n_items" in text and "FAILED" in text, text)
        check("passed" in text, f"no word of the gate that holds: {text}")
    check(pathlib.Path("out/metrics.json").exists(), "no metrics to look at")
    workflow("gate.json", **{"pooled.n_items": "> 1"})
    osteon("run", "gate.json", "--store", "store", "--out", "out", status=0)
    print("gates: status 3 when one fails, cached or not")


def together():
    """Three runs with one store and one --out."""
    remove("store", "out")
    runs = [subprocess.Popen([BIN, "run", "study.json", "--store", "store",
                              "--out", "out", "--events", f"events{i}",
                              "--quiet"], stderr=subprocess.PIPE, text=True)
            for i in range(3)]
    for run in runs:
        error = run.communicate()[1]
        check(run.returncode == 0, f"status {run.returncode}: {error}")
    told = [verdicts(pathlib.Path(f"events{i}").read_text()) for i in range(3)]
    ran = [step for v in told for step, word in v.items() if word == "ran"]
    check(len(ran) == len(set(ran)), f"computed twice: {sorted(ran)}")
    check(set(ran) == set().union(*told), "not all computed")
    check(digests("out") == digests("expected"), "other bytes")
    osteon("store", "fsck", "--store", "store")
    print(f"three runs at once: {len(ran)} steps, each computed once")


workflow("study.json")
osteon("run", "study.json", "--store", "store", "--out", "expected")
leftovers()
in_the_way()
gates()
together()
