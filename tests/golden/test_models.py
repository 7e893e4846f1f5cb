#!/usr/bin/env python3
"""A model leaves as a folder and comes back: the folder that `run --out` wrote,
imported by another workflow into another store, predicts the same scores.  What
is not a model is refused with words."""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
IMAGES = {"phantom": {"stage": "phantom", "with": {"patients": 6,
                                                   "size": [32, 32]}},
          "images": {"stage": "ingest", "in": "phantom"}}
TRAIN = {"osteon": 1, "name": "here", "seed": 5, "nodes": {
    **IMAGES,
    "model": {"stage": "train", "in": "images",
              "with": {"network": "lib:small_cnn", "epochs": 2}},
    "scores": {"stage": "predict", "in": {"model": "model", "data": "images"}}},
    "outputs": {"model": "model", "scores": "scores"}}
APPLY = {"osteon": 1, "name": "there", "seed": 5,
         "inputs": {"trained": {"type": "files", "default": "model"}},
         "nodes": {
    **IMAGES,
    "model": {"stage": "import_model", "in": "$trained"},
    "scores": {"stage": "predict", "in": {"model": "model", "data": "images"}}},
    "outputs": {"scores": "scores"}}


def run(name, workflow, *more, status=0):
    folder = pathlib.Path(name)
    folder.mkdir(exist_ok=True)
    (folder / "w.json").write_text(json.dumps(workflow))
    done = subprocess.run(
        [BIN, "run", folder / "w.json", "--store", folder / "store", "--out",
         folder / "out", "--quiet", *more], capture_output=True, text=True)
    if done.returncode != status:
        sys.exit(f"{name}: exit status {done.returncode}\n{done.stderr}")
    return done.stderr


def tensors(path):
    """The header of a .safetensors file, after checking its cover."""
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__")
    spans = sorted(t["data_offsets"] for t in header.values())
    ends = [0] + [b for _, b in spans]
    assert [a for a, _ in spans] == ends[:-1] and ends[-1] == len(data) - 8 - size
    return header


def refuse(name, make, text):
    """A folder that make() has prepared is refused with this text."""
    there = pathlib.Path(name) / "model"
    shutil.rmtree(name, ignore_errors=True)
    shutil.copytree("here/out/model", there)
    make(there)
    told = run(name, APPLY, status=1)
    if text not in told:
        sys.exit(f"{name}: expected '{text}', told\n{told}")


def refuse_words(name, given, text):
    """Parameters of an import are refused before anything runs."""
    workflow = json.loads(json.dumps(APPLY))
    workflow["nodes"]["model"]["with"] = {"network": "lib:small_cnn", **given}
    told = run(name, workflow, "--bind", "trained=here/out/model", status=2)
    if text not in told:
        sys.exit(f"{name}: expected '{text}', told\n{told}")


def cut(folder):
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-7])


def rename(folder):
    (folder / "weights.safetensors").rename(folder / "weights.pth")


def change(folder):
    model = json.loads((folder / "model.json").read_text())
    model["params"]["widths"] = [8, 16]
    (folder / "model.json").write_text(json.dumps(model))


def no_classes(folder):
    model = json.loads((folder / "model.json").read_text())
    del model["classes"]
    (folder / "model.json").write_text(json.dumps(model))


run("here", TRAIN)
names = tensors("here/out/model/weights.safetensors")
if names["head.weight"]["shape"] != [2, 32] or "features.0.conv.weight" not in names:
    sys.exit(f"weights: {names}")
pathlib.Path("there").mkdir()
shutil.copytree("here/out/model", "there/model")
run("there", APPLY)
if (pathlib.Path("here/out/scores.csv").read_bytes()
        != pathlib.Path("there/out/scores.csv").read_bytes()):
    sys.exit("an imported model predicts something else")
refuse("cut", cut, "lies at")
refuse("renamed", rename, "there is no .safetensors file beside")
refuse("changed", change,
       "tensor 'head.weight' is 2x32, the network's 2x16")
refuse("nameless", no_classes, "the model's 'classes' is malformed")
refuse("alone", lambda f: (f / "model.json").unlink(),
       "'network', 'input' and 'classes' are needed")
for word, value in (("network_params", {"widths": [8]}), ("input", [1, 32, 32]),
                    ("target", "labels"), ("classes", ["a", "b"]),
                    ("mean", [0.5]), ("std", [0.5]), ("field", "contour")):
    refuse_words("needless", {"network": None, word: value},
                 f"'{word}' needs 'network': without it model.json tells all")
refuse_words("sides", {"input": [3, 4, 32, 32], "classes": ["a", "b"]},
             "'network' needs 'input': channels, height and width, or 1, "
             "frames, height and width")
refuse_words("one", {"input": [1, 32, 32], "classes": ["a"]},
             "'network' needs 'classes': two names or more")
refuse_words("number", {"input": [1, 32, 32], "classes": ["a"],
                        "target": "number"},
             "'network' needs 'classes': none for a number")
refuse_words("mask", {"input": [1, 32, 32], "classes": ["a", "b"],
                      "target": "mask"},
             "'network' needs 'classes': the name of the mask")
print("ok")
