#!/usr/bin/env python3
"""A folder of PNG files to Canny edges in the store, beside a Python script.

    bench_folder.py OSTEON [FILES] [ROUNDS]

FILES (5000) gray pictures of 512 x 512 pixels are read, go through Canny, and
their edges are stored.  The peer is what a careful person writes: two
processes, each with one OpenCV thread, cv2.imread, cv2.Canny, and the bytes of
the edges to a file each.  Both begin with nothing and take turns; osteon also
hashes every file, stores the decoded picture as well as the edges, and commits
all of it durably.

One JSON line: seconds of both (median of the rounds), their ratio (1 or less is
wanted), processor seconds of both, and the share of two cores kept busy.
"""
import json
import multiprocessing
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

SIDE = 512
CORES = 2


def make_files(folder, count):
    random = numpy.random.default_rng(1)
    noise = random.integers(0, 256, (2048, 2048)).astype(numpy.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 4).astype(float)
    ground = numpy.clip((smooth - 127) * 8 + 127, 0, 255).astype(numpy.uint8)
    for i in range(count):
        y, x = (i * 37) % 1500, (i * 101) % 1500
        picture = ground[y:y + SIDE, x:x + SIDE].copy()
        picture[0, :2] = divmod(i, 256)
        cv2.imwrite(str(folder / f"p{i:05}.png"), picture)


def edges_of(job):
    source, target = job
    cv2.setNumThreads(1)
    cv2.Canny(cv2.imread(source, cv2.IMREAD_GRAYSCALE), 100, 200).tofile(target)


def peer(folder, out):
    jobs = [(str(p), str(out / p.name)) for p in sorted(folder.iterdir())]
    with multiprocessing.Pool(CORES) as pool:
        pool.map(edges_of, jobs, chunksize=16)


def ours(osteon, workflow, folder, store):
    subprocess.run([osteon, "run", workflow, "--bind", f"pictures={folder}",
                    "--store", store, "--quiet"], check=True)


def timed(what, *args):
    """Seconds, and the share of the cores."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    what(*args)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = (after.ru_utime + after.ru_stime) - (before.ru_utime
                                                + before.ru_stime)
    return wall, busy / wall / CORES


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    osteon = sys.argv[1]
    count = int((sys.argv + ["5000"])[2]) if len(sys.argv) > 2 else 5000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    results = {"osteon": [], "python": []}
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root)
        folder = root / "pictures"
        folder.mkdir()
        make_files(folder, count)
        workflow = root / "w.json"
        workflow.write_text(json.dumps({
            "osteon": 1, "name": "bench-folder",
            "inputs": {"pictures": {"type": "files"}},
            "nodes": {"images": {"stage": "ingest", "in": "$pictures"},
                      "edges": {"stage": "canny", "in": "images"}}}))
        for _ in range(rounds):
            for name in results:
                place = root / name
                shutil.rmtree(place, ignore_errors=True)
                if name == "osteon":
                    row = timed(ours, osteon, workflow, folder, place)
                else:
                    place.mkdir()
                    row = timed(peer, folder, place)
                results[name].append(row)
    walls = {k: statistics.median(r[0] for r in v) for k, v in results.items()}
    busy = {k: statistics.median(r[1] for r in v) for k, v in results.items()}
    cpu = {k: statistics.median(r[0] * r[1] * CORES for r in v)
           for k, v in results.items()}
    print(json.dumps({
        "bench": "folder", "files": count, "opencv": cv2.__version__,
        "seconds": round(walls["osteon"], 2),
        "python_seconds": round(walls["python"], 2),
        "ratio": round(walls["osteon"] / walls["python"], 3),
        "processor_seconds": round(cpu["osteon"], 2),
        "python_processor_seconds": round(cpu["python"], 2),
        "processor_ratio": round(cpu["osteon"] / cpu["python"], 3),
        "cores_busy": round(busy["osteon"], 3),
        "python_cores_busy": round(busy["python"], 3)}))


if __name__ == "__main__":
    main()
