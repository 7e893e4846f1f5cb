#!/usr/bin/env python3
"""Golden cases of stages: tests/golden/<stage>/workflow.json and expect.json.

Each case is a small workflow whose last node uses the stage.  expect.json
holds, per output of the case, the stage's version and the digest of the
artifact (exact stages), or the numbers of the document within a tolerance
(stages that compute in floating point, whose bytes differ between numeric
classes).  A digest that changed under an unchanged version is a failure: raise
`.version` in the stage and rewrite with OSTEON_UPDATE=1.

Every stage that `osteon stages` lists needs a case.
"""
import csv
import json
import math
import os
import pathlib
import subprocess
import sys

BIN = pathlib.Path(os.environ["OSTEON_BIN"])
HERE = pathlib.Path(os.environ["OSTEON_SOURCE"]) / "tests" / "golden"
UPDATE = os.environ.get("OSTEON_UPDATE") == "1"


def osteon(*args):
    return subprocess.run([BIN / "osteon", *map(str, args)], text=True,
                          capture_output=True)


def stages():
    listing = osteon("stages", "--json")
    if listing.returncode:
        sys.exit("osteon stages --json: " + listing.stderr)
    return {s["name"]: s for s in json.loads(listing.stdout)}


def run_case(folder, stage):
    """The outputs of the nodes that use the stage, by "step.port"."""
    store = pathlib.Path.cwd() / "store" / stage
    out = pathlib.Path.cwd() / "out" / stage
    args = ["run", folder / "workflow.json", "--store", store, "--out", out,
            "--events", "-", "--quiet"]
    extra = folder / "args"
    if extra.exists():
        args += extra.read_text().replace("${CASE}", str(folder)).split()
    done = osteon(*args)
    if done.returncode:
        return None, out, done.stderr
    digests = {}
    for line in done.stdout.splitlines():
        event = json.loads(line)
        if event["event"] == "step_finished" and event["stage"] == stage:
            for port, digest in event["outputs"].items():
                digests[f"{event['step']}.{port}"] = digest
    return digests, out, ""


def close(a, b, path, faults):
    """Numbers within 1e-3, everything else equal."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        for k in a:
            close(a[k], b[k], f"{path}.{k}", faults)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            close(x, y, f"{path}[{i}]", faults)
    elif isinstance(a, (int, float)) and isinstance(b, (int, float)) \
            and not isinstance(a, bool):
        if not math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-3):
            faults.append(f"{path}: {b} instead of {a}")
    elif a != b:
        faults.append(f"{path}: {b!r} instead of {a!r}")


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return cell


def documents(out):
    """The documents and tables that the case wrote, by name."""
    found = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if path.suffix == ".json":
            found[name] = json.loads(path.read_text())
        elif path.suffix == ".csv":
            with open(path, newline="") as f:
                found[name] = [[number(c) for c in row]
                               for row in csv.reader(f)]
    return found


def check(stage, description):
    folder = HERE / stage
    if not (folder / "workflow.json").exists():
        return [f"no golden case {folder.relative_to(HERE.parent.parent)}"]
    digests, out, error = run_case(folder, stage)
    if digests is None:
        return ["the run failed: " + error.strip()]
    if not digests:
        return ["no node of the case uses the stage"]
    exact = "float" not in description["flags"]
    got = {"version": description["version"]}
    got.update({"digests": digests} if exact else {"documents": documents(out)})
    if not exact and not got["documents"]:
        return ["a float stage's case needs outputs to compare"]
    expect = folder / "expect.json"
    if UPDATE:
        expect.write_text(json.dumps(got, indent=1, sort_keys=True) + "\n")
        return []
    if not expect.exists():
        return ["no expect.json (OSTEON_UPDATE=1 writes it)"]
    want = json.loads(expect.read_text())
    faults = []
    close(want, got, stage, faults)
    if faults and want["version"] == got["version"]:
        faults.append("results changed and the version did not")
    return faults


def main():
    failed = 0
    for name, description in sorted(stages().items()):
        for fault in check(name, description):
            print(f"{name}: {fault}")
            failed += 1
        print(f"{name}: looked at")
    return 1 if failed else 0


sys.exit(main())
