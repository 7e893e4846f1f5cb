#!/usr/bin/env python3
"""Whole workflows with `--backend cuda` on the stand-in for CUDA, beside the
same on the CPU, in one store: the main one, one that draws masks, and a game of
each objective.  Stages that are exact are computed once, for both; networks are
trained again, and come to what they come to on the CPU, to a rounding that grows
with every update.  A second run of each computes nothing."""
import csv
import json
import math
import os
import pathlib
import sys

SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests/support"))
import runs  # noqa: E402

STANDIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "tests/cudasim"
FLOAT = {"train", "train_gan", "predict", "segment", "features", "generate"}

# How far numbers may be apart.  Adam's first updates are as large where a
# gradient is nothing but rounding as elsewhere, so that networks that learned
# from sums in another order are other networks, a little; what one network makes
# of a picture is compared to 5e-4 elsewhere (cuda.networks, cuda.gans).
SCORE = 1e-2
SAME = 1e-5
METRIC = 1e-2
LOSS = 2e-2
DISTANCE = 0.1


def run(file, backend, *words):
    """Runs the workflow; its steps with their verdicts."""
    env = {"OSTEON_CUDASIM": str(STANDIN)} if backend == "cuda" else {}
    done = runs.osteon("run", file, "--store", "store", "--out",
                       f"out-{backend}", "--backend", backend, "--events", "-",
                       "--quiet", "--jobs", 1, *words, env=env)
    return runs.verdicts(done.stdout)


def stage_of(document, step):
    """The stage of a step, by the node of a workflow, or "" in a part of it."""
    name = step.split("[")[0]
    return document["nodes"].get(name, {}).get("stage", "")


def both(name, file, *words):
    """Runs on the CPU and on the stand-in; where their outputs are."""
    document = json.loads(pathlib.Path(file).read_text())
    runs.remove("store", "out-cpu", "out-cuda")
    run(file, "cpu", *words)
    verdicts = run(file, "cuda", *words)
    again = run(file, "cuda", *words)
    for step, verdict in verdicts.items():
        stage = stage_of(document, step)
        runs.check(stage not in FLOAT or verdict == "ran",
                   f"{name}: {step} of the CPU serves as a GPU's ({verdict})")
    wrong = [s for s, v in again.items() if v != "cached"]
    runs.check(not wrong, f"{name}: computed once more: {wrong}")
    return pathlib.Path("out-cpu"), pathlib.Path("out-cuda")


def close(name, a, b, tolerance):
    """Numbers of two documents: equal, or not far from each other."""
    if isinstance(a, dict):
        runs.check(a.keys() == b.keys(), f"{name}: {a.keys()} {b.keys()}")
        for key in a:
            close(f"{name}.{key}", a[key], b[key], tolerance)
    elif isinstance(a, list):
        runs.check(len(a) == len(b), f"{name}: {len(a)} and {len(b)} of them")
        for i, (x, y) in enumerate(zip(a, b)):
            close(f"{name}[{i}]", x, y, tolerance)
    elif isinstance(a, float) and math.isfinite(a):
        runs.check(abs(a - b) <= tolerance * max(1.0, abs(a)),
                   f"{name}: {a} on the CPU, {b} on the stand-in")
    else:
        runs.check(a == b, f"{name}: {a} on the CPU, {b} on the stand-in")


def scores(folder):
    """Numbers of the predictions, by fold, item and column."""
    with open(folder / "predictions.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    return {(r["fold"], r["id"], k): float(v) for r in rows
            for k, v in r.items() if k.startswith("score_")}


def check_baseline():
    """The main workflow, at a lower rate.  A fold's scores are the same to a
    rounding, unless a rounding decides which of two pixels is the greater one,
    or whether one is above 0: about one training in six.  Then they are near."""
    document = json.loads(
        (SOURCE / "workflows/contour_baseline.json").read_text())
    document["nodes"]["trained"]["with"]["learning_rate"] = 5e-4
    file = runs.write("baseline.json", document)
    cpu, cuda = both("baseline", file, "--preset", "small", "--set", "folds=4",
                     "--set", "epochs=1")
    a, b = scores(cpu), scores(cuda)
    runs.check(a.keys() == b.keys(), "other items are judged")
    apart = {}
    for key in a:
        apart[key[0]] = max(apart.get(key[0], 0.0), abs(a[key] - b[key]))
    runs.check(len(apart) == 4 and min(apart.values()) <= SAME,
               f"no fold has the scores of the CPU: {apart}")
    runs.check(max(apart.values()) <= SCORE, f"scores are apart: {apart}")
    metrics = [json.loads((out / "metrics.json").read_text())["pooled"]
               for out in (cpu, cuda)]
    close("auc", metrics[0]["auc"], metrics[1]["auc"], METRIC)


MASKS = {
    "osteon": 1, "name": "masks", "seed": 5,
    "nodes": {
        "phantom": {"stage": "phantom",
                    "with": {"kind": "xray", "patients": 8,
                             "size": [32, 32]}},
        "images": {"stage": "ingest", "in": "phantom"},
        "edges": {"stage": "canny", "in": "images",
                  "with": {"to": "mask.edge", "low": 40, "high": 100}},
        "parts": {"stage": "split", "in": "edges",
                  "with": {"method": "holdout"}},
        "drawer": {"stage": "train", "in": "parts.train",
                   "with": {"network": "lib:unet", "target": "mask.edge",
                            "network_params": {"widths": [4, 8, 8, 8],
                                               "bottom": 8},
                            "epochs": 3, "batch": 4}},
        "drawn": {"stage": "segment",
                  "in": {"model": "drawer", "data": "parts.test"},
                  "with": {"to": "mask.drawn"}},
        "metrics": {"stage": "evaluate_masks", "in": "drawn",
                    "with": {"reference": "mask.edge",
                             "predicted": "mask.drawn"}},
    },
    "outputs": {"metrics": "metrics", "model": "drawer"},
}


def histories(folder):
    """What each model has learned, epoch by epoch."""
    return [json.loads(p.read_text())["history"]
            for p in sorted(folder.rglob("model.json"))]


def check_masks():
    file = runs.write("masks.json", MASKS)
    cpu, cuda = both("masks", file)
    close("history", histories(cpu), histories(cuda), LOSS)
    metrics = [json.loads((out / "metrics.json").read_text())
               for out in (cpu, cuda)]
    close("metrics", metrics[0], metrics[1], METRIC)


def check_games():
    for file in sorted((SOURCE / "workflows/generators").glob("*.json")):
        if file.stem == "quality":
            continue
        cpu, cuda = both(file.stem, file, "--preset", "tiny")
        for out in "final", "learning":
            found = [json.loads((folder / f"{out}.json").read_text())
                     for folder in (cpu, cuda)]
            if not isinstance(found[0], list):
                found = [[{"metrics": f}] for f in found]
            for a, b in zip(*found):
                close(f"{file.stem} {out}", a["metrics"]["fid"],
                      b["metrics"]["fid"], DISTANCE)


def main():
    if not (STANDIN / "libosteon_cudasim.so").exists():
        sys.exit(77)
    checks = {"baseline": check_baseline, "masks": check_masks,
              "games": check_games}
    for name, check in checks.items():
        if not sys.argv[1:] or name in sys.argv[1:]:
            check()


main()
