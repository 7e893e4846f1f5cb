#!/usr/bin/env python3
"""Any number of threads and workers gives the same bytes.

The main job in small on empty stores: every artifact of every step is the
same, and so are the files that --out writes.
"""
import copy
import os
import sys

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from runs import STUDY, check, digests, events, osteon, remove, write


def workflow():
    """The study with augmented training images."""
    study = copy.deepcopy(STUDY)
    study["params"]["fill"] = 1
    study["nodes"]["phantom"]["with"]["patients"] = 16
    study["nodes"]["augmented"] = {
        "stage": "augment", "per": ["fold"], "in": "folds.train",
        "with": {"copies": 2, "rotate": 10, "brightness": 0.1}}
    study["nodes"]["trained"]["in"] = "augmented"
    write("study.json", study)


def run(threads, jobs):
    """The digests of all outputs of all steps, and of the files."""
    remove("store", "out")
    done = osteon("run", "study.json", "--store", "store", "--out", "out",
                  "--events", "-", "--threads", threads, "--jobs", jobs)
    finished = [e for e in events(done.stdout)
                if e["event"] == "step_finished"]
    check(all(e["verdict"] == "ran" for e in finished), "the store held steps")
    return {e["step"]: e["outputs"] for e in finished}, digests("out")


def main():
    workflow()
    steps, files = run(1, 1)
    check(sum("weights" in name for name in files) == 2, f"weights: {files}")
    check({"metrics.json", "predictions.csv"} <= set(files), f"{files}")
    for threads, jobs in ((2, 1), (2, 2), (5, 3)):
        words = f"--threads {threads} --jobs {jobs}"
        others, other_files = run(threads, jobs)
        changed = {s for s in steps if steps[s] != others.get(s)}
        check(others.keys() == steps.keys() and not changed,
              f"{words}: other artifacts of {sorted(changed)}")
        check(other_files == files, f"{words}: other files")
        print(f"{words}: {len(steps)} steps and {len(files)} files as with one")


main()
