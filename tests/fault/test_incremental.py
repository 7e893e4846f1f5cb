#!/usr/bin/env python3
"""A change costs what changed: items, not datasets; results, not names.

Of a folder of images that goes through ingest, resize, canny and
augment: what an added, removed, touched or recompressed image computes, and
what other names, another order or another parameter do.
"""
import copy
import json
import os
import pathlib
import sys

sys.path.insert(0, os.environ["OSTEON_SOURCE"] + "/tests/support")
from pictures import png
from runs import check, events, osteon, totals, write

MAPS = ("ingest", "resized", "contours", "augmented")
WORKFLOW = {
    "osteon": 1,
    "name": "incremental",
    "seed": 5,
    "params": {"low": 100},
    "inputs": {"images": {"type": "dataset"}},
    "nodes": {
        "ingest": {"stage": "ingest", "in": "$images"},
        "resized": {"stage": "resize", "in": "ingest",
                    "with": {"size": [24, 24]}},
        "contours": {"stage": "canny", "in": "resized",
                     "with": {"low": "${low}", "to": "contour"}},
        "augmented": {"stage": "augment", "in": "contours",
                      "with": {"copies": 2, "rotate": 10}},
        "exported": {"stage": "export", "in": "augmented"},
    },
    "outputs": {"files": "exported"},
}


def run(path="w.json"):
    """What each step did: (verdict, items computed, items remembered)."""
    done = osteon("run", path, "--store", "store", "--bind", "images=images",
                  "--events", "-")
    steps = {e["step"]: (e["verdict"], e["computed"], e["remembered"])
             for e in events(done.stdout) if e["event"] == "step_finished"}
    steps[""] = totals(done.stdout)
    return steps


def all_cached(label, steps):
    # A plan that is known as a whole tells of no step.
    check(steps[""]["ran"] == 0 and steps[""]["cached"] == 5,
          f"{label}: {steps}")
    print(f"{label}: everything is cached")


def computes(label, steps, per_image, images):
    for name in MAPS:
        verdict, computed, remembered = steps[name]
        check((verdict, computed, computed + remembered) ==
              ("ran", per_image, images),
              f"{label}: {name} {steps[name]}")
    print(f"{label}: {per_image} of {images} images computed in each stage")


def picture(name, seed, **words):
    path = pathlib.Path("images") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(seed, **words))
    return path


def main():
    write("w.json", WORKFLOW)
    for i in range(12):
        picture(f"{'ab'[i % 2]}/{i:02}.png", i)
    computes("twelve images", run(), 12, 12)
    all_cached("once more", run())

    added = picture("a/05x.png", 100)
    computes("one image more", run(), 1, 13)
    picture("b/03.png", 101)
    computes("another image under an old name", run(), 1, 13)
    added.unlink()
    computes("one image less", run(), 0, 12)

    os.utime("images/a/00.png", (1e9, 1e9))
    all_cached("a touched file", run())
    picture("a/00.png", 0, level=1)
    steps = run()
    check(steps["ingest"] == ("ran", 1, 11), f"other bytes: {steps}")
    check(steps["resized"][0] == "cached" and steps[""]["ran"] == 1,
          f"the same pixels: {steps}")
    print("the same pixels in other bytes: ingest reads one, the rest is "
          "cached")
    different_words()
    different_parameter()


def different_words():
    other = copy.deepcopy(WORKFLOW)
    other["name"] = "other"
    nodes = other["nodes"]
    nodes["edges"] = nodes.pop("contours")
    nodes["augmented"]["in"] = "edges"
    nodes["augmented"]["title"] = "More of them"
    nodes["ingest"].update({"retries": 2, "timeout": 100})
    nodes["resized"]["needs"] = {"threads": 1}
    write("renamed.json", other)
    all_cached("other names, titles and engine words", run("renamed.json"))

    def turned(value):
        if isinstance(value, dict):
            return {k: turned(value[k]) for k in reversed(list(value))}
        return value

    pathlib.Path("turned.json").write_text(
        json.dumps(turned(WORKFLOW), indent=7, ensure_ascii=True))
    all_cached("keys in another order", run("turned.json"))

    said = copy.deepcopy(WORKFLOW)
    said["$comment"] = "what it is for"
    said["nodes"]["contours"]["with"].update({"high": 200, "l2": False,
                                              "$comment": "as by default"})
    write("said.json", said)
    all_cached("comments, and defaults that are written out", run("said.json"))


def different_parameter():
    other = copy.deepcopy(WORKFLOW)
    other["params"]["low"] = 30
    write("low.json", other)
    steps = run("low.json")
    check(steps["ingest"][0] == steps["resized"][0] == "cached" and
          steps["contours"][:2] == ("ran", 12), f"another parameter: {steps}")
    all_cached("and back", run())
    print("another parameter: computed from there on, and back for nothing")


main()
