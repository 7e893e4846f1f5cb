#!/usr/bin/env python3
"""docs/datasets.md says what is so, and series of real images are in order.

Each of its nodes is valid, with inputs of the right types in place of those
that it names; and every stage of its table has one.
"""
import csv
import json
import os
import pathlib
import re
import sys

SOURCE = pathlib.Path(os.environ["OSTEON_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "support"))
import runs  # noqa: E402

SHARED = pathlib.Path(os.environ.get("OSTEON_SHARED", "missing"))
PAGE = (SOURCE / "docs" / "datasets.md").read_text()
# What the nodes of the page may read.
GIVEN = {
    "dataset": ("images", {"stage": "ingest", "in": "phantom"}),
    "model": ("model", {"stage": "train", "in": "images",
                        "with": {"network": "lib:small_cnn"}}),
    "predictions": ("scores", {"stage": "predict",
                               "in": {"model": "model", "data": "images"}}),
}


def blocks():
    for block in re.findall(r"(?:^(?: {4}.*)?\n)+", PAGE, re.M):
        if block.strip():
            yield block.strip()


def nodes_of(block):
    """The entries "name": {...} of a block."""
    at = 0
    for m in iter(lambda: re.compile(r'\s*"(\w+)":\s*').match(block, at), None):
        value, at = json.JSONDecoder().raw_decode(block, m.end())
        yield m[1], value
    assert not block[at:].strip(), block[at:]


def stages():
    listing = json.loads(runs.osteon("stages", "--json").stdout)
    return {s["name"]: s for s in listing}


def given(port):
    name = GIVEN[port["type"]][0]
    return [name] if port["many"] else name


def check_nodes(known):
    document = {"osteon": 1, "name": "page",
                "nodes": {"phantom": {"stage": "phantom"},
                          **dict(GIVEN.values())}}
    used = []
    for block in blocks():
        if block.startswith("{"):
            continue
        for name, node in nodes_of(block):
            stage = known[node["stage"]]
            ports = node["in"] if isinstance(node["in"], dict) else {
                stage["inputs"][0]["name"]: None}
            node["in"] = {p["name"]: given(p) for p in stage["inputs"]
                          if p["name"] in ports}
            assert len(node["in"]) == len(ports), (name, ports)
            document["nodes"][f"page_{len(used)}"] = node
            used.append(node["stage"])
    runs.osteon("validate", runs.write("page.json", document))
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.M)
    assert rows and set(rows) == set(used), set(rows) ^ set(used)
    return len(used)


def check_exposure():
    """A model of filtered items knows the patients of the filter too."""
    train = {"stage": "train",
             "with": {"network": "lib:small_cnn", "epochs": 1}}
    document = {
        "osteon": 1, "name": "exposed",
        "nodes": {
            "phantom": {"stage": "phantom",
                        "with": {"patients": 12, "size": [32, 32]}},
            "images": {"stage": "ingest", "in": "phantom"},
            "halves": {"stage": "split", "in": "images",
                       "with": {"fraction": 0.5}},
            "first": {**train, "in": "halves.train"},
            "judged": {"stage": "predict",
                       "in": {"model": "first", "data": "halves.test"}},
            "good": {"stage": "filter", "with": {"threshold": 0},
                     "in": {"in": "halves.test", "predictions": "judged"}},
            "same": {"stage": "restrict",
                     "in": {"in": "halves.test", "to": "good"}},
            "plain": {**train, "in": "halves.test", "seed": 1},
            "second": {**train, "in": "good"},
            "third": {**train, "in": "same", "seed": 2},
        },
        "outputs": {"plain": "plain", "second": "second", "third": "third"},
    }
    runs.osteon("run", runs.write("exposed.json", document), "--store",
                "store", "--out", "exposed", "--quiet")
    groups = {}
    for name in document["outputs"]:
        text = runs.osteon("show", f"latest:{name}.model", "--store",
                           "store").stdout
        groups[name] = int(re.search(r"exposure +(\d+) groups", text)[1])
    assert groups["plain"] < 12, groups
    assert groups["second"] == groups["third"] == 12, groups


def check_real_series():
    """One series of each patient of a real set, its days rising."""
    data = SHARED / "data" / "03_timeseries_cxr"
    if not data.exists():
        print("no sample data: real series are not looked at")
        return
    document = {
        "osteon": 1, "name": "real", "inputs": {"images": {"type": "dataset"}},
        "nodes": {
            "read": {"stage": "ingest", "in": "$images"},
            "sized": {"stage": "resize", "in": "read",
                      "with": {"size": [32, 32]}},
            "series": {"stage": "sequence", "in": "sized",
                       "with": {"length": 4, "short": "repeat_first",
                                "long": "last"}},
        },
        "outputs": {"series": "series"},
    }
    runs.osteon("run", runs.write("real.json", document), "--bind",
                f"images={data}", "--store", "store", "--out", "real",
                "--quiet")
    with open(data / "manifest.csv", newline="") as f:
        patients = [row["patient_id"] for row in csv.DictReader(f)]
    with open("real/series/items.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    assert {r["id"] for r in rows} == set(patients)
    for row in rows:
        count = patients.count(row["id"])
        days = [float(row[f"frame.{k}.day"] or row["day"]) for k in range(4)]
        assert days == sorted(days), row["id"]
        assert float(row["sequence.of"]) == count
        assert float(row["sequence.images"]) == min(count, 4)


n = check_nodes(stages())
check_exposure()
check_real_series()
print(f"{n} nodes of docs/datasets.md")
