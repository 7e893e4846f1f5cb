#!/usr/bin/env python3
"""Whole documents of the stage `evaluate`, against scikit-learn's numbers.

The same documents come from any number of threads.

evaluation_references.json is written by make_evaluation_references.py.
"""
import json
import os
import pathlib
import sys

SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "support"))
import runs  # noqa: E402

SLACK = 1e-12


def member(document, path):
    for word in path.split("."):
        document = document[int(word)] if isinstance(document, list) \
            else document.get(word)
        if document is None:
            return None
    return document


def main():
    cases = json.loads(
        (SOURCE / "tests/parity/evaluation_references.json").read_text())
    nodes, outputs = {}, {}
    for i, case in enumerate(cases):
        pathlib.Path(f"table{i}.csv").write_text(case["table"])
        nodes[f"table{i}"] = {"stage": "predictions", "with": {
            "file": f"table{i}.csv", "kind": case["kind"]}}
        nodes[f"metrics{i}"] = {"stage": "evaluate", "in": f"table{i}",
                                "with": case["with"]}
        outputs[f"metrics{i}"] = f"metrics{i}"
    runs.write("workflow.json", {"osteon": 1, "name": "references", "seed": 1,
                                 "nodes": nodes, "outputs": outputs})
    for threads in (1, 3):
        runs.osteon("run", "workflow.json", "--store", f"store{threads}",
                    "--out", f"out{threads}", "--quiet", "--threads", threads)
    runs.check(runs.digests("out1") == runs.digests("out3"),
               "three threads give other numbers than one")
    seen = faults = 0
    for i, case in enumerate(cases):
        got = json.loads(pathlib.Path(f"out1/metrics{i}.json").read_text())
        for path, want in case["want"].items():
            found = member(got, path)
            seen += 1
            if not isinstance(found, (int, float)) or \
                    abs(found - want) > SLACK * max(1, abs(want)):
                faults += 1
                print(f"case {i} {path}: {found} instead of {want}")
    print(f"{seen} numbers compared")
    return 1 if faults or not seen else 0


sys.exit(main())
