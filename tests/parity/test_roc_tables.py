#!/usr/bin/env python3
"""Areas and intervals of real tables, against pROC and scikit-learn."""
import csv
import json
import os
import pathlib
import subprocess
import sys

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
DATA = pathlib.Path(os.environ["OSTEON_SHARED"]) / "data/08_roc"


def rows(name):
    with open(DATA / name, newline="") as f:
        return list(csv.DictReader(f))


def evaluate(name, cases, positive, **params):
    """The pooled numbers of [(label, score)]."""
    other = next(label for label, _ in cases if label != positive)
    folder = pathlib.Path(name)
    folder.mkdir()
    with open(folder / "table.csv", "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["id", "label", f"score_{positive}", f"score_{other}"])
        for i, (label, score) in enumerate(cases):
            out.writerow([f"c{i:05}", label, repr(score), repr(-score)])
    (folder / "workflow.json").write_text(json.dumps({
        "osteon": 1, "name": name, "seed": 1, "nodes": {
            "table": {"stage": "predictions", "with": {"file": "table.csv"}},
            "metrics": {"stage": "evaluate", "in": "table",
                        "with": {"positive": positive, **params}}},
        "outputs": {"metrics": "metrics"}}))
    done = subprocess.run([BIN, "run", folder / "workflow.json", "--store",
                           "store", "--out", folder / "out", "--quiet"],
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads((folder / "out/metrics.json").read_text())["pooled"]


def main():
    faults, seen = [], 0

    def close(what, got, want, slack):
        nonlocal seen
        seen += 1
        if abs(got - float(want)) > slack:
            faults.append(f"{what}: {got} instead of {want}")

    for i, want in enumerate(rows("expected_roc.csv")):
        table = rows(want["table"])
        score, _, fold = want["score"].rstrip("]").partition("[fold=")
        if fold:
            table = [r for r in table if r["fold"] == fold]
        values = {want["positive"], want["negative"]}
        column = next(c for c in table[0] if {r[c] for r in table} == values)
        sign = 1 if want["direction"] == "<" else -1
        cases = [(r[column], sign * float(r[score])) for r in table]
        got = evaluate(f"roc{i}", cases, want["positive"])
        what = f"{want['table']} {want['score']}"
        close(what + " area", got["auc"], want["auc"], 1e-11)
        close(what + " low end", got["intervals"]["auc"]["lo"],
              max(float(want["ci95_lo"]), 0), 1e-9)
        close(what + " high end", got["intervals"]["auc"]["hi"],
              min(float(want["ci95_hi"]), 1), 1e-9)
    names = {"accuracy": "accuracy", "precision": "precision",
             "recall": "recall", "specificity": "specificity", "f1": "f1",
             "balanced_accuracy": "balanced_accuracy", "mcc": "mcc",
             "cohen_kappa": "kappa", "roc_auc": "auc",
             "average_precision": "average_precision"}
    for i, want in enumerate(rows("expected_threshold.csv")):
        if want["table"] != "rocr_simple.csv":
            continue
        cases = [(r["label"], float(r["score"])) for r in rows(want["table"])]
        got = evaluate(f"threshold{i}", cases, "1",
                       threshold=float(want["threshold"]))
        for theirs, ours in names.items():
            close(f"threshold {want['threshold']} {theirs}", got[ours],
                  want[theirs], 1e-12)
    for fault in faults:
        print(fault)
    print(f"{seen} numbers compared")
    return 1 if faults or not seen else 0


if not DATA.is_dir():
    print("no sample data: skipped")
    sys.exit(77)
sys.exit(main())
