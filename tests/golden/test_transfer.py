#!/usr/bin/env python3
"""A checkpoint with the names and shapes of torchvision's ResNet-34, filled with
seeded numbers, becomes a model and initializes the training of a network with
one channel and two classes: what is loaded, averaged, skipped and new is told,
and the numbers are the checkpoint's."""
import array
import json
import math
import os
import pathlib
import random
import struct
import subprocess
import sys

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
TENSORS = json.loads((SOURCE / "tests/parity/torchvision_resnet34.json").read_text())
BLOCK = 4099  # a prime: no two channels get the same numbers

WORKFLOW = {
    "osteon": 1, "name": "transfer", "seed": 11,
    "inputs": {"checkpoint": {"type": "files", "default": "resnet34.safetensors"}},
    "nodes": {
        "phantom": {"stage": "phantom", "with": {"patients": 3, "size": [32, 32],
                                                 "images": [1, 2]}},
        "images": {"stage": "ingest", "in": "phantom"},
        "imported": {"stage": "import_model", "in": "$checkpoint",
                     "with": {"network": "lib:resnet34", "network_params": {"classes": 1000},
                              "input": [3, 32, 32],
                              "classes": [f"class{i:03}" for i in range(1000)]}},
        "train": {"stage": "train", "in": {"in": "images", "init": "imported"},
                  "with": {"network": "lib:resnet34", "epochs": 1, "batch": 4,
                           "learning_rate": 0}},
    },
    "outputs": {"model": "train"},
}


def numbers(name, count):
    draw = random.Random(name)
    bound = 0.05 if not name.endswith("running_var") else 0.0
    block = array.array("f", (1 - bound + 0.1 * draw.random() if not bound else
                              draw.uniform(-bound, bound) for _ in range(BLOCK)))
    return (block * (count // BLOCK + 1))[:count]


def write_checkpoint(path):
    header, data, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, (dtype, shape) in TENSORS.items():
        count = math.prod(shape)
        raw = (numbers(name, count).tobytes() if dtype == "F32"
               else struct.pack(f"<{count}q", *[3] * count))
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [at, at + len(raw)]}
        at += len(raw)
        data.append(raw)
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        f.writelines(data)


def read_tensor(path, name):
    with open(path, "rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]
        entry = json.loads(f.read(size))[name]
        a, b = entry["data_offsets"]
        f.seek(8 + size + a)
        return entry["shape"], array.array("f", f.read(b - a))


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got} instead of {wanted}")


write_checkpoint("resnet34.safetensors")
pathlib.Path("w.json").write_text(json.dumps(WORKFLOW))
done = subprocess.run([BIN, "run", "w.json", "--out", "out"], capture_output=True,
                      text=True)
if done.returncode:
    sys.exit(done.stderr)
model = json.loads(pathlib.Path("out/model/model.json").read_text())
report = model["init"]
wanted = [n for n, (d, _) in TENSORS.items()
          if d == "F32" and n not in ("conv1.weight", "fc.weight", "fc.bias")]
expect("loaded", sorted(report["loaded"]), sorted(wanted))
expect("averaged", report["averaged"], ["conv1.weight"])
expect("skipped", sorted(s["name"] for s in report["skipped"]), ["fc.bias", "fc.weight"])
expect("new", sorted(report["new"]), ["fc.bias", "fc.weight"])
weights = "out/model/weights.safetensors"
shape, got = read_tensor(weights, "layer3.2.conv1.weight")
expect("layer3.2.conv1.weight", (shape, got.tobytes()),
       ([256, 256, 3, 3], numbers("layer3.2.conv1.weight", 256 * 256 * 9).tobytes()))
shape, got = read_tensor(weights, "conv1.weight")
from_file = numbers("conv1.weight", 64 * 3 * 49)
expect("conv1.weight", shape, [64, 1, 7, 7])
for o in range(64):
    for k in range(49):
        mean = sum(from_file[(o * 3 + c) * 49 + k] for c in range(3)) / 3
        if abs(got[o * 49 + k] - mean) > 1e-8:
            sys.exit(f"conv1.weight {o} {k}: {got[o * 49 + k]} instead of {mean}")
if "1 averaged, 2 skipped (fc.weight: 1000x512 does not fit 2x512" not in done.stderr + done.stdout:
    sys.exit(f"the summary does not tell of the transfer:\n{done.stdout}{done.stderr}")
print("ok")
