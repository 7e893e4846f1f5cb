#!/usr/bin/env python3
"""Features are what enters the classifier, and distances of image sets are in
the order that they should have.

The weights of the last layer and the features give the scores of `predict`;
images of the same law are nearer than noisy ones, and copies are found.
"""
import csv
import json
import math
import os
import pathlib
import re
import struct
import sys

SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "support"))
import runs  # noqa: E402
from runs import check  # noqa: E402

SCORED = {
    "osteon": 1,
    "name": "scored",
    "seed": 7,
    "nodes": {
        "phantom": {"stage": "phantom",
                    "with": {"patients": 8, "size": [32, 32]}},
        "images": {"stage": "ingest", "in": "phantom"},
        "train": {"stage": "train", "in": "images",
                  "with": {"network": "lib:small_cnn", "epochs": 2,
                           "batch": 8}},
        "features": {"stage": "features",
                     "in": {"model": "train", "data": "images"}},
        "predict": {"stage": "predict",
                    "in": {"model": "train", "data": "images"}},
    },
    "outputs": {"model": "train", "features": "features",
                "predictions": "predict"},
}


def tensors(path):
    """The arrays of a safetensors file, flat."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    for name, entry in json.loads(data[8:8 + size]).items():
        if name != "__metadata__":
            a, b = (8 + size + at for at in entry["data_offsets"])
            yield name, struct.unpack(f"<{(b - a) // 4}f", data[a:b])


def npy(path):
    data = path.read_bytes()
    start = 10 + struct.unpack("<H", data[8:10])[0]
    return struct.unpack(f"<{(len(data) - start) // 4}f", data[start:])


def check_scores(out):
    weights = dict(tensors(out / "model" / "weights.safetensors"))
    with open(out / "features/items.csv", newline="") as file:
        items = list(csv.DictReader(file))
    with open(out / "predictions.csv", newline="") as file:
        scores = {row["id"]: row for row in csv.DictReader(file)}
    check(len(items) == len(scores) > 10, "items are lost")
    for item in items:
        x = npy(out / "features" / item["field.features"])
        check(len(x) == 32, f"{len(x)} features")
        z = [sum(w * v for w, v in zip(weights["head.weight"][k * 32:], x)) +
             weights["head.bias"][k] for k in range(2)]
        lesion = 1 / (1 + math.exp(z[1] - z[0]))
        score = float(scores[item["id"]]["score_lesion"])
        check(abs(lesion - score) < 1e-5, f"{item['id']}: {lesion}, {score}")
        check(item["extractor"].startswith("small_cnn "), item["extractor"])


def check_distances():
    text = (SOURCE / "docs/generated.md").read_text()
    found = [json.loads(inside + "}") for _, inside in re.findall(
        r"^( {4})?(\{\n.*?^)(?(1) {4})\}$", text, re.M | re.S)
        if '"generated-images"' in inside]
    check(len(found) == 1, "docs/generated.md has not its workflow")
    runs.osteon("run", runs.write("images.json", found[0]), "--store", "store",
                "--out", "images", "--quiet")
    rows = json.loads(pathlib.Path("images/quality.json").read_text())
    by = {row["axes"]["made"]: row["metrics"] for row in rows}
    fid = {name: m["fid"] for name, m in by.items()}
    kid = {name: m["kid"]["value"] for name, m in by.items()}
    check(fid["noisy"] > 10 * fid["fresh"] > 0, f"FID {fid}")
    check(kid["noisy"] > 10 * abs(kid["fresh"]), f"KID {kid}")
    for space in "features", "pixels":
        copies = {n: m["memorization"][space] for n, m in by.items()}
        check(copies["copied"]["n_identical"] == copies["copied"]["n"] ==
              copies["copied"]["n_below"], "copies are not found")
        check(copies["fresh"]["n_identical"] == 0, "fresh images are copies")
        check(copies["fresh"]["share"] < 0.5, "fresh images are copies")


def wrong_layer():
    document = json.loads(json.dumps(SCORED))
    document["nodes"]["features"]["with"] = {"layer": "features.1.nrm"}
    error = runs.osteon("run", runs.write("wrong.json", document), "--store",
                        "store", "--quiet", status=1).stderr
    check("has no layer 'features.1.nrm' (did you mean 'features.1.norm'?)"
          in error, error)


def main():
    runs.osteon("run", runs.write("scored.json", SCORED), "--store", "store",
                "--out", "scored", "--quiet")
    check_scores(pathlib.Path("scored"))
    wrong_layer()
    check_distances()
    print("features give the scores; distances are in order")


main()
