#!/usr/bin/env python3
"""The small workflows of workflows/generators/: each is valid with every preset
and runs from end to end with the preset `tiny`: what a generator has made while
it learned is judged, beside noise and the mean image, by one network that knows
nothing of the study; the same with any number of threads."""
import json
import math
import os
import pathlib
import subprocess
import sys

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
FOLDER = (pathlib.Path(os.environ["OSTEON_SOURCE"]) / "workflows" /
          "generators")
# Networks compute on the CPU, whatever the machine has.
os.environ["CUDA_VISIBLE_DEVICES"] = ""
# Files that others use.
PARTS = {"quality"}


def osteon(*words, wanted=0):
    done = subprocess.run([BIN, *map(str, words)], capture_output=True,
                          text=True)
    if done.returncode != wanted:
        sys.exit(f"{words}: exit status {done.returncode}\n{done.stdout}"
                 f"{done.stderr}")
    return done.stdout


def documents(out, name):
    """The metrics of an output; of one that has axes, of all instances."""
    found = json.loads((out / f"{name}.json").read_text())
    return [d["metrics"] for d in found] if isinstance(found, list) else [found]


def check_numbers(name, document, extractor):
    for value in (document["fid"], document["kid"]["value"]):
        if not math.isfinite(value):
            sys.exit(f"{name}: {value} is no distance")
    if extractor.setdefault("name", document["extractor"]) != \
            document["extractor"]:
        sys.exit(f"{name}: judged by {document['extractor']}, the others by "
                 f"{extractor['name']}")
    if document["n_generated"] < 2 or "memorization" not in document:
        sys.exit(f"{name}: {document}")


def digests(name, file, threads):
    """Runs the workflow; what came out, by output."""
    out = f"{name}-{threads}"
    events = osteon("run", file, "--preset", "tiny", "--store", out + "/store",
                    "--out", out + "/out", "--threads", threads, "--events",
                    "-", "--quiet")
    made = {}
    for line in events.splitlines():
        event = json.loads(line)
        if event["event"] == "step_finished":
            made[event["step"]] = event["outputs"]
    return made


def check_workflow(file):
    name, document = file.stem, json.loads(file.read_text())
    osteon("validate", file)
    for preset in document["presets"]:
        osteon("validate", file, "--preset", preset)
    one, three = digests(name, file, 1), digests(name, file, 3)
    # The report says how long steps took.
    differ = [s for s in one if one[s] != three.get(s) and "report" not in s]
    if differ:
        sys.exit(f"{name}: {', '.join(differ)} are others with three threads")
    check_outputs(name, document, pathlib.Path(f"{name}-1/out"))


def check_outputs(name, document, out):
    steps = document["presets"]["tiny"]["samplings"]
    extractor = {}
    for output, number in ("learning", len(steps)), ("final", 1), \
            ("baselines", 2):
        found = documents(out, output)
        if len(found) != number:
            sys.exit(f"{name}: {len(found)} of '{output}', not {number}")
        for d in found:
            check_numbers(f"{name} {output}", d, extractor)
    page = (out / "report.html").read_text()
    for word in "FID", "KID", "noise", "mean":
        if word not in page:
            sys.exit(f"{name}: the report does not say '{word}'")


def check_extractor(file):
    """Who judges has nothing to do with the study."""
    made = []
    for seed in 1, 2:
        events = osteon("run", file, "--preset", "tiny", "--store",
                        f"seed-{seed}", "--seed", seed, "--target",
                        "quality/extractor", "--events", "-", "--quiet")
        made += [e["outputs"] for e in map(json.loads, events.splitlines())
                 if e["event"] == "step_finished" and
                 e["step"] == "quality/extractor"]
    if len(made) != 2 or made[0] != made[1]:
        sys.exit(f"{file.stem}: the features hang on the seed: {made}")


def main():
    files = [f for f in sorted(FOLDER.glob("*.json")) if f.stem not in PARTS]
    for file in files:
        if not sys.argv[1:] or file.stem in sys.argv[1:]:
            check_workflow(file)
    check_extractor(files[0])


main()
