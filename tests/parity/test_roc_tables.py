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


# Of the published 50 of 54, 59 of 69 and 109 of 123.
PROPORTIONS = [
    (50, 54, "wilson", 0.8245, 0.9708),
    (50, 54, "clopper_pearson", 0.8211, 0.9794),
    (59, 69, "wilson", 0.7534, 0.9193),
    (59, 69, "clopper_pearson", 0.7496, 0.9283),
    (109, 123, "wilson", 0.8180, 0.9310),
    (109, 123, "clopper_pearson", 0.8164, 0.9364),
]


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
        got = evaluate(f"roc{i}", cases, want["positive"], max_fpr=0.1,
                       bootstrap=0)
        what = f"{want['table']} {want['score']}"
        close(what + " area", got["auc"], want["auc"], 1e-11)
        close(what + " low end", got["intervals"]["auc"]["lo"],
              max(float(want["ci95_lo"]), 0), 1e-9)
        close(what + " high end", got["intervals"]["auc"]["hi"],
              min(float(want["ci95_hi"]), 1), 1e-9)
        least = 0.1 ** 2 / 2
        close(what + " partial area", got["partial_auc"],
              (1 + (float(want["pauc_spec_1_to_0.9"]) - least) /
               (0.1 - least)) / 2, 1e-10)
        youden = got["operating_points"]["youden"]
        close(what + " Youden's J", youden["j"],
              float(want["sens"]) + float(want["spec"]) - 1, 1e-11)
    for right, of, method, low, high in PROPORTIONS:
        cases = [("y" if k < right else "n", 1.0) for k in range(of)]
        got = evaluate(f"{method}{of}", cases, "y", proportion=method)
        got = got["intervals"]["accuracy"]
        close(f"{method} {right}/{of} low end", got["lo"], low, 5e-5)
        close(f"{method} {right}/{of} high end", got["hi"], high, 5e-5)
    names = {"accuracy": "accuracy", "precision": "precision",
             "recall": "recall", "specificity": "specificity", "f1": "f1",
             "balanced_accuracy": "balanced_accuracy", "mcc": "mcc",
             "cohen_kappa": "kappa", "roc_auc": "auc",
             "average_precision": "average_precision", "brier": "brier"}
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
