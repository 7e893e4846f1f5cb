#!/usr/bin/env python3
"""kill -9 in the middle of the training of a generator, again and again.

Each run goes on from the last update that was saved and ends in the same bytes
as a training that nobody disturbed: both models, the samples and the grids.
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
UPDATES = 900
GENERATOR = {
    "osteon_model": 1, "name": "tiny_generator", "scores": "none",
    "layers": [
        {"op": "conv2d", "out": 16, "kernel": 4, "stride": 2, "padding": 1},
        {"op": "batch_norm"}, {"op": "leaky_relu", "slope": 0.2},
        {"op": "dropout", "p": 0.3},
        {"op": "conv_transpose2d", "out": 1, "kernel": 4, "stride": 2,
         "padding": 1},
        {"op": "tanh"}]}
DISCRIMINATOR = {
    "osteon_model": 1, "name": "tiny_discriminator", "scores": "none",
    "layers": [
        {"op": "conv2d", "out": 16, "kernel": 4, "stride": 2, "padding": 1},
        {"op": "leaky_relu", "slope": 0.2},
        {"op": "conv2d", "out": 1, "kernel": 4, "padding": 1}]}
STUDY = {
    "osteon": 1, "name": "long-training", "seed": 5,
    "nodes": {
        "phantom": {"stage": "phantom",
                    "with": {"patients": 15, "size": [32, 32]}},
        "images": {"stage": "ingest", "in": "phantom"},
        "contours": {"stage": "canny", "in": "images",
                     "with": {"to": "contour"}},
        "trained": {
            "stage": "train_gan", "in": "contours",
            "with": {
                "objective": "pix2pix", "condition": "contour",
                "generator": "generator.json",
                "discriminator": "discriminator.json",
                "steps": UPDATES, "batch": 4, "discriminator_steps": 2,
                "smoothing": 0.1, "history": 7, "jitter": 1.1, "flip_h": 0.5,
                "schedule": "linear", "ema": 0.99, "clip_norm": 50,
                "samples": 6, "sample_every": 40, "on_divergence": "keep",
                "discriminator_learning_rate": 0.0001}}},
    "outputs": {"generator": "trained.generator",
                "discriminator": "trained.discriminator",
                "samples": "trained.samples", "grids": "trained.grids"}}
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
    write("generator.json", GENERATOR)
    write("discriminator.json", DISCRIMINATOR)
    write("study.json", STUDY)
    told = progress(osteon("run", "study.json", "--store", "reference", "--out",
                           "expected", "--events", "-").stdout)
    expected = digests("expected")
    check(sum("weights" in name for name in expected) == 2,
          f"no weights to compare: {sorted(expected)}")
    check(sum(name.startswith("grids/step-") for name in expected) ==
          UPDATES // 40 + 1, f"no grids to compare: {sorted(expected)}")
    looked = [e for e in told if "grid" in e]
    check(len(looked) == UPDATES // 40 + 1 and looked[0]["spread"] > 0,
          f"samplings that were told: {looked}")
    went_on = 0
    for i in range(1, KILLS + 1):
        seen = killed_after(i * UPDATES // 10 + rng.randrange(45))
        if not seen:
            break
        went_on += seen[0] > 1
    # A slow disk is behind what is told.
    check(went_on >= 2, f"of {i} runs, {went_on} went on")
    done = osteon("run", "study.json", "--store", "store", "--out", "out",
                  "--events", "-", env=SAVE_ALL)
    left = progress(done.stdout)
    if left:
        check(left[-1]["done"] == UPDATES, f"ended at {left[-1]}")
    for name in ("epoch", "d_real", "d_fake", "g_gan", "g_l1",
                 "learning_rate", "images_per_second"):
        check(told[-1].get(name, 0) > 0, f"no {name}: {told[-1]}")
    check(digests("out") == expected, "other bytes")
    osteon("store", "fsck", "--store", "store")
    print(f"{i} kills, {went_on} runs went on from a checkpoint")


main()
