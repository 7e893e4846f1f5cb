#!/usr/bin/env python3
"""The published methods under workflows/papers/: each folder's workflow is valid
with every preset and can be planned, and runs from end to end with a tiny
setting; every arm trains, and is evaluated."""
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
SHARED = pathlib.Path(os.environ.get("OSTEON_SHARED", "missing"))
PAPERS = pathlib.Path(os.environ["OSTEON_SOURCE"]) / "workflows" / "papers"

# Values that make a run take seconds; what is compared stays as it is.
TINY = {
    "femur_alexnet": {
        "patients": 12, "slice": [92, 140], "size": 64, "folds": 2, "rounds": 2,
        "copies": 1, "updates": 2, "batch": 4,
    },
    "scan_metastasis": {
        "patients": 16, "scan": [64, 16], "size": [64, 32], "epochs": 1, "batch": 8,
        "d1_counts": {"ADMet": 4, "nADMet": 4, "NoMet": 4},
        "d2_counts": {"ADMet": 9, "nADMet": 8, "NoMet": 20},
        "d3_counts": {"ADMet": 6, "nADMet": 6, "NoMet": 10},
    },
}
# The axis whose values are compared.
AXIS = {"femur_alexnet": "network", "scan_metastasis": "arm"}


def osteon(*words):
    done = subprocess.run([BIN, *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"osteon {' '.join(map(str, words))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got} instead of {wanted}")


def run_tiny(name, file, values, *more):
    out = pathlib.Path("out") / name
    shutil.rmtree(out, ignore_errors=True)
    pathlib.Path(f"{name}.json").write_text(json.dumps(values))
    osteon("run", file, "--params", f"{name}.json", "--store", "store", "--out", out,
           "--quiet", *more)
    return out


def check_arms(name, document, out):
    """Every arm has numbers of some items."""
    axis = AXIS[name]
    metrics = json.loads((out / "metrics.json").read_text())
    wanted = [arm["name"] for arm in document["params"][axis + "s"]["value"]]
    expect(f"{name}: arms", sorted(m["axes"][axis] for m in metrics), sorted(wanted))
    for m in metrics:
        if not m["metrics"]["pooled"]["n_items"]:
            sys.exit(f"{name}: nothing was judged in '{m['axes'][axis]}'")


def check_scans(file, out):
    """Two other exams are judged by all twelve arms, single views by two of
    them; views that change as mirror images go through too."""
    expect("judged", len((out / "judged.csv").read_text().splitlines()) - 1, 10 * 2 + 2 * 4)
    arm = {"name": "one", "data": "D3", "classes": "3", "network": "lib:ra_conv",
           "params": {"depth": 18}}
    out = run_tiny("scan_metastasis", file, {
        **TINY["scan_metastasis"], "order": "mirrored", "arms": [arm], "method": "kfold",
        "folds": 2, "rounds": 2,
        "test_where": {"augment.rotate": {"present": False}}})
    with open(out / "predictions.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    folds = {}
    for row in rows:
        folds.setdefault(row["group"], set()).add(row["fold"])
    expect("patients in two folds", [g for g, f in folds.items() if len(f) > 1], [])
    expect("copies that count", [r["id"] for r in rows if "#" in r["id"]], [])
    judge_real_scan(file, arm)


def judge_real_scan(file, arm):
    """A bone scan in one view goes through reading, aggregation and a model."""
    scan = SHARED / "data/06_dicom/files/NM1_UNC.dcm"
    if not scan.exists():
        print(f"no real scan is judged: there is no {scan}")
        return
    out = run_tiny("scan_metastasis", file, {**TINY["scan_metastasis"], "arms": [arm]},
                   "--bind", f"unseen={scan}")
    with open(out / "judged.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    expect("real scans", [r["id"] for r in rows], ["NM1_UNC"])
    scores = [float(v) for k, v in rows[0].items() if k.startswith("score_")]
    expect("scores", (len(scores), abs(sum(scores) - 1) < 1e-4), (3, True))


for folder in sorted(PAPERS.iterdir()):
    name, file = folder.name, folder / "workflow.json"
    if name not in TINY:
        sys.exit(f"no tiny setting for '{name}'")
    if not (folder / "README.md").exists():
        sys.exit(f"'{name}' has no README.md")
    document = json.loads(file.read_text())
    expect(f"{name}: presets", {"small", "full"} - document["presets"].keys(), set())
    for preset in document["presets"]:
        osteon("validate", file, "--preset", preset)
        osteon("plan", file, "--preset", preset, "--store", "planned")
    out = run_tiny(name, file, TINY[name])
    check_arms(name, document, out)
    if name == "scan_metastasis":
        check_scans(file, out)
    print(f"{name}: looked at")
