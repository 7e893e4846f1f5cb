#!/usr/bin/env python3
"""`osteon model --device` of every shipped network: its sums are those of its layers.

The arithmetic of single layers is checked by tests/unit/test_cost.c.
"""
import json
import os
import pathlib
import subprocess
import sys

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
MODELS = pathlib.Path(os.environ["OSTEON_SOURCE"]) / "workflows" / "models"
PARTS = ("forward", "again", "data", "weights")


def estimate(path, *words):
    document = json.loads(path.read_text())
    if "input" not in document:
        words += ("--input", "1x64x64")
    done = subprocess.run(
        [BIN, "model", path, "--format", "json", *words], text=True,
        capture_output=True)
    if done.returncode:
        sys.exit(f"{path.name}: {done.stderr}")
    return json.loads(done.stdout)


def near(a, b):
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b))


def check_sums(model):
    """A pass costs what its layers, the loss and the update cost."""
    step = model["estimate"]["training" if model["train"] else "inference"]
    launch = model["estimate"]["device"]["launch"]
    for part in PARTS:
        for what in ("flops", "bytes", "launches", "seconds"):
            total = sum(layer["cost"][part][what] for layer in model["layers"])
            assert near(step[part][what], total), (part, what)
    around = [step[part] for part in (*PARTS, "loss", "optimizer")]
    launches = sum(cost["launches"] for cost in around)
    seconds = sum(cost["seconds"] for cost in around)
    assert step["launches"] == launches, (step["launches"], launches)
    assert near(step["seconds"], seconds + launches * launch)
    graphs = 3 if model["train"] else 1
    assert near(step["seconds_as_graphs"], seconds + graphs * launch)
    bounds = {layer["cost"]["bound"] for layer in model["layers"]}
    assert bounds <= {"compute", "memory", "launches", ""}, bounds


def check_network(path):
    train = estimate(path, "--device", "h100", "--train")
    infer = estimate(path, "--device", "h100")
    check_sums(train)
    check_sums(infer)
    # Both passes are in both answers, the same.
    assert train["estimate"]["inference"] == infer["estimate"]["inference"]
    assert train["estimate"]["training"] == infer["estimate"]["training"]
    step = train["estimate"]["training"]
    assert step["forward"]["flops"] == train["flops"] > 0
    assert step["data"]["flops"] <= train["flops"]
    assert step["weights"]["flops"] <= train["flops"]
    assert step["memory"] > infer["estimate"]["inference"]["memory"]
    assert step["seconds"] > infer["estimate"]["inference"]["seconds"]
    # What is learned is read, its gradient read, and both states moved.
    learned = train["memory"]["gradients"]
    assert step["optimizer"]["bytes"] == 7 * learned
    # Of a batch all but weights grows; a faster device takes no longer.
    more = estimate(path, "--device", "h100", "--train", "--batch", "4")
    assert more["estimate"]["training"]["forward"]["flops"] == \
        4 * step["forward"]["flops"]
    fast = estimate(path, "--device", "h200", "--train")
    assert fast["estimate"]["training"]["seconds"] <= step["seconds"]


def main():
    paths = sorted(MODELS.glob("*.json"))
    assert len(paths) > 20, len(paths)
    for path in paths:
        check_network(path)
    print(f"{len(paths)} networks")


main()
