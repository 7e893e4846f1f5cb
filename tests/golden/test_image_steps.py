#!/usr/bin/env python3
"""The workflow of docs/image_steps.md runs as it stands there.

What it calls a region is one component without holes, the picture is cut to
it, and a second run finds everything done.
"""
import csv
import json
import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
sys.path.insert(0, str(SOURCE / "tests" / "support"))
from pictures import read_gray_png  # noqa: E402


def documented():
    """The one indented block that is a whole workflow."""
    text = (SOURCE / "docs" / "image_steps.md").read_text()
    blocks = re.findall(r"^    \{\n(?:    .*\n)+", text, re.M)
    return json.loads("".join(x for x in blocks if '"osteon": 1' in x))


def run():
    done = subprocess.run([BIN, "run", "mri.json", "--store", "store", "--out",
                           "out", "--events", "-", "--quiet"],
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit("osteon run: " + done.stderr)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [e["step"] for e in events
            if e["event"] == "step_finished" and e["verdict"] != "cached"]


def flood(mask, marked, corners):
    """Pixel sets that hang together, of what is marked or is not."""
    height, width = len(mask), len(mask[0])
    left = {(y, x) for y in range(height) for x in range(width)
            if bool(mask[y][x]) == marked}
    sets = []
    while left:
        open_, found = [left.pop()], set()
        while open_:
            y, x = open_.pop()
            found.add((y, x))
            for v in (-1, 0, 1):
                for u in (-1, 0, 1):
                    near = (y + v, x + u)
                    if near in left and (corners or not v or not u):
                        left.remove(near)
                        open_.append(near)
        sets.append(found)
    return sets


def check(path, faults):
    mask = read_gray_png(path.read_bytes())
    height, width = len(mask), len(mask[0])
    if {v for row in mask for v in row} != {0, 255}:
        faults.append(f"{path.name}: not a mask")
    if len(flood(mask, True, True)) != 1:
        faults.append(f"{path.name}: not one component")
    for hole in flood(mask, False, False):
        if not any(y in (0, height - 1) or x in (0, width - 1)
                   for y, x in hole):
            faults.append(f"{path.name}: a hole is left")
    cut = read_gray_png((pathlib.Path("out/images") / path.relative_to(
        "out/regions")).read_bytes())
    for rim in (cut[0], cut[-1], [r[0] for r in cut], [r[-1] for r in cut]):
        if len(rim) != 224 or not any(rim):
            faults.append(f"{path.name}: not cut to the region")


def main():
    pathlib.Path("mri.json").write_text(json.dumps(documented()))
    faults = []
    if len(run()) != 9:
        faults.append("the first run left steps out")
    masks = sorted(pathlib.Path("out/regions").rglob("*.mask.region.png"))
    if len(masks) != 3:
        faults.append(f"{len(masks)} masks instead of 3")
    for path in masks:
        check(path, faults)
    with open("out/images/items.csv", newline="") as file:
        for row in csv.DictReader(file):
            if not 0 < float(row["threshold"]) < 255:
                faults.append(f"{row['id']}: no threshold")
    again = run()
    if again:
        faults.append(f"a second run did {again}")
    print("\n".join(faults) or f"{len(masks)} regions are as they should be")
    return 1 if faults else 0


sys.exit(main())
