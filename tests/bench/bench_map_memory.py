#!/usr/bin/env python3
"""Memory that map stages take, over a little and over five times as much.

    bench_map_memory.py OSTEON [GIGABYTES [STAGE...]]

Pictures of 1024 x 1024 pixels (a megabyte each, all different) are ingested,
and each stage (resize, canny, normalize, augment, tile) runs over GIGABYTES (1)
of them and over five times as much.  What counts is the private memory of the
worker processes (RssAnon of /proc/PID/status, all workers of a run together,
sampled a hundred times a second): maps of store files are the page cache's and
are given back whenever someone else needs them (RssFile, shown beside it).

One JSON line a stage: the peaks in megabytes, and their ratio.  A ratio of 1.05
or less and a peak below 300 MB are wanted.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import cv2
import numpy

SIDE = 1024
STAGES = {
    "resize": {"size": [512, 512]},
    "canny": {},
    "normalize": {},
    "augment": {"copies": 2, "rotate": 10},
    "tile": {"size": 256, "step": 128},
}


def make_files(folder, count):
    y, x = numpy.mgrid[0:SIDE, 0:SIDE]
    ground = ((x // 16 + y // 24) % 251).astype(numpy.uint8)
    for i in range(count):
        picture = ground.copy()
        picture[:, :3] = numpy.array([i % 256, i // 256, 7], numpy.uint8)
        cv2.imwrite(str(folder / f"p{i:05}.png"), picture,
                    [cv2.IMWRITE_PNG_COMPRESSION, 1])


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":", 1) for line in lines)


def workers_of(parent):
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            s = status(entry.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if s["Name"].strip() == "osteon-worker" and int(s["PPid"]) == parent:
            yield s


def run(osteon, workflow, folder, store):
    """Peaks of private and of mapped memory, in megabytes."""
    process = subprocess.Popen(
        [osteon, "run", workflow, "--bind", f"pictures={folder}", "--store",
         store, "--quiet"])
    private, mapped = 0.0, 0.0
    while process.poll() is None:
        rows = list(workers_of(process.pid))
        private = max(private, sum(int(r.get("RssAnon", "0 kB").split()[0])
                                   for r in rows) / 1024)
        mapped = max(mapped, sum(int(r.get("RssFile", "0 kB").split()[0])
                                 for r in rows) / 1024)
        time.sleep(0.01)
    if process.returncode:
        sys.exit("the run failed")
    return private, mapped


def write_workflow(root, stage):
    nodes = {"images": {"stage": "ingest", "in": "$pictures"}}
    if stage:
        nodes["made"] = {"stage": stage, "in": "images",
                         "with": STAGES[stage]}
    path = root / "w.json"
    path.write_text(json.dumps({
        "osteon": 1, "name": "bench-map-memory", "nodes": nodes,
        "inputs": {"pictures": {"type": "files"}}}))
    return path


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    osteon = sys.argv[1]
    gigabytes = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    stages = sys.argv[3:] or list(STAGES)
    peaks = {}
    for factor in (1, 5):
        with tempfile.TemporaryDirectory() as root:
            root = pathlib.Path(root)
            folder, store = root / "pictures", root / "store"
            folder.mkdir()
            make_files(folder, round(gigabytes * factor * 1000))
            peaks["ingest", factor] = run(
                osteon, write_workflow(root, None), folder, store)
            for stage in stages:
                peaks[stage, factor] = run(
                    osteon, write_workflow(root, stage), folder, store)
    for stage in ["ingest", *stages]:
        small, large = peaks[stage, 1], peaks[stage, 5]
        print(json.dumps({
            "bench": "map_memory", "stage": stage, "gigabytes": gigabytes,
            "private_mb": round(small[0], 1),
            "private_mb_of_5_times": round(large[0], 1),
            "ratio": round(large[0] / small[0], 3),
            "mapped_mb": round(small[1], 1),
            "mapped_mb_of_5_times": round(large[1], 1)}), flush=True)


if __name__ == "__main__":
    main()
