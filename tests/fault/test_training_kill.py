#!/usr/bin/env python3
"""kill -9 in the middle of a training with many options, again and again.

Each run goes on from the last update that was saved, in the middle of an epoch
as a rule, and ends in the same model as a training that nobody disturbed.
"""
import json
import os
import pathlib
import random
import subprocess
import sys

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from runs import BIN, check, children, digests, events, kill, osteon, write

SEED = int(os.environ.get("OSTEON_SEED", "1"))
KILLS = 6
STUDY = {
    "osteon": 1, "name": "long-training", "seed": 5,
    "nodes": {
        "phantom": {"stage": "phantom",
                    "with": {"patients": 20, "size": [32, 32]}},
        "images": {"stage": "ingest", "in": "phantom"},
        "folds": {"stage": "split", "in": "images",
                  "with": {"method": "kfold", "folds": 2, "fold": 0}},
        "first": {"stage": "train", "in": "folds.train",
                  "with": {"network": "lib:small_cnn", "epochs": 1}},
        "trained": {
            "stage": "train",
            "in": {"in": "folds.train", "validation": "folds.test",
                   "init": "first"},
            "with": {
                "network": "lib:small_cnn", "steps": 1200, "batch": 6,
                "micro_batch": 4, "optimizer": "sgd", "nesterov": True,
                "learning_rate": 0.02, "clip_norm": 1, "weight_decay": 0.001,
                "per_class": 20, "schedule": "plateau", "step_epochs": 2,
                "step_factor": 0.7, "warmup_steps": 20, "keep": "best",
                "augment": {"rotate": 8, "translate_share": 0.05, "flip_h": 0.5,
                            "brightness": 0.1}}}},
    "outputs": {"model": "trained"}}
SAVE_ALL = {"OSTEON_CHECKPOINT_SECONDS": "0"}


def progress(text):
    """What the training of a run told."""
    return [e for e in events(text)
            if e["event"] == "step_progress" and e["step"] == "trained"]


def killed_after(updates):
    """Ends engine and workers once so many updates are told; all that were:
    none when the training had been through before."""
    with open("words", "wb") as words:
        run = subprocess.Popen(
            [BIN, "run", "study.json", "--store", "store", "--events", "-"],
            stdout=subprocess.PIPE, stderr=words, text=True,
            env={**os.environ, **SAVE_ALL})
    seen = []
    for line in run.stdout:
        e = json.loads(line)
        if e["event"] == "step_progress" and e["step"] == "trained":
            seen.append(e["done"])
            if e["done"] >= updates:
                break
    kill([run.pid] + children(run.pid))
    run.stdout.close()
    status = run.wait()
    words = pathlib.Path("words").read_text()
    check(seen or status == 0, f"exit status {status}: {words}")
    return seen


def main():
    rng = random.Random(SEED)
    print("seed", SEED)
    write("study.json", STUDY)
    told = progress(osteon("run", "study.json", "--store", "reference", "--out",
                           "expected", "--events", "-").stdout)
    expected = digests("expected")
    check(any("weights" in name for name in expected), "no weights to compare")
    went_on = 0
    for i in range(1, KILLS + 1):
        seen = killed_after(i * 120 + rng.randrange(60))
        if not seen:
            break
        went_on += seen[0] > 1
    # A slow disk is behind what is told.
    check(went_on >= 2, f"of {i} runs, {went_on} went on")
    done = osteon("run", "study.json", "--store", "store", "--out", "out",
                  "--events", "-", env=SAVE_ALL)
    left = progress(done.stdout)
    if left:
        check(left[-1]["done"] == 1200, f"ended at {left[-1]}")
    for name in ("epoch", "loss", "accuracy", "learning_rate",
                 "images_per_second"):
        check(told[-1].get(name, 0) > 0, f"no {name}: {told[-1]}")
    check(digests("out") == expected, "other bytes")
    osteon("store", "fsck", "--store", "store")
    print(f"{i} kills, {went_on} runs went on from a checkpoint")


main()
