#!/usr/bin/env python3
"""Tiling 10,000 scans of 1024 x 1024 pixels into 490,000 tiles.

    bench_tiles.py OSTEON [ROUNDS]

The scans are 10,000 different pictures, but not 10 GB: 250 pictures of 1114 x
1294 pixels, from each of which 40 views of 1024 x 1024 pixels are taken, 30
pixels apart.  So every scan is its own item with its own pixels, of which none
is remembered, and what is measured is what `tile` does: headers, memos and
pages.  Each round has a fresh copy of the store in which the scans are.

One JSON line: seconds that the step took (median of the rounds), of the whole
command, and of processors (what counts on a machine that is not idle),
megabytes by which the store grew, and tiles per second.
"""
import json
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy

PICTURES = 250


def make_pictures(folder):
    y, x = numpy.mgrid[0:1114, 0:1294]
    for i in range(PICTURES):
        image = ((x + 3 * y + 7 * i) // 32).astype(numpy.uint8)
        image[:8, :8] = i
        cv2.imwrite(str(folder / f"p{i:03}.png"), image)


def workflow(folder, with_tiles):
    nodes = {
        "images": {"stage": "ingest", "in": "$pictures"},
        "scans": {"stage": "tile", "in": "images",
                  "with": {"size": 1024, "step": 30, "expect_tiles": 40}},
    }
    if with_tiles:
        nodes["tiles"] = {"stage": "tile", "in": "scans",
                          "with": {"size": 256, "step": 128,
                                   "expect_tiles": 49}}
    document = {"osteon": 1, "name": "bench-tiles", "nodes": nodes,
                "inputs": {"pictures": {"type": "files"}}}
    path = folder / f"w{int(with_tiles)}.json"
    path.write_text(json.dumps(document))
    return path


def run(osteon, path, pictures, store):
    start = time.perf_counter()
    done = subprocess.run(
        [osteon, "run", path, "--bind", f"pictures={pictures}", "--store",
         store, "--events", "-", "--quiet"],
        capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(done.stderr)
    steps = {e["step"]: e for e in map(json.loads, done.stdout.splitlines())
             if e["event"] == "step_finished"}
    return seconds, steps


def size(store):
    """Bytes on disk, and of the files alone."""
    files = [p.stat() for p in store.rglob("*") if p.is_file()]
    return sum(s.st_blocks * 512 for s in files), sum(s.st_size for s in files)


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    osteon, rounds = sys.argv[1], int((sys.argv + ["3"])[2])
    walls, steps, growth, cpu = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        pictures = folder / "pictures"
        pictures.mkdir()
        make_pictures(pictures)
        run(osteon, workflow(folder, False), pictures, folder / "store")
        for _ in range(rounds):
            store = folder / "copy"
            shutil.rmtree(store, ignore_errors=True)
            shutil.copytree(folder / "store", store, copy_function=shutil.copy)
            before = size(store)
            used = processor_seconds()
            wall, done = run(osteon, workflow(folder, True), pictures, store)
            cpu.append(processor_seconds() - used)
            after = size(store)
            walls.append(wall)
            steps.append(done["tiles"]["seconds"])
            growth.append([(a - b) / 1e6 for a, b in zip(after, before)])
    seconds = statistics.median(steps)
    print(json.dumps({
        "bench": "tiles", "scans": 40 * PICTURES, "tiles": 49 * 40 * PICTURES,
        "step_seconds": round(seconds, 3),
        "command_seconds": round(statistics.median(walls), 3),
        "processor_seconds": round(statistics.median(cpu), 3),
        "tiles_per_second": round(49 * 40 * PICTURES / seconds),
        "store_grew_mb_on_disk": round(max(g[0] for g in growth), 1),
        "store_grew_mb": round(max(g[1] for g in growth), 1)}))


if __name__ == "__main__":
    main()
