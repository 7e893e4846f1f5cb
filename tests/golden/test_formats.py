#!/usr/bin/env python3
"""`ingest` reads files of many formats as other programs do.

tests/golden/formats/ holds the files, and what they hold according to Pillow,
tifffile, nibabel and NumPy (tests/parity/make_format_references.py): the digest
of a field's bytes in the store is that of the values.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile

BIN = pathlib.Path(os.environ["OSTEON_BIN"]) / "osteon"
HERE = pathlib.Path(os.environ["OSTEON_SOURCE"]) / "tests/golden/formats"
# The settings under which expect.json has a section.
CASES = {
    "plain": {},
    "color": {"color": "keep"},
    "stored": {"orientation": "ignore", "slice_axis": "2"},
    "rescaled": {"nifti_values": "rescaled", "slice_axis": "2"},
    "axial": {"slice_axis": "axial"},
    "coronal": {"slice_axis": "coronal"},
    "sagittal": {"slice_axis": "sagittal"},
}
faults = []


def osteon(*args):
    done = subprocess.run([BIN, *map(str, args)], text=True,
                          capture_output=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, args))}: {done.stdout}{done.stderr}")
    return done.stdout


def ids_of(node):
    lines = osteon("show", f"latest:{node}", "--limit", 10**6).splitlines()
    start = next(i for i, line in enumerate(lines)
                 if line.startswith("items ("))
    return {line.split()[0] for line in lines[start + 1:]}


def describe(node, item):
    """Type, digest and attributes, as `osteon show` tells them."""
    found = {"seen": {}, "fields": {}}
    for line in osteon("show", f"latest:{node}", "--item",
                       item).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "attribute":
            name, value = rest.split(" = ")
            found["seen"][name] = value
        elif word == "field":
            m = re.match(r"\s*(\S+) (\S+\(.*\)) at 0 of ([0-9a-f]{64})$", rest)
            found["fields"][m.group(1)] = f"{m.group(2)} {m.group(3)}"
    return found


def check(case, expect):
    ids = ids_of(case)
    for name, want in expect.items():
        if name not in ids:
            faults.append(f"{case}: there is no item '{name}'")
            continue
        got = describe(case, name)
        if got["fields"] != want["fields"]:
            faults.append(f"{case}: '{name}': {got['fields']} instead of "
                          f"{want['fields']}")
        for key, value in want["seen"].items():
            seen = got["seen"].get(key)
            if seen is None or seen != str(value) and \
                    abs(float(seen) - float(value)) > 1e-5:
                faults.append(f"{case}: '{name}': {key} is {seen} instead of "
                              f"{value}")
    if case == "plain":
        for name in sorted(ids - expect.keys()):
            faults.append(f"{case}: item '{name}' is not expected")


def main():
    expect = json.loads((HERE / "expect.json").read_text())
    workflow = {
        "osteon": 1, "name": "formats",
        "inputs": {"files": {"type": "dataset"}},
        "nodes": {case: {"stage": "ingest", "in": "$files", "with": settings}
                  for case, settings in CASES.items()},
        "outputs": {"plain": "plain"},
    }
    pathlib.Path("w.json").write_text(json.dumps(workflow))
    os.environ["OSTEON_STORE"] = "store"
    with tarfile.open("files.tar.gz", "w:gz") as t:
        t.add(HERE / "files", ".")
    osteon("run", "w.json", "--bind", f"files={HERE / 'files'}", "--quiet")
    for case in CASES:
        check(case, expect[case])
    digest = osteon("show", "latest:plain", "--limit", 0).splitlines()[0]
    osteon("run", "w.json", "--bind", "files=files.tar.gz", "--quiet")
    packed = osteon("show", "latest:plain", "--limit", 0).splitlines()[0]
    if digest != packed:
        faults.append("the same files in an archive are another dataset")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


sys.exit(main())
